import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { blobCid } from '../protocol/blob.ts';
import { toHex } from '../protocol/bytes.ts';
import { type BlobSource, httpBlobs } from '../verifier/blob-source.ts';

/** Blobs at an address, `base/<cid>`, or in a folder, named by their hash in hex or by their CID. */
export function blobsAt(where: string): BlobSource {
  return /^https?:\/\//.test(where) ? httpBlobs({ base: where }) : folderBlobs(where);
}

function folderBlobs(folder: string): BlobSource {
  return {
    async get(hash) {
      for (const name of [toHex(hash), blobCid(hash)]) {
        const bytes = await readIfThere(join(folder, name));
        if (bytes) return bytes;
      }
      return undefined;
    },
  };
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
