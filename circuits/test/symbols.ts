import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import manifest from '../manifest.json' with { type: 'json' };
import { type R1cs, readR1cs } from './r1cs.ts';

/** A circuit as written: every signal has a wire and every `<==` its constraint, nothing is simplified. */
export interface PlainCircuit {
  r1cs: R1cs;
  /** Full name of each wire's signal, `main.row[0].bet.head`; wire 0 is `one`. */
  names: string[];
  /** Name by label, the same for the simplified circuit. */
  nameOfLabel: Map<number, string>;
}

const ROOT = join(import.meta.dirname, '../..');

/** Compiles a size without simplification (a few seconds, kept in circuits/build by the sources' hash). */
export function plainCircuit(name: string): PlainCircuit {
  const key = createHash('sha256').update(`${name} ${manifest.sourcesSha256}`).digest('hex').slice(0, 16);
  const folder = join(ROOT, 'circuits', 'build', `plain-${name}-${key}`);
  if (!existsSync(folder)) compilePlain(name, folder);
  const r1cs = readR1cs(readFileSync(join(folder, `${name}.r1cs`)));
  const nameOfLabel = new Map([[0, 'one']]);
  for (const line of readFileSync(join(folder, `${name}.sym`), 'utf8').split('\n')) {
    const [label, , , signal] = line.split(',');
    if (signal !== undefined) nameOfLabel.set(Number(label), signal);
  }
  return { r1cs, names: r1cs.labels.map((label) => nameOfLabel.get(label) ?? `label ${label}`), nameOfLabel };
}

/** Compiles into a folder of its own and then renames it: test files run at the same time. */
function compilePlain(name: string, folder: string): void {
  mkdirSync(join(ROOT, 'circuits', 'build'), { recursive: true });
  const out = mkdtempSync(join(ROOT, 'circuits', 'build', 'compiling-'));
  const cli = createRequire(import.meta.url).resolve('circom2/cli.js');
  const args = [cli, `circuits/${name}.circom`, '-l', 'node_modules', '--r1cs', '--sym', '--O0', '-o', relative(ROOT, out)];
  execFileSync(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    renameSync(out, folder);
  } catch (error) {
    rmSync(out, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
}
