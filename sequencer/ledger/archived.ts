import type { ArchiveFiles } from '../archive/files.ts';
import { ArchiveShelf } from '../archive/shelf.ts';
import { CasinoError } from '../errors.ts';
import type { Queries } from './queries.ts';
import type { ArchivedRange, ArchiveRecord, BetRecord } from './records.ts';
import { readArchive, readArchivedRange } from './rows.ts';
import { toSql } from './schema.ts';

/** The bets that have left the ledger for archive files: which file holds which is in the ledger, and they are in that file alone. */
export class ArchivedBets {
  readonly #queries: Queries;
  readonly #shelf: ArchiveShelf;
  /** Archives by number, without their states: the rest never changes. */
  readonly #known = new Map<bigint, ArchiveRecord>();

  constructor(queries: Queries, files: ArchiveFiles) {
    this.#queries = queries;
    this.#shelf = new ArchiveShelf(files);
  }

  /** All archives there ever were, in order. */
  list(): ArchiveRecord[] {
    return this.#queries.all('archives', 'SELECT * FROM archives ORDER BY archive').map(readArchive);
  }

  /** The newest archive; undefined before the first. */
  last(): ArchiveRecord | undefined {
    return this.#queries.all('archives', 'SELECT * FROM archives ORDER BY archive DESC LIMIT 1').map(readArchive)[0];
  }

  /** Archives in a state that never lasts. */
  unfinished(): ArchiveRecord[] {
    return this.#queries
      .all('archives', "SELECT * FROM archives WHERE state IN ('Copied', 'Restoring') ORDER BY archive")
      .map(readArchive);
  }

  /** Ranges of an archive from a row on, in the order of rows: what it holds that is not in the ledger. */
  ranges(archiveNumber: bigint, options: { fromRow: number; limit: number }): ArchivedRange[] {
    const sql = 'SELECT * FROM archived_ranges WHERE archive = ? AND first_row >= ? ORDER BY first_row LIMIT ?';
    return this.#queries.all('archived_ranges', sql, toSql(archiveNumber), options.fromRow, options.limit).map(readArchivedRange);
  }

  /** Which archive has a bet, if one does. */
  rangeOf(vault: Uint8Array, betNumber: bigint): ArchivedRange | undefined {
    return this.#overlapping(vault, { first: betNumber, last: betNumber })[0];
  }

  bet(vault: Uint8Array, betNumber: bigint): BetRecord | undefined {
    const range = this.rangeOf(vault, betNumber);
    return range && this.#read(range, betNumber);
  }

  /** Those of a vault's bets `first .. last` that have been archived, in order. */
  bets(vault: Uint8Array, asked: { first: bigint; last: bigint }): BetRecord[] {
    const found: BetRecord[] = [];
    for (const range of this.#overlapping(vault, asked)) {
      const last = range.lastBet < asked.last ? range.lastBet : asked.last;
      const first = range.firstBet > asked.first ? range.firstBet : asked.first;
      for (let betNumber = first; betNumber <= last; betNumber += 1n) found.push(this.#read(range, betNumber));
    }
    return found;
  }

  /** An archived bet by its head. Where it is in none, and one can not be read, it may be in that one: its error. */
  byHead(head: Uint8Array): BetRecord | undefined {
    let fault: CasinoError | undefined;
    // One archive a question: all of them at once would hold up the bets.
    let hasLearned = false;
    const sql = "SELECT archive FROM archives WHERE state <> 'Restored' ORDER BY archive DESC";
    for (const { archive } of this.#queries.parts(sql)) {
      try {
        const record = this.#archive(archive as bigint);
        if (!hasLearned) hasLearned = this.#shelf.learn(record);
        const bet = this.#shelf.byHead(record, head);
        if (bet) return bet;
      } catch (error) {
        if (!(error instanceof CasinoError)) throw error;
        fault ??= error;
      }
    }
    if (fault) throw fault;
    return undefined;
  }

  /** Looks whether archives that hold bets are there and say what they hold; returns what is wrong with any, in words. */
  check(archives: readonly ArchiveRecord[] = this.list()): string[] {
    for (const record of archives) if (record.state !== 'Restored') this.#shelf.check(record);
    return this.problems;
  }

  /** What was wrong with archives when they were last looked at, in words. */
  get problems(): string[] {
    return this.#shelf.problems;
  }

  close(): void {
    this.#shelf.close();
  }

  #overlapping(vault: Uint8Array, { first, last }: { first: bigint; last: bigint }): ArchivedRange[] {
    const sql = `SELECT * FROM archived_ranges WHERE vault = ?1 AND first_bet BETWEEN
      coalesce((SELECT max(first_bet) FROM archived_ranges WHERE vault = ?1 AND first_bet <= ?2), ?2) AND ?3
      AND last_bet >= ?2 ORDER BY first_bet`;
    return this.#queries.all('archived_ranges', sql, vault, toSql(first), toSql(last)).map(readArchivedRange);
  }

  #read({ vault, archiveNumber, firstBet, firstRow }: ArchivedRange, betNumber: bigint): BetRecord {
    const row = firstRow + Number(betNumber - firstBet);
    return this.#shelf.bet(this.#archive(archiveNumber), { row, vault, betNumber });
  }

  #archive(archiveNumber: bigint): ArchiveRecord {
    const known = this.#known.get(archiveNumber);
    if (known) return known;
    const sql = 'SELECT * FROM archives WHERE archive = ?';
    const record = this.#queries.all('archives', sql, toSql(archiveNumber)).map(readArchive)[0];
    if (!record)
      throw new CasinoError('LEDGER_CORRUPT', `the ledger has bets in archive ${archiveNumber}, which it does not know`);
    this.#known.set(archiveNumber, record);
    return record;
  }
}
