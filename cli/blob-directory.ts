import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { blobCid, MAX_BLOB_BYTES } from '../protocol/blob.ts';
import { toHex } from '../protocol/bytes.ts';
import { type BlobSource, httpBlobs } from '../verifier/blob-source.ts';
import { messageOf, VerifierError } from '../verifier/errors.ts';

/** Blobs as `--blobs` names them: an `http(s)://` address, or a directory of files named by their CID or, as older ones are, by their hash in hex. */
export async function blobSourceAt(where: string): Promise<BlobSource> {
  if (/^https?:\/\//.test(where)) return httpBlobs({ base: where });
  const found = await stat(where).catch(() => undefined);
  if (!found?.isDirectory()) throw new VerifierError('BAD_USAGE', `${where} is neither a directory nor an http address`);
  return {
    get: async (hash) => (await readBlob(join(where, blobCid(hash)))) ?? (await readBlob(join(where, toHex(hash)))),
  };
}

/** The file's bytes; those of one that is larger than any blob are cut off, so that their hash is another. */
async function readBlob(path: string): Promise<Uint8Array | undefined> {
  try {
    const { size } = await stat(path);
    return size > MAX_BLOB_BYTES ? new Uint8Array(0) : new Uint8Array(await readFile(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new VerifierError('BLOBS_UNREACHABLE', `${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
