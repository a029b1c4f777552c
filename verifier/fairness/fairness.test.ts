import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { CoinSide } from '../../protocol/bet.ts';
import { useKernel } from '../../protocol/kernel.ts';
import { NATIVE_KERNEL } from '../../sequencer/prover/native-kernel.ts';
import { Random } from '../../simulation/random.ts';
import { Fairness, type FairnessReport, type ObservedBet } from './fairness.ts';
import { simulateBets } from './simulate.ts';

/*
 * Catches statistics that would let a crooked coin pass: each fault below must be found by the test meant for it, and in a size in which
 * it would pay. And statistics that cry wolf: over many fair histories the p-values must be spread as p-values are.
 */

useKernel(NATIVE_KERNEL);

/** What decides one bet: the fair coin's outcome, and what the fault may look at. */
type Fault = (input: {
  fair: CoinSide;
  bet: ObservedBet;
  number: number;
  before: readonly CoinSide[];
  random: Random;
}) => CoinSide;

suite('what the statistics catch', () => {
  test('a coin that shows heads 50.3 times in a hundred, in a million bets', () => {
    const report = history({ bets: 1_000_000, fault: ({ random }) => side(random.chance(0.503)) });
    // Heads wins more often when chosen, then: the same fault, seen from the bettors' side.
    assert.deepEqual(anomalies(report), ['frequency', 'wins-by-choice']);
  });

  test('a coin that changes sides too often', () => {
    const report = history({
      bets: 300_000,
      fault: ({ fair, before, random }) => (random.chance(0.02) ? other(before.at(-1) ?? fair) : fair),
    });
    assert.ok(anomalies(report).includes('runs'));
    assert.ok(anomalies(report).includes('serial'));
    assert.ok(!anomalies(report).includes('frequency'));
    assert.match(report.tested.find(({ name }) => name === 'serial')?.seen ?? '', /strongest lag is 1, z = -/);
  });

  test('an outcome that repeats the one a range of 256 seeds before', () => {
    const fault: Fault = ({ fair, before, random }) => (random.chance(0.03) ? (before.at(-256) ?? fair) : fair);
    assert.deepEqual(anomalies(history({ bets: 300_000, fault })), ['long-serial']);
  });

  test('outcomes that come again from the start, at a period that no lag is at', () => {
    const first: CoinSide[] = [];
    const fault: Fault = ({ fair, number }) => {
      if (number < 10_007) first.push(fair);
      return first[number % 10_007] as CoinSide;
    };
    assert.ok(anomalies(history({ bets: 300_000, fault })).includes('words'));
  });

  test('a coin that is stuck, once', () => {
    const fault: Fault = ({ fair, number }) => (number >= 100_000 && number < 100_050 ? 0 : fair);
    assert.deepEqual(anomalies(history({ bets: 300_000, fault })), ['longest-run']);
  });

  test('a coin that breaks long runs of heads', () => {
    const fault: Fault = ({ fair, before }) => (before.slice(-7).every((outcome) => outcome === 1) ? 0 : fair);
    assert.ok(anomalies(history({ bets: 300_000, fault })).includes('block-runs'));
  });

  test('an outcome that is against the choice 50.6 times in a hundred', () => {
    const fault: Fault = ({ fair, bet, random }) => (random.chance(0.012) ? other(bet.choice) : fair);
    // Unlucky vaults stay unlucky, then.
    assert.deepEqual(anomalies(history({ bets: 1_000_000, fault })), ['wins', 'choice', 'wins-by-vault']);
  });

  test('a house that wins more often against heads alone', () => {
    const fault: Fault = ({ fair, bet, random }) => (bet.choice === 1 && random.chance(0.03) ? 0 : fair);
    const found = anomalies(history({ bets: 300_000, fault }));
    assert.ok(found.includes('choice') && found.includes('wins-by-choice'), found.join());
  });

  test('a house that cheats the large stakes only', () => {
    const fault: Fault = ({ fair, bet, random }) => (bet.stakeUnits >= LARGE && random.chance(0.06) ? other(bet.choice) : fair);
    const report = history({ bets: 300_000, seed: 2, fault });
    assert.deepEqual(anomalies(report), ['stake-weighted', 'wins-by-stake']);
    assert.match(report.tested.find(({ name }) => name === 'wins-by-stake')?.seen ?? '', /4\d\.\d+ % of \d{5} stakes from 2\^25/);
  });

  test('a house that cheats one vault, and favours another as much', () => {
    const fault: Fault = ({ fair, bet, random }) => {
      if (bet.vault === '3' && random.chance(0.1)) return other(bet.choice);
      return bet.vault === '4' && random.chance(0.1) ? bet.choice : fair;
    };
    assert.deepEqual(anomalies(history({ bets: 300_000, fault })), ['wins-by-vault']);
  });

  test('a house that lets no one win twice in a row, so to say', () => {
    const lastWon = new Map<string, boolean>();
    const fault: Fault = ({ fair, bet, random }) => {
      const crooked = random.chance(0.03) ? lastWon.get(bet.vault) : undefined;
      const outcome = crooked === undefined ? fair : crooked ? other(bet.choice) : bet.choice;
      lastWon.set(bet.vault, outcome === bet.choice);
      return outcome;
    };
    assert.deepEqual(anomalies(history({ bets: 300_000, fault })), ['wins-after-win']);
  });
});

suite('what the statistics do not say', () => {
  test('over 500 fair histories p-values are spread evenly, and alarms as rare as asked', () => {
    const histories = 500;
    const values = new Map<string, number[]>();
    let alarms = 0;
    for (let seed = 0; seed < histories; seed += 1) {
      const report = history({ bets: 20_480, seed, alpha: 0.05 });
      assert.deepEqual(report.untested, []);
      if (report.verdict === 'anomaly') alarms += 1;
      for (const { name, p } of report.tested) values.set(name, [...(values.get(name) ?? []), p]);
    }
    // Fourteen tests that hardly depend on each other: 4.9 % expected, so 24 of 500 with a deviation of 5.
    assert.ok(alarms > 8 && alarms < 45, `${alarms} alarms`);
    assert.equal(values.size, 14);
    for (const [name, found] of values) {
      const distance = farthest(found);
      // The longest run takes few values, so its p-values can but be too large.
      const spread = name === 'longest-run' ? distance.above : Math.max(distance.above, distance.below);
      // Kolmogorov and Smirnov: 2.23 / sqrt n is passed by one in ten thousand.
      assert.ok(spread < 2.23 / Math.sqrt(histories), `${name}: ${spread}`);
    }
  });

  test('too few bets are said to be too few, test by test', () => {
    const nothing = history({ bets: 0 });
    assert.deepEqual([nothing.verdict, nothing.tested.length, nothing.untested.length], ['too-few-bets', 0, 14]);
    assert.equal(history({ bets: 99 }).verdict, 'too-few-bets');
    const some = history({ bets: 2_000 });
    assert.equal(some.verdict, 'fair');
    assert.deepEqual(
      some.untested.map(({ name }) => name),
      ['block-runs', 'long-serial', 'words', 'stake-weighted'],
    );
    for (const { missing } of some.untested) assert.match(missing, /^needs (\d+ bets|bets that weigh .*)$/);
  });

  test('bettors may stop, and double, as their luck tells them', () => {
    const random = new Random(11);
    const fairness = new Fairness();
    for (let vault = 0; vault < 4_000; vault += 1) {
      // With ten stakes of one, until they are gone or five are won; or doubling after a loss, until ten are lost.
      const doubles = vault % 4 === 0;
      let [balance, stakeUnits] = [10, 1n];
      for (let bet = 0; bet < 200 && balance > 0 && balance < 15; bet += 1) {
        const [outcome, choice] = [side(random.chance(0.5)), side(random.chance(0.5))];
        fairness.add({ vault: String(vault), outcome, choice, stakeUnits });
        const won = outcome === choice;
        balance += won ? Number(stakeUnits) : -Number(stakeUnits);
        stakeUnits = doubles && !won ? 2n * stakeUnits : 1n;
      }
    }
    assert.equal(fairness.report(0.01).verdict, 'fair');
  });

  test('a history of one side, one choice, one vault or one huge stake breaks no statistic', () => {
    const fairness = new Fairness();
    for (let bet = 0; bet < 5_000; bet += 1) fairness.add({ vault: 'a', outcome: 1, choice: 1, stakeUnits: 1n });
    fairness.add({ vault: 'a', outcome: 1, choice: 1, stakeUnits: (1n << 40n) - 1n });
    const report = fairness.report();
    assert.equal(report.verdict, 'anomaly');
    for (const { p, adjustedP, statistic } of report.tested) {
      assert.ok(p >= 0 && p <= 1 && adjustedP >= p && adjustedP <= 1 && Number.isFinite(statistic));
    }
    for (const name of ['runs', 'stake-weighted', 'choice', 'wins-by-vault']) {
      assert.ok(
        report.untested.some((test) => test.name === name),
        name,
      );
    }
  });

  test('the correction is that of Holm', () => {
    const report = history({ bets: 20_480, seed: 7 });
    const ascending = [...report.tested].sort((a, b) => a.p - b.p);
    assert.equal(ascending[0]?.adjustedP, Math.min(1, 14 * (ascending[0]?.p ?? Number.NaN)));
    for (let index = 1; index < ascending.length; index += 1) {
      assert.ok((ascending[index]?.adjustedP ?? 0) >= (ascending[index - 1]?.adjustedP ?? 1));
    }
  });
});

suite('simulated bets', () => {
  test("are the protocol's, the same of one seed and others of another, of every habit, and fair", () => {
    const of = (seed: number) => [...simulateBets({ bets: 400, seed })];
    assert.deepEqual(of(5), of(5));
    assert.notDeepEqual(
      of(5).map(({ outcome }) => outcome),
      of(6).map(({ outcome }) => outcome),
    );
    const bets = of(5);
    assert.equal(new Set(bets.map(({ vault }) => vault)).size, 4);
    for (const { stakeUnits } of bets) assert.ok(stakeUnits >= 1n && stakeUnits < 1n << 40n);
    const fairness = new Fairness();
    for (const bet of bets) fairness.add(bet);
    assert.equal(fairness.report(0.01).verdict, 'fair');
  });
});

const LARGE = 1n << 25n;

/** A history of twenty vaults and stakes of all sizes, fair but for the fault. */
function history(input: { bets: number; fault?: Fault; seed?: number; alpha?: number }): FairnessReport {
  const random = new Random(input.seed ?? 1);
  const fairness = new Fairness();
  const before: CoinSide[] = [];
  for (let number = 0; number < input.bets; number += 1) {
    const fair = side(random.chance(0.5));
    const bet: ObservedBet = {
      vault: String(random.between(1, 20)),
      outcome: fair,
      choice: side(random.chance(0.5)),
      stakeUnits: random.chance(0.1) ? LARGE + BigInt(random.between(0, 1_000_000)) : BigInt(random.between(1, 100_000)),
    };
    const outcome = input.fault?.({ fair, bet, number, before, random }) ?? fair;
    if (input.fault) before.push(outcome);
    fairness.add({ ...bet, outcome });
  }
  return fairness.report(input.alpha);
}

function anomalies(report: FairnessReport): string[] {
  return report.tested.filter(({ anomaly }) => anomaly).map(({ name }) => name);
}

function side(heads: boolean): CoinSide {
  return heads ? 1 : 0;
}

function other(outcome: CoinSide): CoinSide {
  return outcome === 1 ? 0 : 1;
}

/** How far the distribution of the values is above, and below, the even one. */
function farthest(values: readonly number[]): { above: number; below: number } {
  const ascending = [...values].sort((a, b) => a - b);
  const above = ascending.map((value, index) => (index + 1) / ascending.length - value);
  const below = ascending.map((value, index) => value - index / ascending.length);
  return { above: Math.max(...above), below: Math.max(...below) };
}
