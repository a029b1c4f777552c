/** The chance that `bits` fair bits hold no run of `length` ones: f(n) = f(n - 1) - 2^-(length + 1) f(n - length - 1). For few bits. */
export function noRunOfOnes({ bits, length }: { bits: number; length: number }): number {
  const chances: number[] = [];
  for (let n = 0; n <= bits; n += 1) {
    if (n < length) chances.push(1);
    else if (n === length) chances.push(1 - 2 ** -length);
    else chances.push((chances[n - 1] as number) - 2 ** -(length + 1) * (chances[n - length - 1] as number));
  }
  return chances[bits] as number;
}

/** Below this many bits the recursion is used, above it its limit, which differs by less than any double shows. */
const FEW_BITS = 2_000;
/** Iterations in which the root below has settled, for every length. */
const ROOT_STEPS = 64;

/**
 * The chances that the longest run of one side, heads or tails, in so many fair flips is at least or at most `length`. A run of one side
 * is a run of "the same as before", one shorter, in one flip less.
 */
export function longestRunTails({ bets, length }: { bets: number; length: number }): { atLeast: number; atMost: number } {
  const bits = bets - 1;
  return { atLeast: someRun({ bits, length: length - 1 }), atMost: 1 - someRun({ bits, length }) };
}

/**
 * The chance that `bits` fair bits hold a run of `length` ones. Feller I, XIII.7, (7.11): without a run it is
 * `(1 - x / 2) / ((length + 1 - length x) / 2) x^-(bits + 1)`, x the root above 1 of `1 - x + (x / 2)^(length + 1) = 0`.
 */
function someRun({ bits, length }: { bits: number; length: number }): number {
  if (length <= 0) return 1;
  if (bits < length) return 0;
  if (bits <= FEW_BITS) return 1 - noRunOfOnes({ bits, length });
  // Of one, x = 2 is the double root of the formula, and no run of one is all zeros.
  if (length === 1) return 1 - 2 ** -bits;
  // x - 1, so that a long run's root keeps its digits.
  let excess = 0;
  for (let step = 0; step < ROOT_STEPS; step += 1) excess = ((1 + excess) / 2) ** (length + 1);
  const logarithm = Math.log1p(-excess) - Math.log1p(-length * excess) - (bits + 1) * Math.log1p(excess);
  return -Math.expm1(logarithm);
}
