import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { CasinoError } from '../errors.ts';
import { ledgerFault } from './faults.ts';
import { assertNoneLost, CommitMark } from './mark.ts';
import { prepareSchema, SEALED_SINCE_VERSION, schemaDigest, schemaVersion } from './schema.ts';
import { checkSeals, keepSeals, sealedRow } from './seals.ts';

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
    database = new DatabaseSync(path);
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;');
    prepareSchema(database);
    keepSeals(database);
    const ledger = countedIn(database);
    return { database, mark: CommitMark.open(markOf(path), ledger, nowMs), commits: ledger.commits };
  } catch (error) {
    database?.close();
    throw ledgerFault(error, path, 'opened');
  }
}

const markOf = (path: string) => `${path}.mark`;

/** Reads only: closing a connection that may write would take the write-ahead log in, and delete it. */
function check(path: string): void {
  if (!existsSync(path)) return assertNoneLost(markOf(path), NOTHING);
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    assertWhole(database);
    const version = schemaVersion(database);
    if (version === 0) assertNoneLost(markOf(path), NOTHING);
    if (version < SEALED_SINCE_VERSION) return;
    if (metaOf(database, 'schema') !== schemaDigest(database)) {
      throw new CasinoError('LEDGER_CORRUPT', 'the definitions of its tables are not what was written');
    }
    checkSeals(database, { except: CHECKED_WHEN_READ });
    assertNoneLost(markOf(path), countedIn(database));
  } finally {
    database.close();
  }
}

const NOTHING = { id: new Uint8Array(0), commits: 0n };

function countedIn(database: DatabaseSync): { id: Uint8Array; commits: bigint } {
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
