import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { CasinoError } from '../errors.ts';
import { addSeals, sealOf } from './seals.ts';

/**
 * 64-bit amounts are stored as SQLite's signed integers, bit for bit (`toSql`, `fromSql`). Bets are clustered by vault and number:
 * both only grow, so that appending stays cheap however many there are.
 */
const TABLES = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT;
  CREATE TABLE vaults (
    vault BLOB PRIMARY KEY, owner BLOB NOT NULL UNIQUE, account_id BLOB NOT NULL, last_bet INTEGER NOT NULL, head BLOB NOT NULL,
    cumulative_delta INTEGER NOT NULL, last_terms INTEGER NOT NULL, batched_through INTEGER NOT NULL,
    finalized_through INTEGER NOT NULL,
    CHECK (finalized_through <= batched_through AND batched_through <= last_bet)
  ) WITHOUT ROWID, STRICT;
  CREATE INDEX vaults_waiting ON vaults (vault) WHERE batched_through < last_bet;
  CREATE TABLE bets (
    vault BLOB NOT NULL, bet_number INTEGER NOT NULL, terms_id INTEGER NOT NULL, stake_units INTEGER NOT NULL,
    choice INTEGER NOT NULL, client_seed BLOB NOT NULL, head BLOB NOT NULL, session_key BLOB NOT NULL, signature BLOB NOT NULL,
    server_seed BLOB NOT NULL, outcome INTEGER NOT NULL, payout INTEGER NOT NULL, balance_after INTEGER NOT NULL,
    cumulative_delta INTEGER NOT NULL, time_ms INTEGER NOT NULL, receipt_signature BLOB NOT NULL,
    PRIMARY KEY (vault, bet_number)
  ) WITHOUT ROWID, STRICT;
  CREATE INDEX bets_by_head ON bets (head);
  CREATE TABLE refusals (
    vault BLOB NOT NULL, head BLOB NOT NULL, bet_number INTEGER NOT NULL, code INTEGER NOT NULL, signature BLOB NOT NULL,
    PRIMARY KEY (vault, head)
  ) WITHOUT ROWID, STRICT;
  CREATE TABLE limits (
    vault BLOB NOT NULL, through_bet INTEGER NOT NULL, terms_id INTEGER NOT NULL, max_stake_units INTEGER NOT NULL,
    signature BLOB NOT NULL, PRIMARY KEY (vault, through_bet, terms_id, max_stake_units)
  ) WITHOUT ROWID, STRICT;
  CREATE TABLE leaders (
    epoch INTEGER NOT NULL, nonce INTEGER NOT NULL, finalized INTEGER NOT NULL, PRIMARY KEY (epoch, nonce)
  ) WITHOUT ROWID, STRICT;
  CREATE TABLE batches (
    batch_number INTEGER PRIMARY KEY, state TEXT NOT NULL, terms_id INTEGER NOT NULL, vk_id INTEGER NOT NULL, size TEXT NOT NULL,
    bet_count INTEGER NOT NULL, blob_hash BLOB NOT NULL, outcomes BLOB NOT NULL, attempt INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL, proof BLOB, prove_ms INTEGER, "transaction" BLOB,
    signature TEXT, last_valid_block_height INTEGER, leader_epoch INTEGER, leader_nonce INTEGER, compute_units INTEGER,
    confirmed_at_ms INTEGER, finalized_at_ms INTEGER
  ) STRICT;
  CREATE INDEX batches_unfinished ON batches (batch_number) WHERE state <> 'Finalized';
  CREATE TABLE batch_runs (
    batch_number INTEGER NOT NULL, slot INTEGER NOT NULL, vault BLOB NOT NULL, start INTEGER NOT NULL, consume INTEGER NOT NULL,
    after INTEGER NOT NULL, first_bet INTEGER NOT NULL, bet_count INTEGER NOT NULL, key_slot INTEGER NOT NULL,
    pay_request INTEGER NOT NULL, PRIMARY KEY (batch_number, slot)
  ) WITHOUT ROWID, STRICT;
  CREATE UNIQUE INDEX batch_runs_by_bet ON batch_runs (vault, first_bet);
  CREATE TABLE transfers (
    vault BLOB NOT NULL, last_bet INTEGER NOT NULL, signature TEXT NOT NULL, transfer_number INTEGER NOT NULL,
    PRIMARY KEY (vault, last_bet, signature)
  ) WITHOUT ROWID, STRICT;
  CREATE TABLE audit (
    id INTEGER PRIMARY KEY, batch_number INTEGER NOT NULL, time_ms INTEGER NOT NULL, from_state TEXT NOT NULL,
    to_state TEXT NOT NULL, reason TEXT NOT NULL, attempt INTEGER NOT NULL, signature TEXT NOT NULL
  ) STRICT;
  CREATE INDEX audit_by_batch ON audit (batch_number, id);
`;

const RESUMED_STATE = `CASE WHEN "transaction" IS NOT NULL THEN 'Submitted' WHEN proof IS NOT NULL THEN 'Proved' ELSE 'Pending' END`;

/**
 * Vaults whose next bets could not be settled. Version 1 held the whole batch as `Failed` instead: such a batch goes back to the state that
 * what it holds allows, and is tried again from there.
 */
const QUARANTINE_TABLES = `
  CREATE TABLE quarantine (
    vault BLOB PRIMARY KEY, first_bet INTEGER NOT NULL, reason TEXT NOT NULL, since_ms INTEGER NOT NULL, attempts INTEGER NOT NULL,
    retry_at_ms INTEGER NOT NULL
  ) WITHOUT ROWID, STRICT;
  INSERT INTO audit (batch_number, time_ms, from_state, to_state, reason, attempt, signature)
    SELECT batch_number, updated_at_ms, state, ${RESUMED_STATE}, 'tried again by ledger version 2', attempt, ''
    FROM batches WHERE state = 'Failed';
  UPDATE batches SET state = ${RESUMED_STATE} WHERE state = 'Failed';
`;

/**
 * Bets that their vault's forced exit has ended. A vault leaves once, so it has one row at most. Its `batched_through` is then its
 * `last_bet`, for good: what is voided never waits for a batch, and no batch can take it.
 */
const VOIDED_TABLES = `
  CREATE TABLE voided_vaults (
    vault BLOB PRIMARY KEY, from_bet INTEGER NOT NULL, through_bet INTEGER NOT NULL, slot INTEGER NOT NULL, reason TEXT NOT NULL,
    CHECK (from_bet <= through_bet)
  ) WITHOUT ROWID, STRICT;
  CREATE INDEX transfers_by_number ON transfers (transfer_number);
`;

/** Bets that have moved to archive files. The ranges of a vault never overlap each other, nor the bets that the ledger has. */
const ARCHIVE_TABLES = `
  CREATE TABLE archives (
    archive INTEGER PRIMARY KEY, state TEXT NOT NULL, file_hash BLOB NOT NULL UNIQUE, directory_hash BLOB NOT NULL,
    bytes INTEGER NOT NULL, bets INTEGER NOT NULL, from_batch INTEGER NOT NULL, through_batch INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL, seal INTEGER
  ) STRICT;
  CREATE TABLE archived_ranges (
    vault BLOB NOT NULL, first_bet INTEGER NOT NULL, last_bet INTEGER NOT NULL, archive INTEGER NOT NULL, first_row INTEGER NOT NULL,
    seal INTEGER, PRIMARY KEY (vault, first_bet), CHECK (first_bet <= last_bet)
  ) WITHOUT ROWID, STRICT;
  CREATE INDEX archived_ranges_by_row ON archived_ranges (archive, first_row);
`;

/**
 * What auditors ask for: the reconciliations that said something new, and the settings that the service has run with. Both only grow,
 * by a bounded number of rows a day.
 */
const AUDIT_TABLES = `
  CREATE TABLE reconciliations (
    id INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, slot INTEGER NOT NULL, vaults_checked INTEGER NOT NULL,
    batches_checked INTEGER NOT NULL, transfers_checked INTEGER NOT NULL, complete INTEGER NOT NULL, funds_differ INTEGER NOT NULL,
    omitted INTEGER NOT NULL, discrepancies TEXT NOT NULL, seal INTEGER
  ) STRICT;
  CREATE TABLE configurations (
    id INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, settings TEXT NOT NULL, seal INTEGER
  ) STRICT;
`;

/**
 * The newest bets of all vaults, in the order in which lists show them: the table itself is in the order of vaults. What is added lies at the
 * index's end, so that a commit touches few of its pages.
 */
const TIME_INDEX = 'CREATE INDEX bets_by_time ON bets (time_ms, vault, bet_number);';

/** Older ledgers have no seals and no mark yet. */
export const SEALED_SINCE_VERSION = 4;

/** What each version added, in order. A ledger has run all of them up to its own version. */
const STEPS: readonly { version: number; run(database: DatabaseSync): void }[] = [
  { version: 1, run: (database) => database.exec(TABLES) },
  { version: 2, run: (database) => database.exec(QUARANTINE_TABLES) },
  { version: 3, run: (database) => database.exec(VOIDED_TABLES) },
  { version: SEALED_SINCE_VERSION, run: sealAll },
  { version: 5, run: (database) => database.exec(ARCHIVE_TABLES) },
  { version: 6, run: (database) => database.exec(AUDIT_TABLES) },
  { version: 7, run: (database) => database.exec(TIME_INDEX) },
];

/** The version that this code reads and writes. */
export const SCHEMA_VERSION = Math.max(...STEPS.map(({ version }) => version));

function sealAll(database: DatabaseSync): void {
  const meta = database.prepare('INSERT INTO meta VALUES (?, ?)');
  meta.run('ledger', randomBytes(16).toString('hex'));
  meta.run('commits', '0');
  meta.run('schema', '');
  addSeals(database);
}

/** The version of a database's tables, 0 where there are none; `CONFIG_INVALID` if it is later than this one. */
export function schemaVersion(database: DatabaseSync): number {
  const found = Number(database.prepare('PRAGMA user_version').get()?.user_version ?? 0);
  if (found <= SCHEMA_VERSION) return found;
  throw new CasinoError('CONFIG_INVALID', `the ledger has schema ${found}, this version reads ${SCHEMA_VERSION}`);
}

/** Checks that a database, which is only read, has the tables of this version: `CONFIG_INVALID`. */
export function requireSchema(database: DatabaseSync): void {
  const found = schemaVersion(database);
  if (found !== SCHEMA_VERSION) {
    throw new CasinoError('CONFIG_INVALID', `the ledger has schema ${found}, this version reads ${SCHEMA_VERSION}`);
  }
}

/** Creates the tables of a new database, or brings an old one to this version, all of it in one transaction. */
export function prepareSchema(database: DatabaseSync): void {
  const found = schemaVersion(database);
  if (found === SCHEMA_VERSION) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const { version, run } of STEPS) if (version > found) run(database);
    const digest = schemaDigest(database);
    const seal = sealOf('meta', ['schema', digest]);
    database.prepare("UPDATE meta SET value = ?, seal = ? WHERE key = 'schema'").run(digest, seal);
    database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`);
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** What the tables and indexes are defined as, in one value: SQLite believes any definition that it can parse. */
export function schemaDigest(database: DatabaseSync): string {
  const definitions = database.prepare('SELECT type, name, tbl_name, sql FROM main.sqlite_schema ORDER BY name').all();
  return sealOf('schema', [JSON.stringify(definitions)]).toString();
}

/** An unsigned 64-bit value as SQLite's signed integer, bit for bit. */
export const toSql = (value: bigint): bigint => BigInt.asIntN(64, value);
/** The way back. */
export const fromSql = (value: unknown): bigint => BigInt.asUintN(64, value as bigint);
