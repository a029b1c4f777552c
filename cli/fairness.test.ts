import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { useKernel } from '../protocol/kernel.ts';
import { NATIVE_KERNEL } from '../sequencer/prover/native-kernel.ts';
import { Fairness, type ObservedBet } from '../verifier/fairness/fairness.ts';
import { simulateBets } from '../verifier/fairness/simulate.ts';
import { describeFairness } from './fairness-report.ts';
import { simulateInThreads } from './fairness-simulation.ts';

/* Catches a protocol whose outcomes are not those of a fair coin, and a command that says so in no way that a script would notice. */
useKernel(NATIVE_KERNEL);

suite('simulated fairness', () => {
  test("a million bets by the protocol's own functions look like a fair coin's", async () => {
    const fairness = new Fairness();
    for await (const block of simulateInThreads({ bets: 1_000_000, seed: 1, native: true })) {
      for (const bet of block) fairness.add(bet);
    }
    const report = fairness.report();
    assert.equal(report.bets, 1_000_000);
    assert.equal(report.verdict, 'fair', describeFairness(report));
    assert.deepEqual(report.untested, [], 'a million bets are enough for every test');
    assert.equal(report.tested.length, 14);
    for (const { name, p } of report.tested) assert.ok(p > 1e-4 && p < 1 - 1e-4, `${name}: p = ${p}`);
  });

  test('threads change no bet and no order', async () => {
    const expected = [0, 1, 2, 3].map((house) => {
      return [...simulateBets({ bets: house < 3 ? 1_201 : 1_200, seed: 4 * 9 + house })].map((bet) => named(bet, house));
    });
    const blocks = [0, 1_000].flatMap((from) => expected.map((bets) => bets.slice(from, from + 1_000)));
    assert.deepEqual(await all({ bets: 4_803, seed: 9, native: true }), blocks.flat());
    assert.deepEqual(
      await all({ bets: 41, seed: 3, native: false }),
      await all({ bets: 41, seed: 3, native: true }),
      'the kernels give the same bets',
    );
  });

  test('a reader that stops early leaves no thread behind', async () => {
    for await (const block of simulateInThreads({ bets: 1_000_000_000, seed: 1, native: true })) {
      assert.equal(block.length, 1_000);
      break;
    }
  });
});

suite('casino fairness simulate', () => {
  test('says by its exit code what it found', () => {
    const fair = run('simulate', '--bets', '3000', '--json');
    assert.equal(fair.status, 0, fair.stderr);
    const report = JSON.parse(fair.stdout);
    assert.deepEqual([report.verdict, report.bets, report.simulated], ['fair', 3_000, { bets: 3_000, seed: 1 }]);
    // The least corrected p of these bets is 0.08, as one seed in twelve has it.
    const anomaly = run('simulate', '--bets', '3000', '--seed', '5', '--alpha', '0.1');
    assert.equal(anomaly.status, 1, anomaly.stderr);
    assert.match(anomaly.stdout, /✗ .*NOT what a fair coin shows.*it does not hold that/s);
    const few = run('simulate', '--bets', '60');
    assert.equal(few.status, 75, few.stderr);
    assert.match(few.stdout, /60 bets are too few/);
    for (const wrong of [
      ['--bets', '0'],
      ['--bets', '1e6'],
      ['--alpha', '0'],
      ['--alpha', 'x'],
      ['--seed', '-1'],
      ['--unknown'],
    ]) {
      assert.equal(run('simulate', ...wrong).status, 2, wrong.join(' '));
    }
  });
});

function run(...args: string[]) {
  const casino = fileURLToPath(new URL('../casino.mjs', import.meta.url));
  return spawnSync(process.execPath, [casino, 'fairness', ...args], { encoding: 'utf8' });
}

async function all(input: { bets: number; seed: number; native: boolean }): Promise<ObservedBet[]> {
  const bets: ObservedBet[] = [];
  for await (const block of simulateInThreads(input)) bets.push(...block);
  return bets;
}

function named(bet: ObservedBet, house: number): ObservedBet {
  return { ...bet, vault: `${house}/${bet.vault}` };
}
