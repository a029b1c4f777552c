import { fromBase58 } from './base58.ts';
import type { CoinSide } from './bet.ts';
import { fromHex } from './bytes.ts';
import { fieldFromBytes } from './field.ts';

/**
 * Why a text is not a receipt file, append-only: `NOT_JSON`, `TOO_LARGE`, `UNKNOWN_FORMAT` another kind of file, `UNKNOWN_VERSION` a
 * later one, `BAD_FIELD` a field missing or of another shape, `UNKNOWN_FIELD` one that the format does not have, `NOT_CANONICAL` the same
 * fields written in another way.
 */
export type ReceiptFileErrorCode =
  | 'NOT_JSON'
  | 'TOO_LARGE'
  | 'UNKNOWN_FORMAT'
  | 'UNKNOWN_VERSION'
  | 'BAD_FIELD'
  | 'UNKNOWN_FIELD'
  | 'NOT_CANONICAL';

/** A text that is not a receipt file; the message names the field. */
export class ReceiptFileError extends Error {
  readonly code: ReceiptFileErrorCode;

  constructor(code: ReceiptFileErrorCode, message: string) {
    super(message);
    this.name = 'ReceiptFileError';
    this.code = code;
  }
}

/** Reads the fields of one object; every miss names the field by its path. */
export class Fields {
  readonly path: string;
  readonly #fields: Record<string, unknown>;
  readonly #unread: Set<string>;

  constructor(value: unknown, path: string) {
    this.path = path;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new ReceiptFileError('BAD_FIELD', `${path === '' ? 'the file' : path.slice(0, -1)} is not an object`);
    }
    this.#fields = value as Record<string, unknown>;
    this.#unread = new Set(Object.keys(value));
  }

  raw(name: string): unknown {
    this.#unread.delete(name);
    if (!Object.hasOwn(this.#fields, name)) throw this.bad(name, 'there');
    return this.#fields[name];
  }

  object(name: string): Fields {
    return new Fields(this.raw(name), `${this.path}${name}.`);
  }

  matching(name: string, { pattern, expected }: { pattern: RegExp; expected: string }): string {
    const value = this.raw(name);
    if (typeof value !== 'string' || !pattern.test(value)) throw this.bad(name, expected);
    return value;
  }

  /** An unsigned number as a decimal string. */
  number(name: string, { from, below }: { from: bigint; below: bigint }): bigint {
    const expected = `a number from ${from} and below ${below} as a decimal string`;
    const value = BigInt(this.matching(name, { pattern: /^(0|[1-9][0-9]{0,19})$/, expected }));
    if (value < from || value >= below) throw this.bad(name, expected);
    return value;
  }

  /** A JSON number from 1 that fits 32 bits. */
  small(name: string): number {
    const value = this.raw(name);
    if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > 0xffff_ffff)
      throw this.bad(name, 'a 32-bit number');
    return value as number;
  }

  side(name: string): CoinSide {
    return this.matching(name, { pattern: /^(heads|tails)$/, expected: "'heads' or 'tails'" }) === 'heads' ? 1 : 0;
  }

  hex(name: string, length: number): Uint8Array {
    const expected = `${length} bytes in lower-case hex`;
    return this.#decoded(name, { expected, decode: (text) => fromHex(text, length) });
  }

  anyHex(name: string, mostBytes: number): Uint8Array {
    const expected = `at most ${mostBytes} bytes in lower-case hex`;
    const decode = (text: string) => fromHex(text, Math.min(mostBytes, Math.floor(text.length / 2)));
    return this.#decoded(name, { expected, decode });
  }

  field(name: string): bigint {
    return this.#decoded(name, { expected: 'a canonical field element', decode: (text) => fieldFromBytes(fromHex(text, 32)) });
  }

  base58(name: string, length: number): string {
    const decode = (text: string) => {
      fromBase58(text, length);
      return text;
    };
    return this.#decoded(name, { expected: `${length} bytes in base58`, decode });
  }

  /** Refuses fields that were not read. */
  finish(): void {
    const [unknown] = this.#unread;
    if (unknown !== undefined) {
      throw new ReceiptFileError(
        'UNKNOWN_FIELD',
        `the format has no field ${JSON.stringify(`${this.path}${unknown}`.slice(0, 60))}`,
      );
    }
  }

  bad(name: string, expected: string): ReceiptFileError {
    return new ReceiptFileError('BAD_FIELD', `${this.path}${name} is not ${expected}`);
  }

  #decoded<T>(name: string, input: { expected: string; decode: (text: string) => T }): T {
    const value = this.raw(name);
    try {
      if (typeof value === 'string') return input.decode(value);
    } catch {}
    throw this.bad(name, input.expected);
  }
}
