import { hash as digestOf } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { blobCid, blobHashOf } from '../../protocol/blob.ts';
import { compareBytes, fromHex } from '../../protocol/bytes.ts';
import { CasinoError, messageOf } from '../errors.ts';
import { writeFileDurably } from '../operations/files.ts';

/** What earlier versions named a blob: its SHA-256 in hex. */
const HEX_NAME = /^[0-9a-f]{64}$/;

/** The service's own store: blobs as files named by their CID. It always has every blob, and serves them. */
export class BlobStore {
  readonly #directory: string;

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true });
    this.#directory = directory;
    this.#renameOld();
  }

  /**
   * Stores a blob durably and reads it back before saying so; `BLOB_FAILED` if that fails. Storing the same bytes again changes nothing,
   * but for a file that is not what its name says: it is replaced.
   */
  put(bytes: Uint8Array): Uint8Array {
    const hash = blobHashOf(bytes);
    const path = this.#path(hash);
    const standing = existsSync(path) ? readFileSync(path) : undefined;
    if (standing && compareBytes(standing, bytes) === 0) return hash;
    try {
      writeFileDurably(path, bytes);
    } catch (error) {
      const message = `${path} can not be written: ${messageOf(error)}; its bets wait until it can`;
      throw new CasinoError('BLOB_FAILED', message, { cause: error });
    }
    this.get(hash);
    return hash;
  }

  /** The blob of a hash; `NOT_FOUND`, or `BLOB_CORRUPT` if the file is not what its name says. */
  get(hash: Uint8Array): Uint8Array {
    const path = this.#path(hash);
    if (!existsSync(path)) throw new CasinoError('NOT_FOUND', `${path} is missing`);
    return checked(readFileSync(path), hash, path);
  }

  /** As `get`, without holding up the thread; undefined if there is no such blob. */
  async read(hash: Uint8Array): Promise<Uint8Array | undefined> {
    const path = this.#path(hash);
    try {
      return checked(await readFile(path), hash, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** A crash in between leaves some for the next start. */
  #renameOld(): void {
    for (const name of readdirSync(this.#directory)) {
      if (!HEX_NAME.test(name)) continue;
      const path = this.#path(fromHex(name, 32));
      if (!existsSync(path)) renameSync(join(this.#directory, name), path);
    }
  }

  #path(hash: Uint8Array): string {
    return join(this.#directory, blobCid(hash));
  }
}

function checked(file: Buffer, hash: Uint8Array, path: string): Uint8Array {
  if (compareBytes(digestOf('sha256', file, 'buffer'), hash) !== 0) {
    throw new CasinoError('BLOB_CORRUPT', `${path} is not what its name says`);
  }
  return new Uint8Array(file.buffer, file.byteOffset, file.length);
}
