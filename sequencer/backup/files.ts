import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeAll } from '../operations/files.ts';

const CHUNK_BYTES = 1_048_576;
/** How a file is called while it is written: what a crash leaves is cleared away by its ending. */
export const TEMPORARY = '.tmp';

/** The SHA-256 of a file in hex; undefined if there is none. */
export function hashOfFile(path: string): string | undefined {
  if (!isFile(path)) return undefined;
  const hash = createHash('sha256');
  for (const bytes of chunksOf(path)) hash.update(bytes);
  return hash.digest('hex');
}

export const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

/**
 * Copies a file to a place where it appears whole or not at all, and durable once its folder is synced; reads it back. False if source or
 * copy is not what the hash says: nothing is there then.
 */
export function copyFile(input: { from: string; to: string; sha256: string; mode?: number }): boolean {
  const { from, to, sha256, mode = 0o644 } = input;
  if (!isFile(from)) return false;
  mkdirSync(dirname(to), { recursive: true });
  const temporary = `${to}${TEMPORARY}`;
  const file = openSync(temporary, 'w', mode);
  try {
    for (const bytes of chunksOf(from)) writeAll(file, bytes);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  if (hashOfFile(temporary) !== sha256) {
    rmSync(temporary, { force: true });
    return false;
  }
  renameSync(temporary, to);
  return true;
}

function* chunksOf(path: string): Generator<Uint8Array> {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(CHUNK_BYTES);
    for (let read = readSync(file, buffer); read > 0; read = readSync(file, buffer)) yield buffer.subarray(0, read);
  } finally {
    closeSync(file);
  }
}
