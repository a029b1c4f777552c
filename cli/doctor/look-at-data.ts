import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { dataPaths } from '../../sequencer/context.ts';
import { messageOf } from '../../sequencer/errors.ts';
import { LedgerReader } from '../../sequencer/ledger/reader.ts';
import { writeFileDurably } from '../../sequencer/operations/files.ts';
import { loadTermsSecrets, type OperatorKeys, readOperatorKeys, readReceiptKey } from '../../sequencer/operations/keys.ts';
import { identityOf } from '../reconcile.ts';

const SQLITE_BUSY = 5;
/** Batches that the rate of late is taken from, and the least time that says something of a day. */
const RATE_BATCHES = 1_000n;
const LEAST_RATE_MS = 3_600_000;
const DAY_MS = 86_400_000;

export interface LedgerFacts {
  exists: boolean;
  isRunning: boolean;
  error?: string;
  /** Of the chain and house that it belongs to, once it does. */
  identity?: { program: string; house: string; genesisHash: string };
  batchesPerDay: number | undefined;
  archives: { count: number; problems: string[] };
}

const modeOf = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.mode;

/** Modes of the directory and of the key files in it. */
export function modesOf(dataDirectory: string) {
  const { keys } = dataPaths(dataDirectory);
  const names = existsSync(keys) ? readdirSync(keys) : [];
  const files = names.map((name) => ({ path: join(keys, name), mode: modeOf(join(keys, name)) ?? 0 }));
  return { directory: modeOf(dataDirectory), keys: existsSync(keys) ? [{ path: keys, mode: modeOf(keys) ?? 0 }, ...files] : [] };
}

/** The file system of the directory and of what is in it. */
export function devicesOf(dataDirectory: string): { path: string; device: number }[] {
  const { ledger, keys, archive } = dataPaths(dataDirectory);
  return [dataDirectory, ledger, keys, archive]
    .filter((path) => existsSync(path))
    .map((path) => ({ path, device: statSync(path).dev }));
}

/** Writes, syncs and removes a file. */
export function writeAndRemove(dataDirectory: string): void {
  const path = join(dataDirectory, `doctor-${process.pid}.tmp`);
  try {
    writeFileDurably(path, new TextEncoder().encode('written by casino doctor\n'), 0o600);
  } finally {
    rmSync(path, { force: true });
  }
}

/** The operator's keys, made by nobody here, or why they can not be read. */
export async function keysOf(dataDirectory: string): Promise<{ keys: OperatorKeys } | { error: string }> {
  const { keys: directory } = dataPaths(dataDirectory);
  try {
    const keys = await readOperatorKeys(directory);
    // Halves that belong together, and terms whose secrets can be read.
    readReceiptKey(directory);
    loadTermsSecrets(directory);
    return { keys };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

/** Reads the whole ledger, writing nothing, whether a service has it or not. */
export function ledgerFacts(dataDirectory: string): LedgerFacts {
  const { ledger: path } = dataPaths(dataDirectory);
  const nothing = { batchesPerDay: undefined, archives: { count: 0, problems: [] } };
  let isRunning = false;
  try {
    isRunning = isLocked(`${path}.lock`);
    if (!existsSync(path)) return { exists: false, isRunning, ...nothing };
    assertWhole(path);
    const read = LedgerReader.open(path);
    try {
      const identity = read.meta('identity') === undefined ? {} : { identity: identityOf(read) };
      const needed = read.archives.list().filter(({ state }) => state !== 'Restored');
      const archives = { count: needed.length, problems: read.archives.check(needed) };
      return { exists: true, isRunning, ...identity, batchesPerDay: batchesPerDay(read), archives };
    } finally {
      read.close();
    }
  } catch (error) {
    return { exists: true, isRunning, error: messageOf(error), ...nothing };
  }
}

function assertWhole(path: string): void {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const lines = database
      .prepare('PRAGMA integrity_check(3)')
      .all()
      .map((line) => String(line.integrity_check));
    if (lines.join() !== 'ok') throw new Error(lines.join('; '));
  } finally {
    database.close();
  }
}

/** Whether a process holds the lock. Looks by a shared lock for a moment, and makes no file. */
function isLocked(path: string): boolean {
  if (!existsSync(path)) return false;
  const lock = new DatabaseSync(path, { readOnly: true, timeout: 0 });
  try {
    lock.prepare('SELECT count(*) FROM sqlite_master').get();
    return false;
  } catch (error) {
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return true;
    throw error;
  } finally {
    lock.close();
  }
}

function batchesPerDay(read: LedgerReader): number | undefined {
  const last = read.lastBatchNumber();
  const first = last > RATE_BATCHES ? last - RATE_BATCHES : 1n;
  const [from, to] = [read.batch(first), read.batch(last)];
  if (!from || !to || to.createdAtMs - from.createdAtMs < LEAST_RATE_MS) return undefined;
  return (Number(last - first) * DAY_MS) / (to.createdAtMs - from.createdAtMs);
}
