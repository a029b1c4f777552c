import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ArchiveDirectory, type ArchiveFiles } from '../archive/files.ts';
import type { CasinoError } from '../errors.ts';
import { ArchivedBets } from './archived.ts';
import { ledgerFault } from './faults.ts';
import { LedgerLists } from './lists.ts';
import type { Cell } from './queries.ts';
import type {
  AuditRecord,
  BatchRecord,
  BetRecord,
  ConfigurationRecord,
  LeaderRecord,
  LimitRecord,
  QuarantineRecord,
  ReconciliationRecord,
  RefusalRecord,
  VaultRecord,
  VoidRecord,
} from './records.ts';
import {
  type Row,
  readAudit,
  readBatchColumns,
  readBet,
  readConfiguration,
  readQuarantine,
  readReconciliation,
  readRun,
  readVault,
  readVoid,
} from './rows.ts';
import { fromSql, requireSchema, toSql } from './schema.ts';
import { sealedRow } from './seals.ts';
import { Statements } from './statements.ts';

/**
 * Reads what is durable, over a read-only connection of its own: a reader never sees an uncommitted bet. Every row is checked against
 * its seal: `LEDGER_CORRUPT`, told to `onFailure` too, if it is not what was written. Bets that have moved to archives are read from there;
 * where that can not be, `ARCHIVE_MISSING` or `ARCHIVE_CORRUPT` is that bet's answer and nobody else's.
 */
export class LedgerReader {
  readonly #path: string;
  readonly #onFailure: ((error: CasinoError) => void) | undefined;
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  readonly archives: ArchivedBets;
  readonly lists: LedgerLists;

  /** `ledger`: the path of one, its archives beside it, or one that is open, whose archives are `files`. */
  constructor(ledger: string | { database: DatabaseSync; files: ArchiveFiles }, onFailure?: (error: CasinoError) => void) {
    const isPath = typeof ledger === 'string';
    this.#path = isPath ? ledger : 'the ledger';
    this.#onFailure = onFailure;
    this.#database = isPath ? new DatabaseSync(ledger, { readOnly: true }) : ledger.database;
    this.#statements = new Statements(this.#database);
    const files = isPath ? new ArchiveDirectory(join(dirname(ledger), 'archive')) : ledger.files;
    const queries = { all: this.#all.bind(this), parts: this.#rows.bind(this) };
    this.archives = new ArchivedBets(queries, files);
    this.lists = new LedgerLists(queries);
  }

  /** The ledger of another process, or of one that has ended; `CONFIG_INVALID` if its tables are of another version. */
  static open(path: string): LedgerReader {
    const reader = new LedgerReader(path);
    try {
      requireSchema(reader.#database);
      return reader;
    } catch (error) {
      reader.close();
      throw error;
    }
  }

  close(): void {
    this.archives.close();
    this.#database.close();
  }

  meta(key: string): string | undefined {
    return this.#get('meta', 'SELECT * FROM meta WHERE key = ?', key)?.value as string | undefined;
  }

  vaultByOwner(owner: Uint8Array): VaultRecord | undefined {
    return optional(this.#get('vaults', 'SELECT * FROM vaults WHERE owner = ?', owner), readVault);
  }

  vault(vault: Uint8Array): VaultRecord | undefined {
    return optional(this.#get('vaults', 'SELECT * FROM vaults WHERE vault = ?', vault), readVault);
  }

  vaults(): VaultRecord[] {
    return this.#all('vaults', 'SELECT * FROM vaults ORDER BY vault').map(readVault);
  }

  /** Vaults with bets that are in no batch, the longest waiting first; those in quarantine left out. */
  waitingVaults(limit: number): { record: VaultRecord; waitingSinceMs: number }[] {
    const sql = `SELECT vaults.*, bets.time_ms AS since FROM vaults JOIN bets
      ON bets.vault = vaults.vault AND bets.bet_number = vaults.batched_through + 1
      WHERE vaults.batched_through < vaults.last_bet AND vaults.vault NOT IN (SELECT vault FROM quarantine) ORDER BY bets.time_ms LIMIT ?`;
    return this.#rows(sql, limit).map(({ since, ...row }) => ({
      record: readVault(this.#sealed('vaults', row)),
      waitingSinceMs: Number(since),
    }));
  }

  /** How many bets are in no batch, of vaults that are not in quarantine. */
  waitingBets(): number {
    const sql = `SELECT coalesce(sum(last_bet - batched_through), 0) AS bets FROM vaults
      WHERE batched_through < last_bet AND vault NOT IN (SELECT vault FROM quarantine)`;
    return Number(this.#rows(sql)[0]?.bets ?? 0n);
  }

  /** How many bets were ever taken. */
  betCount(): number {
    return Number(this.#rows('SELECT coalesce(sum(last_bet), 0) AS bets FROM vaults')[0]?.bets ?? 0n);
  }

  bet(vault: Uint8Array, betNumber: bigint): BetRecord | undefined {
    const row = this.#get('bets', 'SELECT * FROM bets WHERE vault = ? AND bet_number = ?', vault, toSql(betNumber));
    return row ? readBet(row) : this.archives.bet(vault, betNumber);
  }

  betByHead(head: Uint8Array): BetRecord | undefined {
    const row = this.#get('bets', 'SELECT * FROM bets WHERE head = ?', head);
    return row ? readBet(row) : this.archives.byHead(head);
  }

  /** A vault's bets `first .. last`, in order. */
  bets(vault: Uint8Array, range: { first: bigint; last: bigint }): BetRecord[] {
    const bets = this.hotBets(vault, range);
    if (BigInt(bets.length) > range.last - range.first) return bets;
    const archived = this.archives.bets(vault, range);
    if (archived.length === 0) return bets;
    return [...archived, ...bets].sort((a, b) => (a.betNumber < b.betNumber ? -1 : 1));
  }

  /** Those of a vault's bets `first .. last` that are in the ledger itself, in order. */
  hotBets(vault: Uint8Array, range: { first: bigint; last: bigint }): BetRecord[] {
    const sql = 'SELECT * FROM bets WHERE vault = ? AND bet_number BETWEEN ? AND ? ORDER BY bet_number';
    return this.#all('bets', sql, vault, toSql(range.first), toSql(range.last)).map(readBet);
  }

  /** Refusals of a vault's bets beyond a number: heads that must never be taken. */
  refusals(vault: Uint8Array, beyondBet: bigint): RefusalRecord[] {
    return this.#all('refusals', 'SELECT * FROM refusals WHERE vault = ? AND bet_number > ?', vault, toSql(beyondBet)).map(
      (row) => ({
        vault: row.vault as Uint8Array,
        head: row.head as Uint8Array,
        betNumber: fromSql(row.bet_number),
        code: Number(row.code),
        signature: row.signature as Uint8Array,
      }),
    );
  }

  /** Limits of a vault that reach beyond a bet number. */
  limits(vault: Uint8Array, beyondBet: bigint): LimitRecord[] {
    return this.#all('limits', 'SELECT * FROM limits WHERE vault = ? AND through_bet > ?', vault, toSql(beyondBet)).map(
      (row) => ({
        vault: row.vault as Uint8Array,
        termsId: Number(row.terms_id),
        maxStakeUnits: fromSql(row.max_stake_units),
        throughBet: fromSql(row.through_bet),
        signature: row.signature as Uint8Array,
      }),
    );
  }

  quarantine(vault: Uint8Array): QuarantineRecord | undefined {
    return optional(this.#get('quarantine', 'SELECT * FROM quarantine WHERE vault = ?', vault), readQuarantine);
  }

  /** What a vault's forced exit has voided, if it did. */
  voided(vault: Uint8Array): VoidRecord | undefined {
    return optional(this.#get('voided_vaults', 'SELECT * FROM voided_vaults WHERE vault = ?', vault), readVoid);
  }

  voidedVaults(): VoidRecord[] {
    return this.#all('voided_vaults', 'SELECT * FROM voided_vaults ORDER BY vault').map(readVoid);
  }

  leaders(): LeaderRecord[] {
    return this.#all('leaders', 'SELECT * FROM leaders ORDER BY epoch').map((row) => ({
      epoch: fromSql(row.epoch),
      nonce: fromSql(row.nonce),
      finalized: row.finalized === 1n,
    }));
  }

  batch(batchNumber: bigint): BatchRecord | undefined {
    return optional(this.#get('batches', 'SELECT * FROM batches WHERE batch_number = ?', toSql(batchNumber)), (row) =>
      this.#readBatch(row),
    );
  }

  /** Newest first, below `before`. */
  batches(options: { before: bigint; limit: number }): BatchRecord[] {
    return this.lists.batches(options).map((batch) => ({ ...batch, runs: this.lists.runs(batch.batchNumber) }));
  }

  /** Finalized batches beyond `after`, in order, up to the first that is not. */
  finalizedBatches(options: { after: bigint; limit: number }): BatchRecord[] {
    const sql = 'SELECT * FROM batches WHERE batch_number > ? ORDER BY batch_number LIMIT ?';
    const rows = this.#all('batches', sql, toSql(options.after), options.limit);
    const end = rows.findIndex(({ state }) => state !== 'Finalized');
    return rows.slice(0, end < 0 ? rows.length : end).map((row) => this.#readBatch(row));
  }

  /** Batches that are not finalized, in order. */
  unfinishedBatches(): BatchRecord[] {
    return this.#all('batches', "SELECT * FROM batches WHERE state <> 'Finalized' ORDER BY batch_number").map((row) =>
      this.#readBatch(row),
    );
  }

  /** The newest finalized batch and when it was seen to be. */
  lastFinalized(): { batchNumber: bigint; atMs: number } | undefined {
    const sql = "SELECT * FROM batches WHERE state = 'Finalized' ORDER BY batch_number DESC LIMIT 1";
    return optional(this.#get('batches', sql), (row) => ({
      batchNumber: fromSql(row.batch_number),
      atMs: Number(row.finalized_at_ms ?? 0n),
    }));
  }

  lastBatchNumber(): bigint {
    return fromSql(this.#get('batches', 'SELECT * FROM batches ORDER BY batch_number DESC LIMIT 1')?.batch_number ?? 0n);
  }

  /** The batch that holds a bet, if one does. */
  batchOfBet(vault: Uint8Array, betNumber: bigint): BatchRecord | undefined {
    const found = this.lists.runBefore(vault, betNumber);
    return found && betNumber < found.run.firstBet + BigInt(found.run.betCount) ? this.batch(found.batchNumber) : undefined;
  }

  /** Signatures of transfers of a vault that were signed after this bet was its last settled one, newest first. */
  transferSignatures(vault: Uint8Array, lastBet: bigint): string[] {
    const sql = 'SELECT * FROM transfers WHERE vault = ? AND last_bet = ? ORDER BY transfer_number DESC';
    return this.#all('transfers', sql, vault, toSql(lastBet)).map((row) => row.signature as string);
  }

  /** Transfers numbered below `before`, newest first: about `limit` rows, and all signatures of the last number among them. */
  transfers(options: { before: bigint; limit: number }): { transferNumber: bigint; signature: string }[] {
    const sql = `SELECT DISTINCT transfer_number, signature FROM transfers WHERE transfer_number < ?1 AND transfer_number >= coalesce(
        (SELECT min(transfer_number) FROM (SELECT transfer_number FROM transfers WHERE transfer_number < ?1
          ORDER BY transfer_number DESC LIMIT ?2)), 0) ORDER BY transfer_number DESC`;
    return this.#rows(sql, toSql(options.before), options.limit).map((row) => ({
      transferNumber: fromSql(row.transfer_number),
      signature: row.signature as string,
    }));
  }

  lastTransferNumber(): bigint {
    return fromSql(this.#rows('SELECT coalesce(max(transfer_number), 0) AS last FROM transfers')[0]?.last ?? 0n);
  }

  /** Whether a vault's request was ever to be paid, by a run or a transfer. */
  wasPaid(vault: Uint8Array): boolean {
    const sql = `SELECT EXISTS (SELECT 1 FROM transfers WHERE vault = ?1)
      OR EXISTS (SELECT 1 FROM batch_runs WHERE vault = ?1 AND pay_request = 1) AS paid`;
    return this.#rows(sql, vault)[0]?.paid === 1n;
  }

  auditTrail(batchNumber: bigint): AuditRecord[] {
    return this.#all('audit', 'SELECT * FROM audit WHERE batch_number = ? ORDER BY id', toSql(batchNumber)).map(readAudit);
  }

  /** The newest reconciliation that was stored. */
  lastReconciliation(): ReconciliationRecord | undefined {
    return optional(this.#get('reconciliations', 'SELECT * FROM reconciliations ORDER BY id DESC LIMIT 1'), readReconciliation);
  }

  /** The settings of the newest start whose settings were new. */
  lastConfiguration(): ConfigurationRecord | undefined {
    return optional(this.#get('configurations', 'SELECT * FROM configurations ORDER BY id DESC LIMIT 1'), readConfiguration);
  }

  /** A page of a table in the order of its key, beyond the key of another row: whole rows, each as it was written. */
  page(table: string, options: { key: readonly string[]; after: Row | undefined; limit: number }): Row[] {
    const { key, after, limit } = options;
    const order = key.join(', ');
    const beyond = after ? `WHERE (${order}) > (${key.map(() => '?').join(', ')})` : '';
    const cells = after ? key.map((column) => after[column] as Cell) : [];
    return this.#all(table, `SELECT * FROM ${table} ${beyond} ORDER BY ${order} LIMIT ?`, ...cells, limit);
  }

  /** Reads several things as of one moment. Short: while it lasts, the write-ahead log can not be taken in. */
  together<T>(read: () => T): T {
    this.#checked(() => this.#database.exec('BEGIN'));
    try {
      return read();
    } finally {
      this.#database.exec('ROLLBACK');
    }
  }

  /** The rows of a batch's runs, by slot. */
  runsOf(batchNumber: bigint): Row[] {
    return this.#all('batch_runs', 'SELECT * FROM batch_runs WHERE batch_number = ? ORDER BY slot', batchNumber);
  }

  #readBatch(row: Row): BatchRecord {
    return { ...readBatchColumns(row), runs: this.runsOf(row.batch_number as bigint).map(readRun) };
  }

  #get(table: string, sql: string, ...cells: Cell[]): Row | undefined {
    return this.#all(table, sql, ...cells)[0];
  }

  /** Whole rows of one table, each as it was written. */
  #all(table: string, sql: string, ...cells: Cell[]): Row[] {
    const rows = this.#rows(sql, ...cells);
    for (const row of rows) this.#sealed(table, row);
    return rows;
  }

  #rows(sql: string, ...cells: Cell[]): Row[] {
    return this.#checked(() => this.#statements.of(sql).all(...cells) as Row[]);
  }

  #sealed(table: string, row: Row): Row {
    return this.#checked(() => sealedRow(table, row));
  }

  #checked<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      const fault = ledgerFault(error, this.#path, 'read');
      this.#onFailure?.(fault);
      throw fault;
    }
  }
}

function optional<T>(row: Row | undefined, read: (row: Row) => T): T | undefined {
  return row === undefined ? undefined : read(row);
}
