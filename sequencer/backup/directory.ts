import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { blobCid } from '../../protocol/blob.ts';
import { toHex } from '../../protocol/bytes.ts';
import { archiveName } from '../archive/writer.ts';
import { CasinoError } from '../errors.ts';
import { type HeldLock, takeLock } from '../ledger/lock.ts';
import { LedgerReader } from '../ledger/reader.ts';
import { syncDirectory } from '../operations/files.ts';
import { TEMPORARY } from './files.ts';

const NAME = /^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}-\d{3}Z$/;
/** Where a backup is written, and where one goes that is removed: never taken for one. */
const PARTIAL = '.partial-';
const BATCHES_A_PAGE = 1_000;

/** A file that a ledger names and does not hold. */
export interface NamedFile {
  folder: 'archive' | 'blobs';
  name: string;
  /** Hex. */
  sha256: string;
}

/** A directory of backups: one folder for each, and the archives and blobs of all of them, each once. */
export class BackupDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** For one process at a time; `LEDGER_LOCKED` if another has it. Clears away what a crash has left. */
  lock(): HeldLock {
    for (const folder of ['backups', 'archive', 'blobs']) mkdirSync(join(this.path, folder), { recursive: true, mode: 0o700 });
    const lock = takeLock(join(this.path, 'lock'), 'this backup directory');
    this.#clean();
    return lock;
  }

  /** Names of all whole backups, the oldest first. */
  list(): string[] {
    return namesIn(join(this.path, 'backups')).filter((name) => NAME.test(name));
  }

  /** A backup's folder by its name, or that of the newest; `CONFIG_INVALID` if there is none. */
  named(name?: string): string {
    const names = this.list();
    const found = name === undefined ? names.at(-1) : names.find((one) => one === name);
    if (found !== undefined) return found;
    const what = name === undefined ? 'no backup' : `no backup ${name}`;
    throw new CasinoError('CONFIG_INVALID', `there is ${what} in ${this.path}`);
  }

  /** A file of a backup. */
  fileOf(name: string, file: string): string {
    return join(this.path, 'backups', name, file);
  }

  /** A file that the ledgers of backups name. */
  pooled({ folder, name }: Pick<NamedFile, 'folder' | 'name'>): string {
    return join(this.path, folder, name);
  }

  /**
   * A folder in which a backup can be written that nobody sees yet, and what makes it one, for good. It is named later than all others, also
   * by a clock that was set back: the newest is what is restored, and what is never removed.
   */
  begin(nowMs: number): { name: string; path: string; finish(): void } {
    const newest = this.list().at(-1);
    const name = nameOf(newest === undefined ? nowMs : Math.max(nowMs, timeOf(newest) + 1));
    const path = this.fileOf(`${PARTIAL}${name}`, '');
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const finish = () => {
      for (const folder of [path, join(this.path, 'archive'), join(this.path, 'blobs')]) syncDirectory(folder);
      renameSync(path, this.fileOf(name, ''));
      syncDirectory(join(this.path, 'backups'));
    };
    return { name, path, finish };
  }

  /** Removes all but the newest `keep` backups, and the files that only those had. Returns their names. */
  prune(keep: number): string[] {
    const names = this.list();
    const removed = names.slice(0, Math.max(0, names.length - keep));
    if (removed.length === 0) return [];
    // Read before anything goes: a ledger that can not be read ends it here.
    const needed = new Set(
      names.slice(removed.length).flatMap((name) => filesNamedBy(this.fileOf(name, 'ledger.db')).map(keyOf)),
    );
    for (const name of removed) {
      const gone = this.fileOf(`${PARTIAL}${name}`, '');
      renameSync(this.fileOf(name, ''), gone);
      rmSync(gone, { recursive: true, force: true });
    }
    syncDirectory(join(this.path, 'backups'));
    for (const folder of ['archive', 'blobs'] as const) {
      for (const name of namesIn(join(this.path, folder))) {
        if (!needed.has(keyOf({ folder, name }))) rmSync(this.pooled({ folder, name }), { force: true });
      }
    }
    return removed;
  }

  #clean(): void {
    const backups = join(this.path, 'backups');
    for (const name of namesIn(backups)) {
      if (name.startsWith(PARTIAL)) rmSync(join(backups, name), { recursive: true, force: true });
    }
    for (const folder of ['archive', 'blobs'] as const) {
      for (const name of namesIn(join(this.path, folder))) {
        if (name.endsWith(TEMPORARY)) rmSync(this.pooled({ folder, name }), { force: true });
      }
    }
  }
}

/** The archives and blobs that a ledger's file needs beside it. */
export function filesNamedBy(ledgerPath: string): NamedFile[] {
  const read = LedgerReader.open(ledgerPath);
  try {
    const archives = read.archives.list().filter(({ state }) => state !== 'Restored');
    const files: NamedFile[] = archives.map((record) => {
      return { folder: 'archive', name: archiveName(record), sha256: toHex(record.fileHash) };
    });
    for (let before = read.lastBatchNumber() + 1n; before > 0n; ) {
      const page = read.batches({ before, limit: BATCHES_A_PAGE });
      for (const { blobHash } of page) files.push({ folder: 'blobs', name: blobCid(blobHash), sha256: toHex(blobHash) });
      before = page.at(-1)?.batchNumber ?? 0n;
    }
    return files;
  } finally {
    read.close();
  }
}

const keyOf = ({ folder, name }: Pick<NamedFile, 'folder' | 'name'>): string => `${folder}/${name}`;
const nameOf = (timeMs: number): string => new Date(timeMs).toISOString().replace(/[:.]/g, '-');
const timeOf = (name: string): number => Date.parse(name.replace(/T(..)-(..)-(..)-/, 'T$1:$2:$3.'));

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
