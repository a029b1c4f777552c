/** Points that no parser may let through, for the tests. */
import { bn254 } from '@noble/curves/bn254.js';

/** Coordinates in the field that are on no point of G1. */
export function g1OffCurve(): [bigint, bigint] {
  return [1n, 3n];
}

/** A point (x.c0, x.c1, y.c0, y.c1) of the twist's curve that is outside its subgroup of prime order. */
export function g2OutsideSubgroup(): [bigint, bigint, bigint, bigint] {
  const { Fp2 } = bn254.fields;
  const b = Fp2.div(Fp2.fromBigTuple([3n, 0n]), Fp2.fromBigTuple([9n, 1n]));
  for (let i = 1n; i < 100n; i++) {
    const x = Fp2.fromBigTuple([i, 0n]);
    const square = Fp2.add(Fp2.mul(Fp2.sqr(x), x), b);
    if (!isSquare(square)) continue;
    const y = Fp2.sqrt(square);
    // The subgroup holds one point in 2^254; a random point is outside it.
    return [x.c0, x.c1, y.c0, y.c1];
  }
  throw new Error('no point found');
}

function isSquare(value: { c0: bigint; c1: bigint }): boolean {
  const { Fp2 } = bn254.fields;
  return Fp2.eql(Fp2.pow(value, (Fp2.ORDER - 1n) / 2n), Fp2.ONE);
}
