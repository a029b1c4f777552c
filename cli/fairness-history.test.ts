import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { useKernel } from '../protocol/kernel.ts';
import { dataPaths } from '../sequencer/context.ts';
import { NATIVE_KERNEL } from '../sequencer/prover/native-kernel.ts';
import { ChainWorld } from '../sequencer/test/chain-world.ts';

/* Catches statistics over other bets than those that were settled, and a history that is not borne out taken for a fair one. */

suite('casino fairness history', () => {
  let world: ChainWorld;

  before(async () => {
    useKernel(NATIVE_KERNEL);
    world = await ChainWorld.open(3);
    await world.bet(40);
    await world.settleAndCheck();
  });
  after(() => world.close());

  test('counts every settled bet once, and says of a missing blob that it is missing', async () => {
    const blobs = dataPaths(world.directory).blobs;
    const args = ['--rpc', world.node.url, '--program', world.house.program, '--blobs', blobs, '--json'];
    const whole = await run(...args);
    assert.equal(whole.status, 0, whole.stderr);
    const report = JSON.parse(whole.stdout);
    assert.deepEqual([report.bets, report.history], [120, { house: world.house.house, passed: true }]);
    const frequency = report.tested.find(({ name }: { name: string }) => name === 'frequency');
    assert.equal(frequency.seen, `${((100 * heads(world)) / 120).toFixed(3)} % heads`);

    rmSync(join(blobs, readdirSync(blobs)[0] ?? assert.fail('no blob')));
    const holed = await run(...args);
    assert.equal(holed.status, 1, holed.stderr);
    assert.ok(JSON.parse(holed.stdout).bets < 120);
    assert.match(holed.stderr, /do not bear this history out: 1 divergences, first blob-missing/);
  });

  test('says by its exit code why it could not look', async () => {
    const blobs = dataPaths(world.directory).blobs;
    assert.equal((await run('--rpc', world.node.url)).status, 2, 'no blobs named');
    assert.equal((await run('--rpc', world.node.url, '--blobs', join(blobs, 'absent'))).status, 2);
    assert.equal((await run('--rpc', world.node.url, '--blobs', blobs, '--house', 'x')).status, 2);
  });
});

/** Heads among the bets, as the bettors were answered. */
function heads(world: ChainWorld): number {
  return world.answered.flat().filter(({ outcome }) => outcome === 'heads').length;
}

async function run(...args: string[]) {
  const casino = fileURLToPath(new URL('../casino.mjs', import.meta.url));
  const child = spawn(process.execPath, [casino, 'fairness', 'history', ...args]);
  const [stdout, stderr, status] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once('close', resolve)),
  ]);
  return { stdout, stderr, status };
}
