import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { LocalChainError } from './errors.ts';

/** Makes a directory's entries durable. */
function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Writes a file so that after a crash either the old content or the whole new one is there. */
export function writeFileDurably(path: string, content: Uint8Array, mode = 0o644): void {
  const temporary = `${path}.tmp`;
  const descriptor = openSync(temporary, 'w', mode);
  try {
    let offset = 0;
    while (offset < content.length) offset += writeSync(descriptor, content, offset);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, path);
  syncDirectory(dirname(path));
}

/**
 * Holds an operating-system lock on `path` until released or until the process ends, however it ends. SQLite's
 * exclusive transaction is used because Node has no file lock of its own and a pid file outlives a `kill -9`.
 * Throws `LOCALCHAIN_DATA_LOCKED` while another process holds it.
 */
export function lockFile(path: string): { release(): void } {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    throw new LocalChainError(
      'LOCALCHAIN_DATA_LOCKED',
      'another process uses this data directory: stop it, or name another directory with --data',
      { cause },
    );
  }
  return { release: () => database.close() };
}
