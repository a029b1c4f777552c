import {
  ChoiceTest,
  StakeWeightedTest,
  WinsAfterWinTest,
  WinsByChoiceTest,
  WinsByStakeTest,
  WinsByVaultTest,
  WinsTest,
} from './context-tests.ts';
import { BlockRunsTest, FrequencyTest, LongestRunTest, RunsTest, WordsTest } from './order-tests.ts';
import { LONG_LAGS, SerialTest, SHORT_LAGS } from './serial-tests.ts';
import type { FairnessTest, ObservedBet, Tested, TestResult, Untested } from './test-result.ts';

export type { ObservedBet, Tested } from './test-result.ts';

/** The chance of calling a fair history unfair, all tests together, unless another is asked for. */
export const DEFAULT_ALPHA = 1e-4;

export interface FairnessReport {
  bets: number;
  alpha: number;
  /** `too-few-bets` if not one test had enough; otherwise `anomaly` if any is one. */
  verdict: 'fair' | 'anomaly' | 'too-few-bets';
  tested: (Tested & {
    /** p, corrected for the number of tests (Holm 1979): an anomaly if it is no more than `alpha`. */
    adjustedP: number;
    anomaly: boolean;
  })[];
  untested: Untested[];
}

/**
 * The statistics of a history of bets, one bet at a time. Memory does not grow with the bets, only with the vaults, and with those up to
 * a limit.
 */
export class Fairness {
  readonly #tests: readonly FairnessTest[] = [
    new FrequencyTest(),
    new RunsTest(),
    new LongestRunTest(),
    new BlockRunsTest(),
    new SerialTest({ name: 'serial', claim: 'an outcome does not depend on the 16 before it', lags: SHORT_LAGS }),
    new SerialTest({ name: 'long-serial', claim: 'an outcome does not depend on those long before it', lags: LONG_LAGS }),
    new WordsTest(),
    new WinsTest(),
    new StakeWeightedTest(),
    new ChoiceTest(),
    new WinsByChoiceTest(),
    new WinsByStakeTest(),
    new WinsByVaultTest(),
    new WinsAfterWinTest(),
  ];
  #bets = 0;

  /** Takes the next bet, in the order in which they were settled. */
  add(bet: ObservedBet): void {
    this.#bets += 1;
    for (const test of this.#tests) test.add(bet);
  }

  /** What the bets so far say; `alpha` is the chance, at most, that fair ones are called an anomaly. */
  report(alpha = DEFAULT_ALPHA): FairnessReport {
    const results = this.#tests.map((test) => test.result());
    const tested = holm(results.filter(isTested), alpha);
    const untested = results.filter((result) => !isTested(result));
    const anomaly = tested.some((result) => result.anomaly);
    const verdict = tested.length === 0 ? 'too-few-bets' : anomaly ? 'anomaly' : 'fair';
    return { bets: this.#bets, alpha, verdict, tested, untested };
  }
}

function isTested(result: TestResult): result is Tested {
  return result.p !== undefined;
}

/** Holm's step-down correction (Scandinavian Journal of Statistics 6, 1979): holds however the tests depend on each other. */
function holm(tested: readonly Tested[], alpha: number): FairnessReport['tested'] {
  const ascending = [...tested].sort((a, b) => a.p - b.p);
  const adjusted = new Map<string, number>();
  let least = 0;
  for (const [index, { name, p }] of ascending.entries()) {
    least = Math.max(least, Math.min(1, (tested.length - index) * p));
    adjusted.set(name, least);
  }
  return tested.map((result) => {
    const adjustedP = adjusted.get(result.name) as number;
    return { ...result, adjustedP, anomaly: adjustedP <= alpha };
  });
}
