/** Public fields and secrets of the statement. `outcome` and `root` are not among them: they must follow from these. */
const GIVEN = [
  /^one$/,
  /^main\.(batchNumber|termsId|profitBps|k)$/,
  /^main\.(blobHash|accountId|start|firstBet|betCount|headBefore|signatureS|stakeUnits|choice|clientSeed)\[\d+\]$/,
  /^main\.(sessionKey|signatureR8)\[\d+\]\[\d\]$/,
];

/**
 * Hints that a prover may choose without changing what is proven. circomlib's IsZero says `out = 1 - in * inv` and `in * out = 0`:
 * where `in` is zero, `inv` meets nothing but that zero. So it is where the two sides of a verified signature are compared, and at
 * the betCount of an unused slot.
 */
export const FREE_HINTS = /\.(eqCheck[XY]\.isz|slot\[\d+\]\.isEmpty)\.inv$/;

/** A root and its negative show the same outcome: only the square is used. */
export const SIGNED_HINTS = /^main\.root\[\d+\]$/;

/** Wires whose signals are given, the constant 1 included. `names`: signal of each wire. */
export function givenWires(names: readonly string[]): Set<number> {
  return new Set(names.flatMap((name, wire) => (GIVEN.some((pattern) => pattern.test(name)) ? [wire] : [])));
}
