import { bn254 } from '@noble/curves/bn254.js';
import { ProtocolError } from '../protocol/errors.ts';
import { assertField, bytesToInteger } from '../protocol/field.ts';
import { KEY_BYTES, PROOF_BYTES } from './layout/constants.ts';

const { G1, G2, fields, pairing } = bn254;
const { Fp, Fp2, Fp12 } = fields;
const G1Point = G1.Point;
const G2Point = G2.Point;
type G1Point = InstanceType<typeof G1Point>;
type G2Point = InstanceType<typeof G2Point>;
type Fp12Value = ReturnType<typeof pairing>;

/** Flags on the first byte of a compressed point, as the `alt_bn128` decompression syscall reads them. */
const LARGER_ROOT = 0x80;
const INFINITY = 0x40;

/** A verifying key as points, with `e(alpha, beta)` worked out. */
export interface PreparedKey {
  alphaBeta: Fp12Value;
  gamma: G2Point;
  delta: G2Point;
  ic: [G1Point, G1Point];
}

/**
 * Parses a key of 576 bytes (alpha, beta, gamma, delta, IC0, IC1; big endian, G2 with c1 first). `BAD_VALUE` unless every point lies on
 * its curve and in its group and none is at infinity, and gamma is not delta: as the program asks of a key, whatever program ran.
 */
export function prepareKey(bytes: Uint8Array): PreparedKey {
  if (bytes.length !== KEY_BYTES) throw new ProtocolError('BAD_LENGTH', `a verifying key has ${KEY_BYTES} bytes`);
  const alpha = readG1(bytes.subarray(0, 64));
  const beta = readG2(bytes.subarray(64, 192));
  const gamma = readG2(bytes.subarray(192, 320));
  const delta = readG2(bytes.subarray(320, 448));
  const ic: PreparedKey['ic'] = [readG1(bytes.subarray(448, 512)), readG1(bytes.subarray(512, 576))];
  if (gamma.equals(delta)) throw new ProtocolError('BAD_VALUE', 'gamma is delta: the second phase of the set-up was never run');
  return { alphaBeta: bn254.pairing(alpha, beta, false), gamma, delta, ic };
}

/**
 * Whether a compressed proof (128 bytes: A, B, C) of one public input holds: `e(-A, B) e(alpha, beta) e(IC0 + x IC1, gamma)
 * e(C, delta) = 1` (Groth 2016, section 3.2). False for bytes that are no points. `NOT_CANONICAL` for an input outside the field.
 */
export function verifyGroth16(input: { key: PreparedKey; proof: Uint8Array; publicInput: bigint }): boolean {
  const { key, proof } = input;
  const x = assertField(input.publicInput, 'public input');
  if (proof.length !== PROOF_BYTES) return false;
  const a = decompressG1(proof.subarray(0, 32));
  const b = decompressG2(proof.subarray(32, 96));
  const c = decompressG1(proof.subarray(96));
  if (!a || !b || !c) return false;
  const bound = key.ic[0].add(key.ic[1].multiplyUnsafe(x));
  const pairs = [
    { g1: a.negate(), g2: b },
    { g1: bound, g2: key.gamma },
    { g1: c, g2: key.delta },
    // A point at infinity pairs to one.
  ].filter(({ g1, g2 }) => !g1.is0() && !g2.is0());
  const product = Fp12.mul(key.alphaBeta, pairs.length > 0 ? bn254.pairingBatch(pairs, false) : Fp12.ONE);
  return Fp12.eql(Fp12.finalExponentiate(product), Fp12.ONE);
}

/** 32 bytes: x with the sign of y. Undefined if there is no such point. */
function decompressG1(bytes: Uint8Array): G1Point | undefined {
  const flags = readFlags(bytes);
  if (!flags) return undefined;
  if (flags.infinity) return G1Point.ZERO;
  const x = flags.x[0] as bigint;
  if (!Fp.isValid(x)) return undefined;
  const y = rootOf(() => Fp.sqrt(Fp.add(Fp.mul(Fp.sqr(x), x), 3n)));
  if (y === undefined) return undefined;
  const isLarger = y > Fp.neg(y);
  return onCurve(() => G1Point.fromAffine({ x, y: isLarger === flags.larger ? y : Fp.neg(y) }));
}

/** 64 bytes: x, c1 first, with the sign of y, which c1 decides unless it is zero. */
function decompressG2(bytes: Uint8Array): G2Point | undefined {
  const flags = readFlags(bytes);
  if (!flags) return undefined;
  if (flags.infinity) return G2Point.ZERO;
  const [c1, c0] = flags.x as [bigint, bigint];
  if (!Fp.isValid(c0) || !Fp.isValid(c1)) return undefined;
  const x = { c0, c1 };
  const y = rootOf(() => Fp2.sqrt(Fp2.add(Fp2.mul(Fp2.sqr(x), x), G2Point.CURVE().b)));
  if (y === undefined) return undefined;
  const isLarger = y.c1 === 0n ? y.c0 > Fp.neg(y.c0) : y.c1 > Fp.neg(y.c1);
  return onCurve(() => G2Point.fromAffine({ x, y: isLarger === flags.larger ? y : Fp2.neg(y) }));
}

function readFlags(bytes: Uint8Array): { x: bigint[]; larger: boolean; infinity: boolean } | undefined {
  const plain = Uint8Array.from(bytes);
  const flags = (plain[0] as number) & (LARGER_ROOT | INFINITY);
  plain[0] = (plain[0] as number) & ~(LARGER_ROOT | INFINITY);
  if (flags === (LARGER_ROOT | INFINITY)) return undefined;
  const isZero = plain.every((byte) => byte === 0);
  if (flags === INFINITY && !isZero) return undefined;
  // The syscall takes all zeros for the point at infinity too.
  const infinity = isZero && flags !== LARGER_ROOT;
  const x = Array.from({ length: plain.length / 32 }, (_, index) => bytesToInteger(plain.subarray(32 * index, 32 * index + 32)));
  return { x, larger: flags === LARGER_ROOT, infinity };
}

/** noble throws where there is no root. */
function rootOf<T>(take: () => T): T | undefined {
  try {
    return take();
  } catch {
    return undefined;
  }
}

/** The point, if it satisfies the curve's equation and lies in the group of order r. */
function onCurve<P extends { assertValidity(): void }>(make: () => P): P | undefined {
  try {
    const point = make();
    point.assertValidity();
    return point;
  } catch {
    return undefined;
  }
}

function readG1(bytes: Uint8Array): G1Point {
  const [x, y] = [bytesToInteger(bytes.subarray(0, 32)), bytesToInteger(bytes.subarray(32))];
  return keyPoint(onCurve(() => G1Point.fromAffine({ x, y })));
}

function readG2(bytes: Uint8Array): G2Point {
  const [xc1, xc0, yc1, yc0] = [0, 32, 64, 96].map((at) => bytesToInteger(bytes.subarray(at, at + 32))) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  return keyPoint(onCurve(() => G2Point.fromAffine({ x: { c0: xc0, c1: xc1 }, y: { c0: yc0, c1: yc1 } })));
}

function keyPoint<P extends { is0(): boolean }>(point: P | undefined): P {
  if (!point || point.is0())
    throw new ProtocolError('BAD_VALUE', 'a point of the verifying key is not in its group, or at infinity');
  return point;
}
