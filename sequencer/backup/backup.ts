import { closeSync, existsSync, fsyncSync, openSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { backup as copyDatabase, DatabaseSync } from 'node:sqlite';
import { toHex } from '../../protocol/bytes.ts';
import { dataPaths } from '../context.ts';
import { CasinoError, messageOf } from '../errors.ts';
import { ledgerFault } from '../ledger/faults.ts';
import { checkWholeLedger } from '../ledger/opening.ts';
import { LedgerReader } from '../ledger/reader.ts';
import { SCHEMA_VERSION } from '../ledger/schema.ts';
import { writeFileDurably } from '../operations/files.ts';
import { readReceiptKey } from '../operations/keys.ts';
import { BackupDirectory, filesNamedBy, type NamedFile } from './directory.ts';
import { copyFile, hashOfFile, isFile } from './files.ts';
import { type BackupManifest, manifestBytes, parseManifest, signManifest } from './manifest.ts';
import { readManifest } from './verify.ts';

/** All pages in one step: a copy in several begins anew whenever the service commits in between. */
const ALL_PAGES = 0x7fffffff;
const OWNER_ONLY = 0o600;

export interface BackupOptions {
  dataDirectory: string;
  /** Where backups are kept. */
  directory: string;
  /** Whether the house's secrets go along, in a file of their own. */
  withKeys: boolean;
  /** How many backups stay; undefined: all. */
  keep?: number | undefined;
  nowMs(): number;
  onProgress(progress: { label: string; done: number; total: number | undefined }): void;
}

export interface BackupResult {
  manifest: BackupManifest;
  /** Archives and blobs that no earlier backup had. */
  copied: number;
  copiedBytes: number;
  /** Names of older backups that were removed. */
  removed: string[];
}

/**
 * Backs a data directory up, whether its service runs or not: the ledger as of one moment, and the archives and blobs that it names, those
 * that are there already left as they are. Nothing that a crash leaves can be taken for a backup. What the service itself lacks is named in
 * `missing`, and no reason to have none. `CONFIG_INVALID` without a ledger or among another one's backups, `LEDGER_LOCKED` while another backup is made there,
 * `LEDGER_CORRUPT` if the copy is not whole, `BACKUP_FAILED` if it can not be written.
 */
export async function makeBackup(options: BackupOptions): Promise<BackupResult> {
  const { dataDirectory, nowMs, keep } = options;
  const paths = dataPaths(dataDirectory);
  if (!isFile(paths.ledger)) throw new CasinoError('CONFIG_INVALID', `there is no ledger in ${dataDirectory}`);
  const directory = new BackupDirectory(options.directory);
  try {
    const lock = directory.lock();
    try {
      const timeMs = nowMs();
      const begun = directory.begin(timeMs);
      const ledgerPath = join(begun.path, 'ledger.db');
      options.onProgress({ label: 'copying the ledger', done: 0, total: undefined });
      await copyLedger(paths.ledger, ledgerPath);
      const counted = checkWholeLedger(ledgerPath);
      requireSameLedger(directory, toHex(counted.id));
      const files = filesNamedBy(ledgerPath);
      const pooled = fillPool(options, { directory, files });
      const keys = options.withKeys ? copyKeys(paths.keys, join(begun.path, 'keys.json')) : null;
      const bytes = manifestBytes({
        name: begun.name,
        time: timeMs,
        ledger: {
          id: toHex(counted.id),
          schema: SCHEMA_VERSION,
          commits: counted.commits.toString(),
          bytes: statSync(ledgerPath).size,
          sha256: hashOfFile(ledgerPath) as string,
        },
        ...describe(ledgerPath),
        archives: files.filter(({ folder }) => folder === 'archive').length,
        blobs: files.filter(({ folder }) => folder === 'blobs').length,
        missing: pooled.missing,
        keys_sha256: keys,
      });
      const manifest = parseManifest(bytes);
      writeFileDurably(join(begun.path, 'manifest.json'), bytes);
      const key = manifest.identity ? readReceiptKey(paths.keys) : undefined;
      if (key) writeFileDurably(join(begun.path, 'signature.json'), signManifest(bytes, manifest, key));
      begun.finish();
      const removed = keep === undefined ? [] : directory.prune(keep);
      return { manifest, copied: pooled.copied, copiedBytes: pooled.copiedBytes, removed };
    } finally {
      lock.close();
    }
  } catch (error) {
    if (error instanceof CasinoError) throw error;
    throw new CasinoError('BACKUP_FAILED', `the backup can not be written: ${messageOf(error)}`, { cause: error });
  }
}

/** The newest backup is what is restored, and older ones are removed in time: those of another ledger are neither in place of this one's. */
function requireSameLedger(directory: BackupDirectory, id: string): void {
  for (const name of directory.list()) {
    if ((ledgerIdOf(directory, name) ?? id) === id) continue;
    throw new CasinoError(
      'CONFIG_INVALID',
      `${directory.path} holds backups of another ledger (${name}): use a directory for each`,
    );
  }
}

/** Undefined if the manifest is damaged: that is for `verify` to say, and no reason to have no further backup. */
function ledgerIdOf(directory: BackupDirectory, name: string): string | undefined {
  try {
    return readManifest(directory, name).manifest.ledger.id;
  } catch (error) {
    if (error instanceof CasinoError) return undefined;
    throw error;
  }
}

/** The ledger as of one moment, as one file, durable. */
async function copyLedger(from: string, to: string): Promise<void> {
  try {
    const source = new DatabaseSync(from, { readOnly: true });
    try {
      await copyDatabase(source, to, { rate: ALL_PAGES });
    } finally {
      source.close();
    }
    const copy = new DatabaseSync(to);
    // A log beside it would be a second file to lose.
    copy.exec('PRAGMA journal_mode = DELETE;');
    copy.close();
  } catch (error) {
    throw ledgerFault(error, from, 'read');
  }
  const file = openSync(to, 'r');
  fsyncSync(file);
  closeSync(file);
}

/** What a ledger says that a reader of the manifest wants to know. */
function describe(ledgerPath: string): Pick<BackupManifest, 'identity' | 'last_batch' | 'bets'> {
  const read = LedgerReader.open(ledgerPath);
  try {
    const [program, house, genesisHash] = read.meta('identity')?.split('/') ?? [];
    const identity = program && house && genesisHash ? { program, house, genesis_hash: genesisHash } : null;
    return { identity, last_batch: read.lastBatchNumber().toString(), bets: read.betCount() };
  } finally {
    read.close();
  }
}

function fillPool(
  { dataDirectory, onProgress }: BackupOptions,
  { directory, files }: { directory: BackupDirectory; files: readonly NamedFile[] },
): { copied: number; copiedBytes: number; missing: string[] } {
  const paths = dataPaths(dataDirectory);
  const pooled = { copied: 0, copiedBytes: 0, missing: [] as string[] };
  for (const [done, file] of files.entries()) {
    const to = directory.pooled(file);
    onProgress({ label: 'copying archives and blobs', done, total: files.length });
    if (isFile(to)) continue;
    const from = join(file.folder === 'archive' ? paths.archive : paths.blobs, file.name);
    if (copyFile({ from, to, sha256: file.sha256 })) {
      pooled.copied += 1;
      pooled.copiedBytes += statSync(to).size;
    } else pooled.missing.push(`${file.folder}/${file.name}`);
  }
  return pooled;
}

/** All files of the keys' folder in one, for its owner alone. Returns its hash. */
function copyKeys(folder: string, to: string): string {
  if (!existsSync(folder)) throw new CasinoError('CONFIG_INVALID', `there are no keys in ${folder}`);
  const names = readdirSync(folder).filter((name) => isFile(join(folder, name)));
  const keys = Object.fromEntries(names.sort().map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
  writeFileSync(to, '', { mode: OWNER_ONLY });
  writeFileDurably(to, new TextEncoder().encode(`${JSON.stringify(keys, null, 2)}\n`), OWNER_ONLY);
  return hashOfFile(to) as string;
}
