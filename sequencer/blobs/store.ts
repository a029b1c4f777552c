import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { blobHashOf } from '../../protocol/blob.ts';
import { compareBytes, toHex } from '../../protocol/bytes.ts';
import { CasinoError } from '../errors.ts';
import { writeFileDurably } from '../operations/files.ts';

/** Blobs as files named by their SHA-256. */
export class BlobStore {
  readonly #directory: string;

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true });
    this.#directory = directory;
  }

  /** Stores a blob durably and reads it back before saying so. Storing the same bytes again changes nothing. */
  put(bytes: Uint8Array): Uint8Array {
    const hash = blobHashOf(bytes);
    if (!existsSync(this.#path(hash))) writeFileDurably(this.#path(hash), bytes);
    this.get(hash);
    return hash;
  }

  /** The blob of a hash; `NOT_FOUND`, or `BLOB_CORRUPT` if the file is not what its name says. */
  get(hash: Uint8Array): Uint8Array {
    if (!existsSync(this.#path(hash))) throw new CasinoError('NOT_FOUND', `no blob ${toHex(hash)}`);
    const bytes = new Uint8Array(readFileSync(this.#path(hash)));
    if (compareBytes(blobHashOf(bytes), hash) !== 0)
      throw new CasinoError('BLOB_CORRUPT', `blob ${toHex(hash)} has other content`);
    return bytes;
  }

  #path(hash: Uint8Array): string {
    return join(this.#directory, toHex(hash));
  }
}
