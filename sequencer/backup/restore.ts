import { hash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { dataPaths } from '../context.ts';
import { CasinoError } from '../errors.ts';
import { addressOf } from '../ledger/addresses.ts';
import { lockOf, takeLock } from '../ledger/lock.ts';
import { markOf, markStale } from '../ledger/opening.ts';
import { syncDirectory, writeFileDurably } from '../operations/files.ts';
import { readReceiptKey } from '../operations/keys.ts';
import { type BackupDirectory, filesNamedBy, type NamedFile } from './directory.ts';
import { copyFile, hashOfFile, isFile } from './files.ts';
import type { BackupManifest } from './manifest.ts';
import { verifyBackup } from './verify.ts';

const OWNER_ONLY = 0o600;
/** A name that leads to no other folder. */
const KEY_FILE = /^[a-z0-9][a-z0-9.-]{0,63}$/i;

export interface RestoreOptions {
  directory: BackupDirectory;
  name: string;
  dataDirectory: string;
  /** Whether a ledger that is there may be moved aside. */
  replace: boolean;
  /** Whether one that nobody signed is taken although the receipt key is in place: whoever can write it could have added bets. */
  allowUnsigned: boolean;
  nowMs(): number;
  onProgress(progress: { label: string; done: number; total: number }): void;
}

export interface RestoreResult {
  manifest: BackupManifest;
  /** Whether the receipt key that is in place signed the backup; undefined where none was there to compare with. */
  signatureHolds: boolean | undefined;
  /** Where the old ledger is now, if there was one. */
  movedAside: string | undefined;
  /** Files of the keys that the backup brought. */
  keysWritten: string[];
}

/**
 * Puts a backup into a data directory whose service does not run, once all of it has been verified: archives, blobs and keys that are
 * not there, and last, by one rename, the ledger, marked as stale. What a crash leaves can not be started, and is gone on with by doing
 * it again. `BACKUP_DAMAGED`, `LEDGER_LOCKED`, `CONFIG_INVALID` (there is a ledger, or other keys), `BACKUP_FAILED`.
 */
export function restoreBackup(options: RestoreOptions): RestoreResult {
  const { directory, name, dataDirectory, nowMs } = options;
  const paths = dataPaths(dataDirectory);
  const { manifest, signedBy, findings } = verifyBackup(directory, name, options.onProgress);
  const [worst] = findings;
  if (worst) {
    const others = findings.length > 1 ? `, and ${findings.length - 1} more` : '';
    throw new CasinoError('BACKUP_DAMAGED', `backup ${name} is not whole: ${worst.file}: ${worst.reason}${others}`);
  }
  mkdirSync(dataDirectory, { recursive: true });
  const lock = takeLock(lockOf(paths.ledger));
  try {
    const old = ledgerFiles(paths.ledger).filter(existsSync);
    if (old.length > 0 && !options.replace) {
      throw new CasinoError('CONFIG_INVALID', `${dataDirectory} holds a ledger: --replace moves it aside`);
    }
    const signatureHolds = compareSigner(paths.keys, { signedBy, allowUnsigned: options.allowUnsigned });
    const keys = { from: directory.fileOf(name, 'keys.json'), sha256: manifest.keys_sha256 };
    const keysWritten = restoreKeys(keys, paths.keys);
    restoreFiles(options, filesNamedBy(directory.fileOf(name, 'ledger.db')), manifest);
    const staged = stageLedger(options, manifest);
    const movedAside = old.length > 0 ? moveAside(old, { dataDirectory, nowMs }) : undefined;
    renameSync(markOf(staged), markOf(paths.ledger));
    renameSync(staged, paths.ledger);
    syncDirectory(dataDirectory);
    rmSync(join(dataDirectory, STAGING), { recursive: true, force: true });
    return { manifest, signatureHolds, movedAside, keysWritten };
  } finally {
    lock.close();
  }
}

/**
 * Marks the ledger that is in a data directory as stale, whatever its mark and the chain say of it: it goes on under new terms.
 * `LEDGER_LOCKED`, `LEDGER_CORRUPT`, `CONFIG_INVALID` without a ledger.
 */
export function markStaleInPlace(options: { dataDirectory: string; nowMs(): number }): void {
  const { ledger } = dataPaths(options.dataDirectory);
  if (!isFile(ledger)) throw new CasinoError('CONFIG_INVALID', `there is no ledger in ${options.dataDirectory}`);
  const lock = takeLock(lockOf(ledger));
  try {
    markStale(ledger, { sinceMs: options.nowMs(), reason: 'an operator has said so' }, options.nowMs);
  } finally {
    lock.close();
  }
}

const STAGING = '.restoring';

/** In the order in which they go: whatever is left by a crash in between is not taken for a ledger that is current. */
const ledgerFiles = (ledger: string): string[] => [ledger, `${ledger}-wal`, `${ledger}-shm`, markOf(ledger)];

function compareSigner(keys: string, backup: { signedBy: string | undefined; allowUnsigned: boolean }): boolean | undefined {
  const key = readReceiptKey(keys);
  if (!key) return undefined;
  const { signedBy, allowUnsigned } = backup;
  const own = addressOf(key.receiptKey);
  if (own === signedBy) return true;
  if (signedBy === undefined && allowUnsigned) return false;
  const found = signedBy === undefined ? 'nobody signed the backup' : `${signedBy} signed the backup`;
  throw new CasinoError('BACKUP_DAMAGED', `${found}, and the receipt key in ${keys} is ${own}`);
}

/**
 * Writes the keys that are not there; one that is there and differs is never replaced. Only the bytes that the manifest names are taken: a
 * secret of terms that somebody else has put there would make all outcomes under them known.
 */
function restoreKeys({ from, sha256 }: { from: string; sha256: string | null }, folder: string): string[] {
  if (sha256 === null) return [];
  const bytes = readFileSync(from);
  if (hash('sha256', bytes) !== sha256) throw new CasinoError('BACKUP_DAMAGED', `${from} is not what was written`);
  const keys = JSON.parse(bytes.toString('utf8')) as Record<string, string>;
  const names = Object.keys(keys);
  if (!names.every((name) => KEY_FILE.test(name))) throw new CasinoError('BACKUP_DAMAGED', `${from} names no files of keys`);
  const missing = names.filter((name) => !existsSync(join(folder, name)));
  for (const name of names) {
    if (missing.includes(name) || readFileSync(join(folder, name), 'utf8') === keys[name]) continue;
    throw new CasinoError('CONFIG_INVALID', `${join(folder, name)} is another one than the backup's: move one of them away`);
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of missing) writeFileDurably(join(folder, name), new TextEncoder().encode(keys[name] as string), OWNER_ONLY);
  return missing;
}

/** Archives and blobs that are not there, or damaged; all others stay: the start learns from blobs that are newer than the backup. */
function restoreFiles(
  { directory, dataDirectory, onProgress }: RestoreOptions,
  files: NamedFile[],
  manifest: BackupManifest,
): void {
  const paths = dataPaths(dataDirectory);
  const lacked = new Set(manifest.missing);
  for (const [done, file] of files.entries()) {
    onProgress({ label: 'restoring archives and blobs', done, total: files.length });
    const to = join(file.folder === 'archive' ? paths.archive : paths.blobs, file.name);
    if (hashOfFile(to) === file.sha256) continue;
    const from = directory.pooled(file);
    if (!copyFile({ from, to, sha256: file.sha256 }) && !lacked.has(`${file.folder}/${file.name}`)) {
      throw new CasinoError('BACKUP_DAMAGED', `${from} is not what was written`);
    }
  }
  for (const folder of [paths.archive, paths.blobs]) if (existsSync(folder)) syncDirectory(folder);
}

/** The ledger beside its place, checked, marked as stale, with the mark that fits. */
function stageLedger({ directory, name, dataDirectory, nowMs }: RestoreOptions, manifest: BackupManifest): string {
  const staging = join(dataDirectory, STAGING);
  rmSync(staging, { recursive: true, force: true });
  const staged = join(staging, 'ledger.db');
  const from = directory.fileOf(name, 'ledger.db');
  if (!copyFile({ from, to: staged, sha256: manifest.ledger.sha256 })) {
    throw new CasinoError('BACKUP_DAMAGED', `${from} is not what was written`);
  }
  markStale(staged, { sinceMs: nowMs(), reason: `restored from backup ${name}` }, nowMs);
  syncDirectory(staging);
  return staged;
}

function moveAside(old: readonly string[], { dataDirectory, nowMs }: { dataDirectory: string; nowMs(): number }): string {
  const aside = join(dataDirectory, `replaced-${new Date(nowMs()).toISOString().replace(/[:.]/g, '-')}`);
  mkdirSync(aside, { recursive: true, mode: 0o700 });
  for (const path of old) renameSync(path, join(aside, basename(path)));
  syncDirectory(aside);
  syncDirectory(dataDirectory);
  return aside;
}
