import type { Queries } from './queries.ts';
import type { BatchRecord, BetRecord, RunRecord } from './records.ts';
import { readBatchColumns, readBet, readRun } from './rows.ts';
import { fromSql, toSql } from './schema.ts';

/** Where a bet stands in the order of all bets of the ledger. */
export interface BetPosition {
  timeMs: bigint;
  vault: Uint8Array;
  betNumber: bigint;
}

/** A batch without its runs. */
export type BatchColumns = Omit<BatchRecord, 'runs'>;

/** What lists of bets and batches are made of: each read is of so many rows, however many there are. */
export class LedgerLists {
  readonly #queries: Queries;

  constructor(queries: Queries) {
    this.#queries = queries;
  }

  /** The newest bets of all vaults that come before a position, newest first; those in archives are not among them. */
  betsBefore(position: BetPosition, limit: number): BetRecord[] {
    const { timeMs, vault, betNumber } = position;
    const sql = `SELECT * FROM bets WHERE (time_ms, vault, bet_number) < (?, ?, ?)
      ORDER BY time_ms DESC, vault DESC, bet_number DESC LIMIT ?`;
    return this.#queries.all('bets', sql, timeMs, vault, toSql(betNumber), limit).map(readBet);
  }

  /** The last run of a vault that begins at a bet or before it, and the batch that it is in. */
  runBefore(vault: Uint8Array, betNumber: bigint): { run: RunRecord; batchNumber: bigint } | undefined {
    const sql = 'SELECT * FROM batch_runs WHERE vault = ? AND first_bet <= ? ORDER BY first_bet DESC LIMIT 1';
    const row = this.#queries.all('batch_runs', sql, vault, toSql(betNumber))[0];
    return row && { run: readRun(row), batchNumber: fromSql(row.batch_number) };
  }

  batch(batchNumber: bigint): BatchColumns | undefined {
    return this.#queries
      .all('batches', 'SELECT * FROM batches WHERE batch_number = ?', toSql(batchNumber))
      .map(readBatchColumns)[0];
  }

  /** Newest first, below `before`. */
  batches(options: { before: bigint; limit: number }): BatchColumns[] {
    const sql = 'SELECT * FROM batches WHERE batch_number < ? ORDER BY batch_number DESC LIMIT ?';
    return this.#queries.all('batches', sql, toSql(options.before), options.limit).map(readBatchColumns);
  }

  /** A batch's runs, by slot. */
  runs(batchNumber: bigint): RunRecord[] {
    const sql = 'SELECT * FROM batch_runs WHERE batch_number = ? ORDER BY slot';
    return this.#queries.all('batch_runs', sql, toSql(batchNumber)).map(readRun);
  }
}
