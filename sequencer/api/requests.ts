import { type Address, isAddress } from '@solana/kit';
import { U64_LIMIT } from '../../protocol/constants.ts';
import { CasinoError } from '../errors.ts';

const DEFAULT_PAGE = 20;

export function parseU64(text: string, name: string): bigint {
  const value = BigInt(text);
  if (value >= U64_LIMIT) throw new CasinoError('BAD_REQUEST', `${name} does not fit 64 bits`);
  return value;
}

export function parseAddress(text: string): Address {
  if (!isAddress(text)) throw new CasinoError('BAD_REQUEST', 'user is not a Solana address');
  return text;
}

/** Rows of a page. */
export const pageLimit = (text: string | undefined): number => Number(text ?? DEFAULT_PAGE);

/** The times between which something is asked for, both included; left out, none is. `BAD_REQUEST` if they are the wrong way round. */
export function parseTimes({ from, to }: { from?: string; to?: string }): { fromMs: bigint; toMs: bigint } {
  const [fromMs, toMs] = [BigInt(from ?? 0), to === undefined ? END_OF_TIME : BigInt(to)];
  if (fromMs > toMs) throw new CasinoError('BAD_REQUEST', 'from is later than to');
  return { fromMs, toMs };
}

/** Later than anything, and an integer of SQLite still. */
const END_OF_TIME = (1n << 63n) - 1n;
