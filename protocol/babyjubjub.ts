import { babyjubjub } from '@noble/curves/misc.js';
import { concat } from './bytes.ts';
import { ProtocolError } from './errors.ts';
import { FIELD_ORDER, fieldFromBytes, fieldToBytes } from './field.ts';

/** An affine point of BabyJubJub, `168700 x^2 + y^2 = 1 + 168696 x^2 y^2` over Fr (EIP-2494, circomlib's form). */
export interface Point {
  x: bigint;
  y: bigint;
}

const { Point: CurvePoint } = babyjubjub;

/** Order l of the subgroup that Base8 generates. */
export const SUBGROUP_ORDER = 2736030358979909402780800718157159386076813972158567259200215660948447373041n;
/** circomlib's generator of the subgroup. */
export const BASE8: Point = {
  x: 5299619240641551281634865583518297030282874472190772894086521144482721001553n,
  y: 16950150798460657717958625567821834550301663161624707787222815936182638968203n,
};

/** Whether the point satisfies the curve's equation with canonical coordinates. */
export function isOnCurve({ x, y }: Point): boolean {
  if (x < 0n || x >= FIELD_ORDER || y < 0n || y >= FIELD_ORDER) return false;
  const xx = (x * x) % FIELD_ORDER;
  const yy = (y * y) % FIELD_ORDER;
  return (168700n * xx + yy - 1n - 168696n * ((xx * yy) % FIELD_ORDER)) % FIELD_ORDER === 0n;
}

/** The curve library's point; `BAD_VALUE` off the curve. */
export function toCurve(point: Point): InstanceType<typeof CurvePoint> {
  if (!isOnCurve(point)) throw new ProtocolError('BAD_VALUE', 'the point is not on BabyJubJub');
  return CurvePoint.fromAffine(point);
}

/** Whether the point lies in the subgroup of order l and is not the identity. */
export function isInSubgroup(point: Point): boolean {
  if (!isOnCurve(point)) return false;
  const curvePoint = toCurve(point);
  return !curvePoint.is0() && curvePoint.isTorsionFree();
}

/** `scalar * Base8` for a scalar in [1, l). */
export function multiplyBase8(scalar: bigint): Point {
  return CurvePoint.BASE.multiply(scalar).toAffine();
}

/** `x || y`, 64 bytes. */
export function pointToBytes(point: Point): Uint8Array {
  return concat([fieldToBytes(point.x), fieldToBytes(point.y)]);
}

/** Point of 64 bytes with canonical coordinates; whether it is on the curve is not checked. */
export function pointFromBytes(bytes: Uint8Array): Point {
  if (bytes.length !== 64) throw new ProtocolError('BAD_LENGTH', `a point has 64 bytes, got ${bytes.length}`);
  return { x: fieldFromBytes(bytes.subarray(0, 32)), y: fieldFromBytes(bytes.subarray(32)) };
}
