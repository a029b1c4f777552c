import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { blobHashOf } from '../../protocol/blob.ts';
import { compareBytes, toHex } from '../../protocol/bytes.ts';
import { CasinoError, messageOf } from '../errors.ts';
import { writeFileDurably } from '../operations/files.ts';

/** Blobs as files named by their SHA-256. */
export class BlobStore {
  readonly #directory: string;

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true });
    this.#directory = directory;
  }

  /**
   * Stores a blob durably and reads it back before saying so; `BLOB_FAILED` if that fails. Storing the same bytes again changes nothing,
   * but for a file that is not what its name says: it is replaced.
   */
  put(bytes: Uint8Array): Uint8Array {
    const hash = blobHashOf(bytes);
    const standing = this.#read(hash);
    if (standing && compareBytes(standing, bytes) === 0) return hash;
    try {
      writeFileDurably(this.#path(hash), bytes);
    } catch (error) {
      const message = `${this.#path(hash)} can not be written: ${messageOf(error)}; its bets wait until it can`;
      throw new CasinoError('BLOB_FAILED', message, { cause: error });
    }
    this.get(hash);
    return hash;
  }

  /** The blob of a hash; `NOT_FOUND`, or `BLOB_CORRUPT` if the file is not what its name says. */
  get(hash: Uint8Array): Uint8Array {
    const bytes = this.#read(hash);
    if (!bytes) throw new CasinoError('NOT_FOUND', `${this.#path(hash)} is missing`);
    if (compareBytes(blobHashOf(bytes), hash) !== 0) {
      throw new CasinoError('BLOB_CORRUPT', `${this.#path(hash)} is not what its name says`);
    }
    return bytes;
  }

  #read(hash: Uint8Array): Uint8Array | undefined {
    return existsSync(this.#path(hash)) ? new Uint8Array(readFileSync(this.#path(hash))) : undefined;
  }

  #path(hash: Uint8Array): string {
    return join(this.#directory, toHex(hash));
  }
}
