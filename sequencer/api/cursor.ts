import { CasinoError } from '../errors.ts';
import type { BetPosition } from '../ledger/lists.ts';

/**
 * Cursors: where a page ended, as text that clients hand back and need not understand. One letter for the order of the list, then its position
 * in bytes. They hold positions alone: a made-up one shows nothing that another could not.
 */
const LENGTHS = { time: 48, number: 8, row: 4 } as const;
type Order = keyof typeof LENGTHS;

const LETTERS: Record<Order, string> = { time: 't', number: 'n', row: 'r' };
/** What a cursor looks like, for the schemas. */
export const CURSOR_PATTERN = '^[tnr][A-Za-z0-9_-]{6,64}$';

/** `BAD_REQUEST` unless the text is a cursor of this order, in its one spelling. */
function decode(order: Order, text: string): Buffer {
  const bytes = Buffer.from(text.slice(1), 'base64url');
  if (bytes.length === LENGTHS[order] && encode(order, bytes) === text) return bytes;
  throw new CasinoError('BAD_REQUEST', 'cursor is none that this list gave; leave it out to begin anew');
}

const encode = (order: Order, bytes: Uint8Array): string => LETTERS[order] + Buffer.from(bytes).toString('base64url');

export function timeCursor({ timeMs, vault, betNumber }: BetPosition): string {
  const bytes = Buffer.alloc(LENGTHS.time);
  bytes.writeBigInt64BE(timeMs, 0);
  bytes.set(vault, 8);
  bytes.writeBigUInt64BE(betNumber, 40);
  return encode('time', bytes);
}

export function readTimeCursor(text: string): BetPosition {
  const bytes = decode('time', text);
  return { timeMs: bytes.readBigInt64BE(0), vault: new Uint8Array(bytes.subarray(8, 40)), betNumber: bytes.readBigUInt64BE(40) };
}

export function numberCursor(number: bigint): string {
  const bytes = Buffer.alloc(LENGTHS.number);
  bytes.writeBigUInt64BE(number);
  return encode('number', bytes);
}

export const readNumberCursor = (text: string): bigint => decode('number', text).readBigUInt64BE();

export function rowCursor(row: number): string {
  const bytes = Buffer.alloc(LENGTHS.row);
  bytes.writeUInt32BE(row);
  return encode('row', bytes);
}

export const readRowCursor = (text: string): number => decode('row', text).readUInt32BE();
