import { ProtocolError } from './errors.ts';

/** Order r of BN254's scalar field Fr. */
export const FIELD_ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;

/** Refuses what is not a canonical field element (`NOT_CANONICAL`), else returns it. */
export function assertField(value: bigint, name = 'field element'): bigint {
  if (value < 0n || value >= FIELD_ORDER) throw new ProtocolError('NOT_CANONICAL', `${name} is not below the field order`);
  return value;
}

/** Residue in [0, r) of any integer. */
export function reduce(value: bigint): bigint {
  const rest = value % FIELD_ORDER;
  return rest < 0n ? rest + FIELD_ORDER : rest;
}

/** Integer of big-endian bytes of any length. */
export function bytesToInteger(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}

/** 32 big-endian bytes of a value below 2^256. */
export function integerToBytes(value: bigint): Uint8Array {
  if (value < 0n || value >> 256n !== 0n) throw new ProtocolError('NOT_CANONICAL', 'value does not fit 32 bytes');
  const out = new Uint8Array(32);
  for (let index = 31, rest = value; rest > 0n; index -= 1, rest >>= 8n) out[index] = Number(rest & 0xffn);
  return out;
}

/** 32 big-endian bytes of a canonical field element. */
export function fieldToBytes(value: bigint): Uint8Array {
  return integerToBytes(assertField(value));
}

/** Field element of 32 big-endian bytes; `BAD_LENGTH` or `NOT_CANONICAL` otherwise. */
export function fieldFromBytes(bytes: Uint8Array): bigint {
  if (bytes.length !== 32) throw new ProtocolError('BAD_LENGTH', `a field element has 32 bytes, got ${bytes.length}`);
  return assertField(bytesToInteger(bytes));
}

/** The two 128-bit limbs of a 32-byte value, high first: how an address or a hash enters Poseidon. */
export function limbs(bytes: Uint8Array): [high: bigint, low: bigint] {
  if (bytes.length !== 32) throw new ProtocolError('BAD_LENGTH', `expected 32 bytes, got ${bytes.length}`);
  return [bytesToInteger(bytes.subarray(0, 16)), bytesToInteger(bytes.subarray(16))];
}

/** `base ** exponent` mod r. */
export function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = reduce(base), rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % FIELD_ORDER;
    square = (square * square) % FIELD_ORDER;
  }
  return result;
}

/** Multiplicative inverse mod r; zero has none (`BAD_VALUE`). */
export function inverse(value: bigint): bigint {
  if (reduce(value) === 0n) throw new ProtocolError('BAD_VALUE', 'zero has no inverse');
  return power(value, FIELD_ORDER - 2n);
}

/** Legendre symbol of a field element: 1 for a non-zero square, -1 for a non-square, 0 for zero. */
export function legendre(value: bigint): -1 | 0 | 1 {
  const symbol = power(assertField(value), (FIELD_ORDER - 1n) / 2n);
  return symbol === 0n ? 0 : symbol === 1n ? 1 : -1;
}

const TWO_ADICITY = 28n;
const ODD_PART = (FIELD_ORDER - 1n) >> TWO_ADICITY;
/** 5 is the least non-residue mod r, so 5^odd generates the 2-Sylow subgroup. */
const SYLOW_GENERATOR = power(5n, ODD_PART);

/** The smaller square root of a field element, or undefined if it has none (Tonelli and Shanks). */
export function squareRoot(value: bigint): bigint | undefined {
  if (assertField(value) === 0n) return 0n;
  if (legendre(value) !== 1) return undefined;
  let order = TWO_ADICITY;
  let generator = SYLOW_GENERATOR;
  let residue = power(value, ODD_PART);
  let root = power(value, (ODD_PART + 1n) / 2n);
  while (residue !== 1n) {
    let exponent = 0n;
    for (let square = residue; square !== 1n; exponent += 1n) square = (square * square) % FIELD_ORDER;
    const factor = power(generator, 1n << (order - exponent - 1n));
    order = exponent;
    generator = (factor * factor) % FIELD_ORDER;
    residue = (residue * generator) % FIELD_ORDER;
    root = (root * factor) % FIELD_ORDER;
  }
  return root <= FIELD_ORDER - root ? root : FIELD_ORDER - root;
}
