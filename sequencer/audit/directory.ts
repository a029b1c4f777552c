import { createHash, type Hash } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { CasinoError, messageOf } from '../errors.ts';
import { syncDirectory, writeAll } from '../operations/files.ts';

/** Bytes that are gathered before they are written. */
const BUFFER_BYTES = 1 << 18;

/**
 * A folder that appears whole or not at all: it is written beside its name, every file synced, and renamed at the end. Neither a folder that
 * is there nor what an export that was cut off has left is written over: `CONFIG_INVALID`.
 */
export class ExportDirectory {
  readonly #path: string;
  readonly #partial: string;

  private constructor(path: string) {
    this.#path = resolve(path);
    this.#partial = `${this.#path}.partial`;
  }

  static create(path: string): ExportDirectory {
    const directory = new ExportDirectory(path);
    for (const taken of [directory.#path, directory.#partial]) {
      if (!existsSync(taken)) continue;
      const hint = taken === directory.#partial ? ': an export is being written, or was cut off; remove it then' : '';
      throw new CasinoError('CONFIG_INVALID', `${taken} is there already, and is not written over${hint}`);
    }
    attempt(path, () => {
      mkdirSync(dirname(directory.#path), { recursive: true });
      mkdirSync(directory.#partial);
    });
    return directory;
  }

  file(name: string): HashedFile {
    return attempt(name, () => new HashedFile(join(this.#partial, name)));
  }

  /** Writes a whole small file. */
  put(name: string, bytes: Uint8Array): void {
    const file = this.file(name);
    try {
      file.write(bytes);
      file.finish();
    } finally {
      file.close();
    }
  }

  /** Gives the folder its name. */
  finish(): void {
    attempt(basename(this.#path), () => {
      syncDirectory(this.#partial);
      if (existsSync(this.#path)) throw new Error('it is there already');
      renameSync(this.#partial, this.#path);
      syncDirectory(dirname(this.#path));
    });
  }

  /** Takes back what was written. */
  abandon(): void {
    rmSync(this.#partial, { recursive: true, force: true });
  }
}

/** A file that is hashed while it is written. */
export class HashedFile {
  readonly #name: string;
  readonly #file: number;
  readonly #hash: Hash = createHash('sha256');
  #buffered: Uint8Array[] = [];
  #bufferedBytes = 0;
  #bytes = 0;
  #open = true;

  constructor(path: string) {
    this.#name = basename(path);
    this.#file = openSync(path, 'wx', 0o644);
  }

  /** Takes the bytes, which may be used again afterwards; `EXPORT_FAILED` if they can not be written. */
  write(bytes: Uint8Array): void {
    this.#buffered.push(Buffer.from(bytes));
    this.#bufferedBytes += bytes.length;
    if (this.#bufferedBytes >= BUFFER_BYTES) this.#flush();
  }

  /** Makes the file durable; its size and the SHA-256 of its bytes, in hex. */
  finish(): { bytes: number; sha256: string } {
    this.#flush();
    attempt(this.#name, () => fsyncSync(this.#file));
    this.close();
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  close(): void {
    if (this.#open) closeSync(this.#file);
    this.#open = false;
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#buffered);
    this.#buffered = [];
    this.#bufferedBytes = 0;
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
    attempt(this.#name, () => writeAll(this.#file, bytes));
  }
}

function attempt<T>(name: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new CasinoError('EXPORT_FAILED', `${name} can not be written: ${messageOf(error)}`, { cause: error });
  }
}
