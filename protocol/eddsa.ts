import { hmac } from '@noble/hashes/hmac.js';
import { sha512 } from '@noble/hashes/sha2.js';
import {
  BASE8,
  isOnCurve,
  multiplyBase8,
  type Point,
  pointFromBytes,
  pointToBytes,
  SUBGROUP_ORDER,
  toCurve,
} from './babyjubjub.ts';
import { concat } from './bytes.ts';
import { ProtocolError } from './errors.ts';
import { bytesToInteger, fieldToBytes, integerToBytes } from './field.ts';
import { poseidon } from './kernel.ts';

/** An EdDSA-Poseidon signature over BabyJubJub (circomlib's EdDSAPoseidon): `S * Base8 = R8 + h * 8 * A`. */
export interface SessionSignature {
  r8: Point;
  s: bigint;
}

export interface SigningKey {
  /** In [1, l). */
  scalar: bigint;
  publicKey: Point;
  /** 32 secret bytes that make each signature's nonce, so a retry signs the same bytes. */
  nonceKey: Uint8Array;
}

/** Signs a field element, deterministically. */
export function signEddsa(key: SigningKey, message: bigint): SessionSignature {
  const rho = bytesToInteger(hmac(sha512, key.nonceKey, fieldToBytes(message))) % SUBGROUP_ORDER;
  if (rho === 0n) throw new ProtocolError('BAD_VALUE', 'the nonce is zero');
  const r8 = multiplyBase8(rho);
  const challenge = poseidon([r8.x, r8.y, key.publicKey.x, key.publicKey.y, message]);
  return { r8, s: (rho + 8n * challenge * key.scalar) % SUBGROUP_ORDER };
}

/**
 * Accepts exactly what the circuit accepts: canonical S, A and R8 on the curve, 8 A not the identity, and the equation. An A
 * outside the subgroup passes here; who opens a vault refuses it (`isInSubgroup`).
 */
export function verifyEddsa(input: { publicKey: Point; signature: SessionSignature; message: bigint }): boolean {
  const { publicKey, signature, message } = input;
  if (signature.s < 0n || signature.s >= SUBGROUP_ORDER) return false;
  if (!isOnCurve(publicKey) || !isOnCurve(signature.r8)) return false;
  const eightA = toCurve(publicKey).double().double().double();
  if (eightA.is0()) return false;
  const challenge = poseidon([signature.r8.x, signature.r8.y, publicKey.x, publicKey.y, message]);
  const left = toCurve(BASE8).multiplyUnsafe(signature.s);
  // 8 A has order l, so its multiplier counts mod l.
  const right = toCurve(signature.r8).add(eightA.multiplyUnsafe(challenge % SUBGROUP_ORDER));
  return left.equals(right);
}

/** `R8x || R8y || S`, 96 bytes. */
export function signatureToBytes(signature: SessionSignature): Uint8Array {
  return concat([pointToBytes(signature.r8), integerToBytes(signature.s)]);
}

/** Signature of 96 bytes; refuses a scalar at or above l. */
export function signatureFromBytes(bytes: Uint8Array): SessionSignature {
  if (bytes.length !== 96) throw new ProtocolError('BAD_LENGTH', `a signature has 96 bytes, got ${bytes.length}`);
  const s = bytesToInteger(bytes.subarray(64));
  if (s >= SUBGROUP_ORDER) throw new ProtocolError('NOT_CANONICAL', 'S is not below the subgroup order');
  return { r8: pointFromBytes(bytes.subarray(0, 64)), s };
}
