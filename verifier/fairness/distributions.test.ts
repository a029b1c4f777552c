import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { chiSquareTail, normalTails } from './distributions.ts';
import { longestRunTails, noRunOfOnes } from './run-lengths.ts';

/* Catches a p-value that is wrong, in the tail above all: there it decides, and there one minus a distribution function has no digits. */

suite('distribution functions', () => {
  test("the normal tails are those of Abramowitz and Stegun's tables and of erfc in many digits", () => {
    // 2 Q(z): Abramowitz and Stegun 26.1 (Q(1), Q(2), Q(3)), and erfc(z / sqrt 2) for the rest.
    for (const [z, p] of [
      [0, 1],
      [1, 0.317310507862914],
      [1.959963984540054, 0.05],
      [2, 0.0455002638963584],
      [-3, 0.00269979606326019],
      [5, 5.73303143758387e-7],
      [8, 1.24419211485436e-15],
      [10, 1.52397060483211e-23],
      [20, 5.5072482372124e-89],
    ] as const) {
      near(normalTails(z), p, 1e-9, `z = ${z}`);
    }
    assert.equal(normalTails(60), 0, 'below the smallest double');
  });

  test('the chi-square tails are those of the published critical values, and exact where a sum is', () => {
    // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.4: upper critical values, printed to three decimals.
    for (const [degrees, p, value] of [
      [1, 0.05, 3.841],
      [1, 0.001, 10.828],
      [5, 0.01, 15.086],
      [7, 0.1, 12.017],
      [16, 0.05, 26.296],
      [16, 0.001, 39.252],
      [100, 0.05, 124.342],
      [100, 0.001, 149.449],
    ] as const) {
      assert.ok(chiSquareTail(value - 0.0006, degrees) > p && p > chiSquareTail(value + 0.0006, degrees), `${degrees}, ${p}`);
    }
    // Of an even number of degrees the tail is a Poisson sum.
    for (const degrees of [2, 4, 16, 256, 2_000]) {
      for (const factor of [0.5, 0.9, 1, 1.1, 1.5, 3]) {
        const value = factor * degrees;
        near(chiSquareTail(value, degrees), poissonSum(value / 2, degrees / 2), 1e-8, `${value} of ${degrees}`);
      }
    }
    near(chiSquareTail(500, 2), Math.exp(-250), 1e-8, 'far out');
  });

  test('a value that no chi-square takes is refused', () => {
    for (const [value, degrees] of [
      [-1, 1],
      [Number.NaN, 1],
      [1, 0],
    ] as const) {
      assert.throws(() => chiSquareTail(value, degrees), RangeError);
    }
    assert.equal(chiSquareTail(0, 5), 1);
  });
});

suite('runs of chance', () => {
  test('the classes of NIST SP 800-22, 2.4.4 and 3.4 come out, to the digits printed there', () => {
    const upTo = (length: number) => noRunOfOnes({ bits: 128, length: length + 1 });
    const chances = [upTo(4), ...[5, 6, 7, 8].map((length) => upTo(length) - upTo(length - 1)), 1 - upTo(8)];
    for (const [index, printed] of [0.1174, 0.243, 0.2493, 0.1752, 0.1027, 0.1124].entries()) {
      assert.ok(Math.abs((chances[index] as number) - printed) < 1e-4, `class ${index}: ${chances[index]}`);
    }
  });

  test('the chances of the longest run are those of counting all sequences', () => {
    for (const bets of [1, 2, 5, 12]) {
      const lengths = Array.from({ length: 2 ** bets }, (_, bits) => longestRun(bits, bets));
      for (let length = 1; length <= bets; length += 1) {
        const tails = longestRunTails({ bets, length });
        near(tails.atLeast, lengths.filter((found) => found >= length).length / 2 ** bets, 1e-12, `${length} of ${bets}`);
        near(tails.atMost, lengths.filter((found) => found <= length).length / 2 ** bets, 1e-12, `${length} of ${bets}`);
      }
    }
  });

  test('the limit used for many bets is what the recursion gives', () => {
    for (const bets of [2_002, 10_000]) {
      for (const length of [3, 5, 8, 12, 20, 30]) {
        const exact = 1 - noRunOfOnes({ bits: bets - 1, length: length - 1 });
        const { atLeast } = longestRunTails({ bets, length });
        assert.ok(Math.abs(atLeast - exact) < 1e-11, `${length} of ${bets}: ${atLeast}, ${exact}`);
      }
    }
    // Feller I, XIII.7: nothing is lost where one minus the chance of no run would round to zero.
    near(longestRunTails({ bets: 1_000_000, length: 70 }).atLeast, (1_000_000 - 70) / 2 ** 70, 1e-4, 'a run of 70');
  });
});

function near(found: number, expected: number, tolerance: number, message: string): void {
  assert.ok(Math.abs(found - expected) <= tolerance * expected, `${message}: ${found} instead of ${expected}`);
}

/** The chance of fewer than `terms` events of a Poisson variable. */
function poissonSum(mean: number, terms: number): number {
  let logTerm = -mean;
  let sum = 0;
  for (let events = 0; events < terms; events += 1) {
    sum += Math.exp(logTerm);
    logTerm += Math.log(mean / (events + 1));
  }
  return sum;
}

function longestRun(bits: number, count: number): number {
  const text = bits.toString(2).padStart(count, '0');
  return Math.max(...(text.match(/0+|1+/g) ?? []).map((run) => run.length));
}
