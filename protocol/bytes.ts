import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { ProtocolError } from './errors.ts';
import { fieldFromBytes, fieldToBytes } from './field.ts';

/** Writes the fixed layouts of docs/reference/layouts.md: integers little endian, field elements big endian. */
export class ByteWriter {
  readonly #parts: Uint8Array[] = [];

  /** Appends raw bytes; with `length`, refuses any other length (`BAD_LENGTH`). */
  bytes(value: Uint8Array, length?: number): this {
    if (length !== undefined && value.length !== length) {
      throw new ProtocolError('BAD_LENGTH', `expected ${length} bytes, got ${value.length}`);
    }
    this.#parts.push(Uint8Array.from(value));
    return this;
  }

  ascii(text: string): this {
    return this.bytes(new TextEncoder().encode(text));
  }

  /** Appends an unsigned integer of `width` bytes; `NOT_CANONICAL` if it does not fit. */
  uint(value: bigint | number, width: number): this {
    const wide = BigInt(value);
    if (wide < 0n || wide >> BigInt(8 * width) !== 0n) {
      throw new ProtocolError('NOT_CANONICAL', `${wide} does not fit an unsigned integer of ${8 * width} bits`);
    }
    const out = new Uint8Array(width);
    for (let index = 0, rest = wide; index < width; index += 1, rest >>= 8n) {
      out[index] = Number(rest & 0xffn);
    }
    this.#parts.push(out);
    return this;
  }

  u8(value: number): this {
    return this.uint(value, 1);
  }

  u16(value: number): this {
    return this.uint(value, 2);
  }

  u32(value: number): this {
    return this.uint(value, 4);
  }

  u64(value: bigint): this {
    return this.uint(value, 8);
  }

  /** Appends a signed integer of 64 bits, two's complement. */
  i64(value: bigint): this {
    if (value < -(1n << 63n) || value >= 1n << 63n) {
      throw new ProtocolError('NOT_CANONICAL', `${value} does not fit a signed integer of 64 bits`);
    }
    return this.u64(BigInt.asUintN(64, value));
  }

  /** Appends a field element, 32 bytes big endian. */
  field(value: bigint): this {
    return this.bytes(fieldToBytes(value));
  }

  finish(): Uint8Array {
    return concat(this.#parts);
  }
}

/** Reads what ByteWriter wrote; refuses missing bytes at once and bytes left over at `finish`. */
export class ByteReader {
  readonly #source: Uint8Array;
  #offset = 0;

  constructor(source: Uint8Array) {
    // A plain view: slicing a Node Buffer would share its memory.
    this.#source = new Uint8Array(source.buffer, source.byteOffset, source.length);
  }

  bytes(length: number): Uint8Array {
    if (this.#offset + length > this.#source.length) {
      throw new ProtocolError('BAD_LENGTH', `${length} bytes expected at offset ${this.#offset} of ${this.#source.length}`);
    }
    this.#offset += length;
    return this.#source.slice(this.#offset - length, this.#offset);
  }

  uint(width: number): bigint {
    let value = 0n;
    for (const byte of this.bytes(width).reverse()) value = (value << 8n) | BigInt(byte);
    return value;
  }

  u8(): number {
    return Number(this.uint(1));
  }

  u16(): number {
    return Number(this.uint(2));
  }

  u32(): number {
    return Number(this.uint(4));
  }

  u64(): bigint {
    return this.uint(8);
  }

  i64(): bigint {
    return BigInt.asIntN(64, this.uint(8));
  }

  field(): bigint {
    return fieldFromBytes(this.bytes(32));
  }

  /** Reads a byte that is 0 or 1. */
  bit(name: string): 0 | 1 {
    const value = this.u8();
    if (value !== 0 && value !== 1) throw new ProtocolError('BAD_VALUE', `${name} must be 0 or 1, not ${value}`);
    return value;
  }

  /** Reads bytes that must be zero. */
  zeros(length: number): void {
    if (this.bytes(length).some((byte) => byte !== 0)) throw new ProtocolError('BAD_VALUE', 'reserved bytes must be zero');
  }

  /** Reads an ASCII tag; `BAD_TAG` if it is another. */
  tag(expected: string): void {
    const found = new TextDecoder('latin1').decode(this.bytes(expected.length));
    if (found !== expected) throw new ProtocolError('BAD_TAG', `expected tag ${expected}`);
  }

  finish(): void {
    const left = this.#source.length - this.#offset;
    if (left !== 0) throw new ProtocolError('BAD_LENGTH', `${left} bytes left over`);
  }
}

/** Joins byte strings. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

/** Compares two byte strings as unsigned bytes, like the program orders addresses. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index += 1) {
    const difference = (a[index] as number) - (b[index] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Lower-case hex of the bytes. */
export const toHex = (bytes: Uint8Array): string => bytesToHex(bytes);
/** A field element's 32 bytes in lower-case hex. */
export const fieldToHex = (value: bigint): string => toHex(fieldToBytes(value));

/** Parses lower-case hex of exactly `length` bytes; `BAD_LENGTH` or `BAD_VALUE` otherwise. */
export function fromHex(text: string, length: number): Uint8Array {
  if (text.length !== 2 * length) throw new ProtocolError('BAD_LENGTH', `expected ${2 * length} hex digits, got ${text.length}`);
  if (!/^[0-9a-f]*$/.test(text)) throw new ProtocolError('BAD_VALUE', 'expected lower-case hex digits');
  return hexToBytes(text);
}
