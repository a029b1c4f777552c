import { CasinoError } from '../errors.ts';
import type { LedgerReader } from './reader.ts';
import type { LedgerEntry } from './records.ts';

/** Row of `meta` that marks a ledger as stale; empty once it has been brought up to date under new terms. */
export const STALE_KEY = 'stale';
/** Row of `meta` with the highest terms under which the ledger takes a bet by its receipt alone. */
const FENCE_KEY = 'fence';

/** That a ledger may lack bets that were answered (docs/decisions/0030-backups-and-stale-ledgers.md). */
export interface StaleMark {
  /** When it was found out, in ms since the epoch. */
  sinceMs: number;
  /** In words. */
  reason: string;
}

export const staleValue = ({ sinceMs, reason }: StaleMark): string => JSON.stringify({ since_ms: sinceMs, reason });

/** Marks an open ledger as stale: the next start opens new terms before it takes a bet. */
export const staleEntry = (mark: StaleMark): LedgerEntry => ({ kind: 'meta', key: STALE_KEY, value: staleValue(mark) });

/** The mark of a stale ledger; undefined of one that knows all that was answered. */
export function staleMark(read: Pick<LedgerReader, 'meta'>): StaleMark | undefined {
  const value = read.meta(STALE_KEY) ?? '';
  if (value === '') return undefined;
  const { since_ms: sinceMs, reason } = JSON.parse(value) as { since_ms: number; reason: string };
  return { sinceMs, reason };
}

/** Ends a ledger's staleness: bets under terms up to `fence` are taken by their receipts alone from now on. */
export function fencedEntries(fence: number): LedgerEntry[] {
  return [
    { kind: 'meta', key: STALE_KEY, value: '' },
    { kind: 'meta', key: FENCE_KEY, value: fence.toString() },
  ];
}

/** The highest terms whose seeds may have been revealed without this ledger's knowledge; 0 for none. */
export function fenceOf(read: Pick<LedgerReader, 'meta'>): number {
  const fence = Number(read.meta(FENCE_KEY) ?? '0');
  if (Number.isSafeInteger(fence) && fence >= 0) return fence;
  throw new CasinoError('LEDGER_CORRUPT', 'the fence of the old terms is no number');
}
