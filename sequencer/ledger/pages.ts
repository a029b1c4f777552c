import { CasinoError } from '../errors.ts';
import { addressOf } from './addresses.ts';
import type { LedgerReader } from './reader.ts';
import type { AuditRecord, BatchRecord, BetRecord, ConfigurationRecord, ReconciliationRecord, VoidRecord } from './records.ts';
import {
  type Row,
  readAudit,
  readBatchColumns,
  readConfiguration,
  readReconciliation,
  readRun,
  readVault,
  readVoid,
} from './rows.ts';
import { fromSql } from './schema.ts';

/**
 * Whole tables in the order of their keys, a bounded page at a time. Each page is a read of its own: a single one over a large table would
 * keep the write-ahead log of a running service from being taken in for as long as it takes. Every row is checked against its seal,
 * also those that the caller leaves out: a damaged time must not hide a row.
 */
export const PAGE_ROWS = 250;
/** Of rows that hold up to 1,000 named differences each. */
const REPORTS_PAGE_ROWS = 16;

/** A row of a table that counts its rows. */
export type Numbered<T> = T & { id: bigint };

const numbered =
  <T extends object>(read: (row: Row) => T) =>
  (row: Row): Numbered<T> => ({ ...read(row), id: fromSql(row.id) });

/**
 * By vault and bet number, wherever each bet lies by now: in the ledger or in an archive. A page is of one vault, and of one moment, for which
 * a bet is in exactly one of the two. `LEDGER_CORRUPT` if one of a vault's bets is in neither.
 */
export function* betPages(read: LedgerReader): Generator<BetRecord[]> {
  const vaultPages = pagesOf(read, { table: 'vaults', key: ['vault'], limit: PAGE_ROWS, convert: (rows) => rows.map(readVault) });
  for (const vaults of vaultPages) {
    for (const { vault, lastBet } of vaults) {
      for (let first = 1n; first <= lastBet; first += BigInt(PAGE_ROWS)) {
        const full = first + BigInt(PAGE_ROWS) - 1n;
        const range = { first, last: full < lastBet ? full : lastBet };
        const bets = read.together(() => read.bets(vault, range));
        const isWhole = bets.every(({ betNumber }, index) => betNumber === first + BigInt(index));
        if (!isWhole || BigInt(bets.length) !== range.last - first + 1n) {
          const message = `bets ${first} to ${range.last} of vault ${addressOf(vault)} are not all there`;
          throw new CasinoError('LEDGER_CORRUPT', message);
        }
        yield bets;
      }
    }
  }
}

/** By number, each with its runs as of the same moment. */
export const batchPages = (read: LedgerReader): Generator<BatchRecord[]> =>
  pagesOf(read, { table: 'batches', key: ['batch_number'], limit: PAGE_ROWS / 10, convert: (rows) => withRuns(read, rows) });

/** The state changes of all batches, in the order in which they happened. */
export const historyPages = (read: LedgerReader): Generator<Numbered<AuditRecord>[]> =>
  pagesOf(read, { table: 'audit', key: ['id'], limit: PAGE_ROWS, convert: (rows) => rows.map(numbered(readAudit)) });

export const voidPages = (read: LedgerReader): Generator<VoidRecord[]> =>
  pagesOf(read, { table: 'voided_vaults', key: ['vault'], limit: PAGE_ROWS, convert: (rows) => rows.map(readVoid) });

export const reconciliationPages = (read: LedgerReader): Generator<Numbered<ReconciliationRecord>[]> => {
  const convert = (rows: Row[]) => rows.map(numbered(readReconciliation));
  return pagesOf(read, { table: 'reconciliations', key: ['id'], limit: REPORTS_PAGE_ROWS, convert });
};

export const configurationPages = (read: LedgerReader): Generator<Numbered<ConfigurationRecord>[]> => {
  const convert = (rows: Row[]) => rows.map(numbered(readConfiguration));
  return pagesOf(read, { table: 'configurations', key: ['id'], limit: PAGE_ROWS, convert });
};

function* pagesOf<T>(
  read: LedgerReader,
  options: { table: string; key: readonly string[]; limit: number; convert(rows: Row[]): T[] },
): Generator<T[]> {
  const { table, key, limit, convert } = options;
  for (let after: Row | undefined; ; ) {
    const { rows, records } = read.together(() => {
      const found = read.page(table, { key, after, limit });
      return { rows: found, records: convert(found) };
    });
    if (records.length > 0) yield records;
    if (rows.length < limit) return;
    after = rows.at(-1);
  }
}

function withRuns(read: LedgerReader, rows: readonly Row[]): BatchRecord[] {
  return rows.map((row) => ({ ...readBatchColumns(row), runs: read.runsOf(row.batch_number as bigint).map(readRun) }));
}
