import { fileURLToPath } from 'node:url';
import { build, type Rolldown } from 'vite';

const ENTRY = 'virtual:entry';

/** The text of a minified bundle for browsers, of an entry given as its source; imports of it are relative to the repository's root. */
export async function bundle(source: string): Promise<string> {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const result = await build({
    root,
    configFile: false,
    logLevel: 'silent',
    plugins: [
      {
        name: 'entry',
        resolveId: (id: string) => (id === ENTRY ? `${root}entry-of-a-test.ts` : undefined),
        load: (id: string) => (id === `${root}entry-of-a-test.ts` ? source : undefined),
      },
    ],
    build: { write: false, minify: true, modulePreload: false, rolldownOptions: { input: ENTRY } },
  });
  const { output } = (Array.isArray(result) ? result[0] : result) as Rolldown.RolldownOutput;
  assertAlone(output);
  return output[0].code;
}

function assertAlone(output: Rolldown.RolldownOutput['output']): void {
  const [entry] = output;
  const outside = [...entry.imports, ...entry.dynamicImports];
  if (outside.length > 0) throw new Error(`the bundle imports ${outside.join(', ')}`);
}
