import { existsSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { CasinoError } from '../errors.ts';
import { LedgerWriter } from './apply.ts';
import { ledgerFault } from './faults.ts';
import { assertNoneLost, CommitMark } from './mark.ts';
import { prepareSchema, SEALED_SINCE_VERSION, schemaDigest, schemaVersion } from './schema.ts';
import { checkSeals, keepSeals, sealedRow } from './seals.ts';
import { STALE_KEY, type StaleMark, staleValue } from './stale.ts';

/** Lines of an integrity check that are shown. */
const MAX_COMPLAINTS = 3;

/**
 * Bets are by far the most rows: a key that changed shows in their index by head, and their cells whenever one is read. Those that
 * are not settled all are, at the start.
 */
const CHECKED_WHEN_READ = ['bets'];

/** A ledger that is open for writing, and what counts its commits. */
export interface OpenedLedger {
  database: DatabaseSync;
  mark: CommitMark;
  commits: bigint;
}

/**
 * Opens or creates the ledger at `path` for its one writer, once its structure, its definitions, its rows but for the bets, and its
 * number of commits have been checked. A ledger that does not pass is left as it is, write-ahead log included. `LEDGER_CORRUPT`,
 * `LEDGER_STALE`, `CONFIG_INVALID` (a later version), `LEDGER_FAILED`.
 */
export function openLedger(path: string, nowMs: () => number): OpenedLedger {
  let database: DatabaseSync | undefined;
  try {
    check(path);
    database = openForWriting(path);
    const ledger = countedIn(database);
    return { database, mark: CommitMark.open(markOf(path), ledger, nowMs), commits: ledger.commits };
  } catch (error) {
    database?.close();
    throw ledgerFault(error, path, 'opened');
  }
}

/** Where the mark of a ledger is. */
export const markOf = (path: string): string => `${path}.mark`;

/** A ledger's id and how many commits it holds. */
export interface CountedLedger {
  id: Uint8Array;
  commits: bigint;
}

/**
 * Checks the ledger at `path` in full, bets included, and nothing of its mark; writes nothing. `LEDGER_CORRUPT`, `LEDGER_FAILED`,
 * `CONFIG_INVALID` (a version without seals, or a later one).
 */
export function checkWholeLedger(path: string): CountedLedger {
  try {
    const counted = reading(path, (database) => checkRows(database, { except: [] }));
    if (counted) return counted;
    throw new CasinoError('CONFIG_INVALID', 'it is empty, or of a version whose rows can not be checked');
  } catch (error) {
    throw ledgerFault(error, path, 'read');
  }
}

/**
 * Marks a ledger that nobody has open as one that may lack what was answered, durably, and writes the mark beside it that fits, whatever
 * that said: from here on it can be started, and a start opens new terms first. A crash in between leaves one that can not be started.
 * Its errors are those of `openLedger`, but for `LEDGER_STALE`.
 */
export function markStale(path: string, stale: StaleMark, nowMs: () => number): void {
  let database: DatabaseSync | undefined;
  try {
    if (!reading(path, (opened) => checkRows(opened, { except: CHECKED_WHEN_READ }))) {
      throw new CasinoError('CONFIG_INVALID', 'it is empty, or of a version whose rows can not be checked');
    }
    rmSync(markOf(path), { force: true });
    database = openForWriting(path);
    const { id, commits } = countedIn(database);
    const writer = new LedgerWriter(database);
    database.exec('BEGIN IMMEDIATE');
    writer.apply({ kind: 'meta', key: STALE_KEY, value: staleValue(stale) });
    writer.apply({ kind: 'meta', key: 'commits', value: (commits + 1n).toString() });
    database.exec('COMMIT');
    // The last connection takes the write-ahead log in.
    database.close();
    database = undefined;
    CommitMark.open(markOf(path), { id, commits: commits + 1n }, nowMs).close();
  } catch (error) {
    database?.close();
    throw ledgerFault(error, path, 'written');
  }
}

/** Reads only: closing a connection that may write would take the write-ahead log in, and delete it. */
function check(path: string): void {
  if (!existsSync(path)) return assertNoneLost(markOf(path), NOTHING);
  reading(path, (database) => {
    const counted = checkRows(database, { except: CHECKED_WHEN_READ });
    if (counted) assertNoneLost(markOf(path), counted);
    else if (schemaVersion(database) === 0) assertNoneLost(markOf(path), NOTHING);
  });
}

function reading<T>(path: string, read: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return read(database);
  } finally {
    database.close();
  }
}

/** Structure, definitions and seals; undefined where a version has no seals yet. */
function checkRows(database: DatabaseSync, options: { except: readonly string[] }): CountedLedger | undefined {
  assertWhole(database);
  if (schemaVersion(database) < SEALED_SINCE_VERSION) return undefined;
  if (metaOf(database, 'schema') !== schemaDigest(database)) {
    throw new CasinoError('LEDGER_CORRUPT', 'the definitions of its tables are not what was written');
  }
  checkSeals(database, options);
  return countedIn(database);
}

function openForWriting(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;');
    prepareSchema(database);
    keepSeals(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

const NOTHING = { id: new Uint8Array(0), commits: 0n };

function countedIn(database: DatabaseSync): CountedLedger {
  return { id: Buffer.from(metaOf(database, 'ledger'), 'hex'), commits: BigInt(metaOf(database, 'commits')) };
}

/** Every page reachable, every key in order, every index in step with its table: some 3 seconds for a million bets. */
function assertWhole(database: DatabaseSync): void {
  const lines = database.prepare(`PRAGMA integrity_check(${MAX_COMPLAINTS})`).all();
  const complaints = lines.map((line) => String(line.integrity_check)).filter((line) => line !== 'ok');
  if (complaints.length > 0) throw new CasinoError('LEDGER_CORRUPT', complaints.join('; '));
}

function metaOf(database: DatabaseSync, key: string): string {
  const statement = database.prepare('SELECT * FROM meta WHERE key = ?');
  statement.setReadBigInts(true);
  const row = statement.get(key);
  if (!row) throw new CasinoError('LEDGER_CORRUPT', `meta lacks its row ${key}`);
  return sealedRow('meta', row).value as string;
}
