// Would catch: an exit code that tells a script the wrong thing, a tampered copy that passes, a state file that is not gone on from.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { dataPaths } from '../sequencer/context.ts';
import { ChainWorld } from '../sequencer/test/chain-world.ts';
import type { VerifyReport } from '../verifier/chain.ts';

const directory = mkdtempSync(join(tmpdir(), 'verify-'));
const casino = new URL('../casino.mjs', import.meta.url).pathname;
let world: ChainWorld;
let blobs: string;

before(async () => {
  world = await ChainWorld.open(2);
  await world.bet(2);
  await world.settleAndCheck();
  blobs = dataPaths(world.directory).blobs;
});
after(async () => {
  await world.close();
  rmSync(directory, { recursive: true });
});

function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [casino, 'verify', 'chain', ...args], { cwd: directory }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

test('an honest house passes with code 0, and the next run goes on from the state file', async () => {
  const first = await run('--rpc', world.node.url, '--blobs', blobs, '--json');
  assert.equal(first.code, 0, first.stderr);
  const report = JSON.parse(first.stdout) as VerifyReport;
  assert.equal(report.bets, 4);
  const again = await run('--rpc', world.node.url, '--blobs', blobs);
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stdout, new RegExp(`^PASSED[^]*4 bets[^]*going on after ${report.transactions} transactions`));
  writeFileSync(join(directory, 'verify-state.json'), 'torn');
  assert.equal((await run('--rpc', world.node.url, '--blobs', blobs)).code, 2);
  assert.equal((await run('--rpc', world.node.url, '--blobs', blobs, '--fresh')).code, 0);
});

test('a tampered copy fails with code 1 and the reason first', async () => {
  const copy = join(directory, 'blobs');
  mkdirSync(copy);
  const names = readdirSync(blobs);
  for (const name of names) writeFileSync(join(copy, name), readFileSync(join(blobs, name)));
  const path = join(copy, names[0] as string);
  const bytes = readFileSync(path);
  bytes[200] = (bytes[200] as number) ^ 1;
  writeFileSync(path, bytes);
  const altered = await run('--rpc', world.node.url, '--blobs', copy, '--fresh');
  assert.equal(altered.code, 1);
  assert.match(altered.stdout, /^DIVERGES: 1 found; the first:\n {2}blob-altered/);
  rmSync(path);
  assert.match(
    (await run('--rpc', world.node.url, '--blobs', copy, '--fresh')).stdout,
    /^DIVERGES: 1 found; the first:\n {2}blob-missing/,
  );
});

test('bad usage is 2, and what does not answer is 75', async () => {
  assert.equal((await run('--rpc', world.node.url)).code, 2);
  assert.equal((await run('--rpc', 'nowhere', '--blobs', blobs)).code, 2);
  assert.equal((await run('--rpc', world.node.url, '--blobs', join(directory, 'none'))).code, 2);
  assert.equal((await run('--rpc', world.node.url, '--blobs', blobs, '--house', 'nonsense', '--fresh')).code, 2);
  // Whatever else goes wrong here is no finding: a script reads 1 as the house's fault.
  const unwritable = await run('--rpc', world.node.url, '--blobs', blobs, '--state', join(directory, 'none', 'state.json'));
  assert.deepEqual([unwritable.code, unwritable.stdout], [2, ''], unwritable.stderr);
  assert.match(unwritable.stderr, /ENOENT/);
  assert.equal((await run('--rpc', 'http://127.0.0.1:1', '--blobs', blobs, '--fresh')).code, 75);
});
