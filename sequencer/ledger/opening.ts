import { DatabaseSync } from 'node:sqlite';
import { CasinoError } from '../errors.ts';
import { ledgerFault } from './faults.ts';
import { CommitMark } from './mark.ts';
import { prepareSchema, schemaDigest } from './schema.ts';
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
 * number of commits have been checked. `LEDGER_CORRUPT`, `LEDGER_STALE`, `CONFIG_INVALID` (a later version), `LEDGER_FAILED`.
 */
export function openLedger(path: string, nowMs: () => number): OpenedLedger {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;');
    assertWhole(database);
    prepareSchema(database);
    keepSeals(database);
    if (metaOf(database, 'schema') !== schemaDigest(database)) {
      throw new CasinoError('LEDGER_CORRUPT', 'the definitions of its tables are not what was written');
    }
    checkSeals(database, { except: CHECKED_WHEN_READ });
    const commits = BigInt(metaOf(database, 'commits'));
    const id = Buffer.from(metaOf(database, 'ledger'), 'hex');
    return { database, mark: CommitMark.open(`${path}.mark`, { id, commits }, nowMs), commits };
  } catch (error) {
    database?.close();
    throw ledgerFault(error, path, 'opened');
  }
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
