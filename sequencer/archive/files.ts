import { randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fstatSync,
  fsync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statfsSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { syncDirectory, writeAll } from '../operations/files.ts';
import type { ReadableFile } from './format.ts';

const TEMPORARY = '.tmp';

/** An archive that is open for reading. */
export interface ArchiveFile extends ReadableFile {
  close(): void;
}

/** An archive that is being written: nobody can see it before it is whole. */
export interface ArchiveSink {
  append(bytes: Uint8Array): void;
  /** Makes it durable under a name. */
  finish(name: string): Promise<void>;
  /** Takes it away again; after `finish` too late. */
  discard(): void;
}

/** Where archives are kept: a folder, or what stands for one in a simulation. */
export interface ArchiveFiles {
  /** Undefined if there is no such file. */
  open(name: string): ArchiveFile | undefined;
  create(): ArchiveSink;
  /** Removes what a crash has left half written. */
  clean(): void;
  /** What the disk has left for them, which is the ledger's too. */
  freeBytes(): number;
}

/** Archives as files of one folder, which is made when the first is written. */
export class ArchiveDirectory implements ArchiveFiles {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  open(name: string): ArchiveFile | undefined {
    try {
      return new DiskFile(join(this.path, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  create(): ArchiveSink {
    if (mkdirSync(this.path, { recursive: true }) !== undefined) syncDirectory(dirname(this.path));
    return new DiskSink(this.path);
  }

  clean(): void {
    for (const name of this.names(TEMPORARY)) rmSync(join(this.path, name), { force: true });
  }

  freeBytes(): number {
    const { bavail, bsize } = statfsSync(existsSync(this.path) ? this.path : dirname(this.path));
    return bavail * bsize;
  }

  /** Names of the files that end so, in order. */
  names(ending: string): string[] {
    try {
      return readdirSync(this.path)
        .filter((name) => name.endsWith(ending))
        .sort();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }
}

/** A file on disk, read from where it is asked to. */
export class DiskFile implements ArchiveFile {
  readonly size: number;
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'r');
    this.size = fstatSync(this.#file).size;
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = Buffer.allocUnsafe(length);
    for (let done = 0; done < length; ) {
      const count = readSync(this.#file, bytes, done, length - done, offset + done);
      if (count === 0) throw new Error(`it ends at byte ${offset + done}`);
      done += count;
    }
    return bytes;
  }

  close(): void {
    closeSync(this.#file);
  }
}

class DiskSink implements ArchiveSink {
  readonly #directory: string;
  readonly #temporary: string;
  readonly #file: number;
  #open = true;

  constructor(directory: string) {
    this.#directory = directory;
    // Not the process's number, which in two containers over one folder may be the same.
    this.#temporary = join(directory, `${randomUUID()}${TEMPORARY}`);
    this.#file = openSync(this.#temporary, 'wx');
  }

  append(bytes: Uint8Array): void {
    writeAll(this.#file, bytes);
  }

  /** The sync is the slow part, and waits elsewhere than on the thread that answers bets. */
  async finish(name: string): Promise<void> {
    await promisify(fsync)(this.#file);
    this.#close();
    renameSync(this.#temporary, join(this.#directory, name));
    syncDirectory(this.#directory);
  }

  discard(): void {
    this.#close();
    rmSync(this.#temporary, { force: true });
  }

  #close(): void {
    if (this.#open) closeSync(this.#file);
    this.#open = false;
  }
}
