import type { CoinSide } from '../protocol/bet.ts';
import { fromHex } from '../protocol/bytes.ts';
import { U64_LIMIT } from '../protocol/constants.ts';
import { ClientError } from './errors.ts';

/** A message of the house: its exact bytes and the ed25519 signature over them. */
export interface SignedBytes {
  message: Uint8Array;
  signature: Uint8Array;
}

/** Largest signed message that the protocol knows, in bytes. */
const MAX_MESSAGE_BYTES = 1_024;
const DECIMAL = /^(0|[1-9][0-9]{0,19})$/;

/** Reads a JSON object from outside; every miss is `BAD_ANSWER` and names the field. */
export class JsonReader {
  readonly #fields: Record<string, unknown>;
  readonly #path: string;

  constructor(value: unknown, path: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(path, 'an object');
    this.#fields = value as Record<string, unknown>;
    this.#path = path;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#fields, name) && this.#fields[name] !== null;
  }

  raw(name: string): unknown {
    return Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined;
  }

  text(name: string): string {
    const value = this.raw(name);
    if (typeof value !== 'string') throw bad(this.#at(name), 'a text');
    return value;
  }

  /** A safe integer that is not negative. */
  integer(name: string): number {
    const value = this.raw(name);
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw bad(this.#at(name), 'a whole number');
    return value as number;
  }

  boolean(name: string): boolean {
    const value = this.raw(name);
    if (typeof value !== 'boolean') throw bad(this.#at(name), 'true or false');
    return value;
  }

  /** An unsigned integer of 64 bits, written as a decimal string. */
  u64(name: string): bigint {
    const text = this.text(name);
    const value = DECIMAL.test(text) ? BigInt(text) : U64_LIMIT;
    if (value >= U64_LIMIT) throw bad(this.#at(name), 'a 64-bit number as a decimal string');
    return value;
  }

  hex(name: string, length: number): Uint8Array {
    return hexField(this.text(name), { length, path: this.#at(name) });
  }

  side(name: string): CoinSide {
    const text = this.text(name);
    if (text !== 'heads' && text !== 'tails') throw bad(this.#at(name), "'heads' or 'tails'");
    return text === 'heads' ? 1 : 0;
  }

  object(name: string): JsonReader {
    return new JsonReader(this.raw(name), this.#at(name));
  }

  signed(name: string): SignedBytes {
    const inner = this.object(name);
    const text = inner.text('message');
    if (text.length % 2 !== 0 || text.length > 2 * MAX_MESSAGE_BYTES) throw bad(this.#at(name), 'a signed message');
    const message = hexField(text, { length: text.length / 2, path: this.#at(name) });
    return { message, signature: inner.hex('signature', 64) };
  }

  /** An array, each element read by `read`; longer ones than `most` are refused. */
  list<T>(name: string, input: { most: number; read: (value: unknown, path: string) => T }): T[] {
    const value = this.raw(name);
    if (!Array.isArray(value) || value.length > input.most) throw bad(this.#at(name), `a list of at most ${input.most}`);
    return value.map((element, index) => input.read(element, `${this.#at(name)}[${index}]`));
  }

  #at(name: string): string {
    return `${this.#path}.${name}`;
  }
}

/** Parses JSON text; `BAD_ANSWER` if it is not JSON. */
export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ClientError('BAD_ANSWER', `${path} is not JSON`, { cause });
  }
}

/** Bytes of a hex text of known length. */
export function hexField(value: unknown, { length, path }: { length: number; path: string }): Uint8Array {
  try {
    if (typeof value === 'string') return fromHex(value, length);
  } catch {}
  throw bad(path, `${length} bytes in lower-case hex`);
}

function bad(path: string, expected: string): ClientError {
  return new ClientError('BAD_ANSWER', `${path} should be ${expected}`);
}
