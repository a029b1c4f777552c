import { chiSquareResult, type FairnessTest, type ObservedBet, type TestResult, untested } from './test-result.ts';

/** The nearest sixteen; and those at which the protocol counts: a batch of 250 bets at most, 256 seeds under one root. */
export const SHORT_LAGS: readonly number[] = Array.from({ length: 16 }, (_, index) => index + 1);
export const LONG_LAGS: readonly number[] = [32, 64, 128, 250, 256, 512, 1024];
/** The terms of a lag's sum that make it nearly normal. */
const LEAST_TERMS = 1_000;

/**
 * Whether an outcome says anything of those some lags later. With outcomes as +1 and -1, of known mean zero, each lag's sum of products
 * over the root of its terms is standard normal, and the lags are uncorrelated; the sum of squares is the Q of Box and Pierce (1970)
 * with the exact variances that Ljung and Box (1978) put in. Knuth, TAOCP 2, 3.3.2 K has one lag of it.
 */
export class SerialTest implements FairnessTest {
  readonly #named: { name: string; claim: string };
  readonly #lags: readonly number[];
  readonly #sums: Float64Array;
  readonly #ring: Int8Array;
  #bets = 0;

  constructor(input: { name: string; claim: string; lags: readonly number[] }) {
    this.#named = { name: input.name, claim: input.claim };
    this.#lags = input.lags;
    this.#sums = new Float64Array(input.lags.length);
    this.#ring = new Int8Array(Math.max(...input.lags));
  }

  add(bet: ObservedBet): void {
    const sign = bet.outcome === 1 ? 1 : -1;
    const size = this.#ring.length;
    for (let index = 0; index < this.#lags.length; index += 1) {
      const lag = this.#lags[index] as number;
      // Zero until that many bets have been, so it adds nothing.
      const before = this.#ring[(this.#bets - lag + size) % size] as number;
      this.#sums[index] = (this.#sums[index] as number) + sign * before;
    }
    this.#ring[this.#bets % size] = sign;
    this.#bets += 1;
  }

  result(): TestResult {
    const named = { ...this.#named, bets: this.#bets };
    const least = this.#ring.length + LEAST_TERMS;
    if (this.#bets < least) return untested({ ...named, missing: `needs ${least} bets` });
    const scores = this.#lags.map((lag, index) => ({ lag, z: (this.#sums[index] as number) / Math.sqrt(this.#bets - lag) }));
    const value = scores.reduce((sum, { z }) => sum + z * z, 0);
    const strongest = scores.reduce((most, score) => (Math.abs(score.z) > Math.abs(most.z) ? score : most));
    const seen = `the strongest lag is ${strongest.lag}, z = ${strongest.z.toFixed(2)}`;
    return chiSquareResult({ ...named, value, degrees: this.#lags.length, seen });
  }
}
