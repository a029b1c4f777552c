import { bn254 } from '@noble/curves/bn254.js';
import { integerToBytes } from '../../protocol/field.ts';

/**
 * Simulated Groth16 proofs, from a key whose trapdoor the tests know.
 *
 * Whoever knows the discrete logarithms of a verifying key can make a valid proof of any public input without a witness (this is
 * the simulator of Groth's zero-knowledge proof). The program's job is to verify, so these test it quickly and for every
 * circuit size; that no one without the trapdoor can do this is the circuit's and the set-up's business.
 */
const { Fr, Fp } = bn254.fields;
type G1 = typeof bn254.G1.Point.BASE;
type G2 = typeof bn254.G2.Point.BASE;

/** Discrete logarithms of a verifying key. */
export interface Trapdoor {
  alpha: bigint;
  beta: bigint;
  gamma: bigint;
  delta: bigint;
  ic: [bigint, bigint];
}

/** The key that the tests use: any distinct non-zero numbers. */
export const TRAPDOOR: Trapdoor = { alpha: 101n, beta: 103n, gamma: 107n, delta: 109n, ic: [113n, 127n] };

const g1 = (scalar: bigint): G1 => bn254.G1.Point.BASE.multiply(scalar);
const g2 = (scalar: bigint): G2 => bn254.G2.Point.BASE.multiply(scalar);

/** `x || y`, big endian. */
export function g1Bytes(point: G1): Uint8Array {
  const { x, y } = point.toAffine();
  return Buffer.concat([integerToBytes(x), integerToBytes(y)]);
}

/** `x.c1 || x.c0 || y.c1 || y.c0`, big endian. */
export function g2Bytes(point: G2): Uint8Array {
  const { x, y } = point.toAffine();
  return Buffer.concat([x.c1, x.c0, y.c1, y.c0].map(integerToBytes));
}

/** The verifying key's 576 bytes. */
export function keyBytes({ alpha, beta, gamma, delta, ic }: Trapdoor): Uint8Array {
  return Buffer.concat([
    g1Bytes(g1(alpha)),
    g2Bytes(g2(beta)),
    g2Bytes(g2(gamma)),
    g2Bytes(g2(delta)),
    g1Bytes(g1(ic[0])),
    g1Bytes(g1(ic[1])),
  ]);
}

/** Set on the first byte of a compressed point if y is the larger of the two roots. */
const LARGER_ROOT = 0x80;
const isLarger = (y: bigint): boolean => y > Fp.neg(y);

function compressG1(point: G1): Uint8Array {
  const { x, y } = point.toAffine();
  const bytes = integerToBytes(x);
  if (isLarger(y)) bytes[0] = (bytes[0] ?? 0) | LARGER_ROOT;
  return bytes;
}

function compressG2(point: G2): Uint8Array {
  const { x, y } = point.toAffine();
  const bytes = Buffer.concat([integerToBytes(x.c1), integerToBytes(x.c0)]);
  const larger = y.c1 === 0n ? isLarger(y.c0) : isLarger(y.c1);
  if (larger) bytes[0] = (bytes[0] ?? 0) | LARGER_ROOT;
  return bytes;
}

/**
 * A compressed proof (128 bytes) that verifies for the public input. `a` and `b` stand for the prover's randomness: other values
 * give another valid proof.
 */
export function simulateProof(publicInput: bigint, { a = 11n, b = 13n, key = TRAPDOOR } = {}): Uint8Array {
  const { alpha, beta, gamma, delta, ic } = key;
  const input = Fr.add(ic[0], Fr.mul(publicInput, ic[1]));
  const rest = Fr.sub(Fr.sub(Fr.mul(a, b), Fr.mul(alpha, beta)), Fr.mul(gamma, input));
  const c = Fr.div(rest, delta);
  return Buffer.concat([compressG1(g1(a)), compressG2(g2(b)), compressG1(g1(c))]);
}

/** A point on G2's curve that is outside its subgroup of order r. */
export function pointOutsideSubgroup(): Uint8Array {
  const { Fp2 } = bn254.fields;
  const base = bn254.G2.Point.BASE.toAffine();
  const curveB = Fp2.sub(Fp2.sqr(base.y), Fp2.mul(Fp2.sqr(base.x), base.x));
  for (let c0 = 1n; ; c0 += 1n) {
    const x = Fp2.create({ c0, c1: 0n });
    const square = Fp2.add(Fp2.mul(Fp2.sqr(x), x), curveB);
    let y: typeof square;
    try {
      y = Fp2.sqrt(square);
    } catch {
      continue;
    }
    // The curve has many more points than the subgroup: practically every one found is outside.
    return Buffer.concat([x.c1, x.c0, y.c1, y.c0].map(integerToBytes));
  }
}
