import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import openapiTS, { astToString, type OpenAPI3 } from 'openapi-typescript';
import { useKernel } from '../../protocol/kernel.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { ApiFixture } from '../test/api-fixture.ts';

/*
 * Catches a schema from which no client can be generated, and one that has lost or renamed what clients use: types are generated from the running
 * service's document, and the compiler checks a client of every route against them.
 */
useKernel(NATIVE_KERNEL);

const PROGRAM = join(import.meta.dirname, '../test/fixtures/generated-client.ts');
const COMPILER = join(import.meta.dirname, '../../node_modules/typescript/bin/tsc');
const COMPILER_OPTIONS = {
  ...{ target: 'es2024', lib: ['es2024', 'dom'], module: 'nodenext', types: [], strict: true, noEmit: true, skipLibCheck: true },
  ...{ noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, allowImportingTsExtensions: true },
};
const run = promisify(execFile);

describe('a client that is generated from the API', () => {
  const directory = mkdtempSync(join(tmpdir(), 'generated-client-'));
  let fixture: ApiFixture;
  let document: OpenAPI3;

  before(async () => {
    fixture = await new ApiFixture().open();
    await fixture.listen();
    document = (await (await fetch(`${fixture.url}/openapi.json`)).json()) as OpenAPI3;
    writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
    writeFileSync(join(directory, 'openapi.ts'), astToString(await openapiTS(document)));
  });
  after(async () => {
    await fixture.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** What the compiler says of programs over the generated types, `program0.ts` and so on; '' if nothing. */
  async function complaints(programs: readonly string[]): Promise<string> {
    const files = programs.map((_, index) => `program${index}.ts`);
    for (const [index, name] of files.entries()) writeFileSync(join(directory, name), programs[index] as string);
    writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions: COMPILER_OPTIONS, files }));
    return run(process.execPath, [COMPILER, '-p', directory], { cwd: directory }).then(
      () => '',
      (error: { stdout?: string }) => error.stdout ?? String(error),
    );
  }

  test('fits a program that uses every route', async () => {
    const program = readFileSync(PROGRAM, 'utf8');
    assert.equal(await complaints([program]), '');
    for (const path of Object.keys(document.paths ?? {}))
      assert.ok(program.includes(`'${path}'`) || program.includes(`${path}\``), path);
  });

  test('does not fit one that misspells a field, a filter, a value or a route', async () => {
    const program = readFileSync(PROGRAM, 'utf8');
    const changes = [
      ['one.balance_before', 'one.balanceBefore'],
      ["won: 'true'", "winning: 'true'"],
      ["bet.status === 'Voided'", "bet.status === 'voided'"],
      ["get('/v1/house')", "get('/v1/houses')"],
      ['terms_id: 1,', ''],
    ] as const;
    for (const [right] of changes) assert.ok(program.includes(right), right);
    const said = await complaints(changes.map(([right, wrong]) => program.replace(right, wrong)));
    for (const [index, [, wrong]] of changes.entries())
      assert.match(said, new RegExp(`program${index}\\.ts\\(\\d+,\\d+\\): error TS`), wrong);
  });
});
