import { longestRunTails, noRunOfOnes } from './run-lengths.ts';
import {
  chiSquareResult,
  type FairnessTest,
  halfResult,
  type ObservedBet,
  type TestResult,
  untested,
  zResult,
} from './test-result.ts';

/** Fewest bets of the tests whose statistic is nearly normal (NIST SP 800-22 recommends as many for 2.1 and 2.3). */
const LEAST_BETS = 100;

/** Whether heads and tails are equally frequent: NIST SP 800-22, 2.1 (the frequency, or monobit, test). */
export class FrequencyTest implements FairnessTest {
  #bets = 0;
  #heads = 0;

  add(bet: ObservedBet): void {
    this.#bets += 1;
    this.#heads += bet.outcome;
  }

  result(): TestResult {
    const named = { name: 'frequency', claim: 'heads are as frequent as tails', bets: this.#bets };
    return halfResult({ ...named, leastBets: LEAST_BETS, hits: this.#heads, called: 'heads' });
  }
}

/** Whether outcomes change sides as often as chance would: Wald and Wolfowitz (1940), the mean and variance given the heads seen. */
export class RunsTest implements FairnessTest {
  #bets = 0;
  #heads = 0;
  #runs = 0;
  #last: number | undefined;

  add(bet: ObservedBet): void {
    this.#bets += 1;
    this.#heads += bet.outcome;
    if (bet.outcome !== this.#last) this.#runs += 1;
    this.#last = bet.outcome;
  }

  result(): TestResult {
    const named = { name: 'runs', claim: 'outcomes change sides as often as chance would', bets: this.#bets };
    const [n, heads] = [this.#bets, this.#heads];
    if (n < LEAST_BETS) return untested({ ...named, missing: `needs ${LEAST_BETS} bets` });
    const pairs = 2 * heads * (n - heads);
    // All on one side leaves nothing to change: the frequency test says it.
    if (pairs <= n) return untested({ ...named, missing: 'needs outcomes of both sides' });
    const mean = 1 + pairs / n;
    const deviation = Math.sqrt(((mean - 1) * (mean - 2)) / (n - 1));
    const z = (this.#runs - mean) / deviation;
    return zResult({ ...named, z, seen: `${this.#runs} runs of one side, ${mean.toFixed(0)} expected` });
  }
}

/** Whether the longest run of one side is one that chance makes: Feller, An Introduction to Probability Theory I, XIII.7. */
export class LongestRunTest implements FairnessTest {
  #bets = 0;
  #run = 0;
  #longest = 0;
  #last: number | undefined;

  add(bet: ObservedBet): void {
    this.#bets += 1;
    this.#run = bet.outcome === this.#last ? this.#run + 1 : 1;
    this.#longest = Math.max(this.#longest, this.#run);
    this.#last = bet.outcome;
  }

  result(): TestResult {
    const named = { name: 'longest-run', claim: 'the longest run of one side is a likely one', bets: this.#bets };
    if (this.#bets < LEAST_BETS) return untested({ ...named, missing: `needs ${LEAST_BETS} bets` });
    const { atLeast, atMost } = longestRunTails({ bets: this.#bets, length: this.#longest });
    const p = Math.min(1, 2 * Math.min(atLeast, atMost));
    const seen = `${this.#longest} times the same side, about ${Math.log2(this.#bets).toFixed(0)} expected`;
    return { ...named, kind: 'length', statistic: this.#longest, degrees: undefined, p, seen };
  }
}

/** Bets in a block, and the longest runs of heads that are told apart: the first class is that or less, the last that or more. */
const BLOCK_BETS = 128;
const SHORTEST = 4;
const LONGEST = 9;
const CLASS_CHANCES = Array.from({ length: LONGEST - SHORTEST + 1 }, (_, index) => {
  const upTo = (length: number) => noRunOfOnes({ bits: BLOCK_BETS, length: length + 1 });
  const length = SHORTEST + index;
  return (length === LONGEST ? 1 : upTo(length)) - (length === SHORTEST ? 0 : upTo(length - 1));
});
const LEAST_BLOCKS = 100;

/**
 * Whether the longest runs of heads in blocks of 128 bets are as long as chance makes them: NIST SP 800-22, 2.4, with the classes'
 * chances computed instead of the four digits printed there, which are too few for a long history.
 */
export class BlockRunsTest implements FairnessTest {
  readonly #classes = CLASS_CHANCES.map(() => 0);
  #bets = 0;
  #run = 0;
  #longest = 0;

  add(bet: ObservedBet): void {
    this.#bets += 1;
    this.#run = bet.outcome === 1 ? this.#run + 1 : 0;
    this.#longest = Math.max(this.#longest, this.#run);
    if (this.#bets % BLOCK_BETS !== 0) return;
    const index = Math.min(LONGEST, Math.max(SHORTEST, this.#longest)) - SHORTEST;
    this.#classes[index] = (this.#classes[index] as number) + 1;
    this.#run = 0;
    this.#longest = 0;
  }

  result(): TestResult {
    const blocks = Math.floor(this.#bets / BLOCK_BETS);
    const claim = `the longest runs of heads in blocks of ${BLOCK_BETS} bets are as long as chance makes them`;
    const named = { name: 'block-runs', claim, bets: blocks * BLOCK_BETS };
    if (blocks < LEAST_BLOCKS) return untested({ ...named, missing: `needs ${LEAST_BLOCKS * BLOCK_BETS} bets` });
    const value = this.#classes.reduce((sum, seen, index) => {
      const expected = blocks * (CLASS_CHANCES[index] as number);
      return sum + (seen - expected) ** 2 / expected;
    }, 0);
    return chiSquareResult({ ...named, value, degrees: this.#classes.length - 1, seen: `${blocks} blocks` });
  }
}

const WORD_BITS = 8;
const WORDS = 2 ** WORD_BITS;
const LEAST_A_WORD = 10;

/** Whether all words of eight outcomes in a row, none overlapping, are equally frequent: Knuth, TAOCP 2, 3.3.2, the serial test. */
export class WordsTest implements FairnessTest {
  readonly #counts = new Float64Array(WORDS);
  #bets = 0;
  #word = 0;

  add(bet: ObservedBet): void {
    this.#bets += 1;
    this.#word = (this.#word << 1) | bet.outcome;
    if (this.#bets % WORD_BITS !== 0) return;
    this.#counts[this.#word] = (this.#counts[this.#word] as number) + 1;
    this.#word = 0;
  }

  result(): TestResult {
    const words = Math.floor(this.#bets / WORD_BITS);
    const claim = `all words of ${WORD_BITS} outcomes are equally frequent`;
    const named = { name: 'words', claim, bets: words * WORD_BITS };
    if (words < LEAST_A_WORD * WORDS) return untested({ ...named, missing: `needs ${LEAST_A_WORD * WORDS * WORD_BITS} bets` });
    const expected = words / WORDS;
    const value = this.#counts.reduce((sum, seen) => sum + (seen - expected) ** 2 / expected, 0);
    const [least, most] = [Math.min(...this.#counts), Math.max(...this.#counts)];
    const seen = `each word ${least} to ${most} times, ${expected.toFixed(0)} expected`;
    return chiSquareResult({ ...named, value, degrees: WORDS - 1, seen });
  }
}
