import type { Blob } from '../../protocol/blob.ts';
import { blobCid, blobHashOf, decodeBlob } from '../../protocol/blob.ts';
import { compareBytes } from '../../protocol/bytes.ts';
import { STORE_TIMEOUT_MS } from '../blobs/http.ts';
import type { RemoteBlobStore } from '../blobs/remote-store.ts';
import type { BlobStore } from '../blobs/store.ts';
import { CasinoError, messageOf } from '../errors.ts';

/** Where the service keeps and publishes blobs. */
export interface BlobPlaces {
  own: BlobStore;
  remote: readonly RemoteBlobStore[];
}

/**
 * A settled batch's blob: from the service's own files, else from the first store that has it, which the own files get it from.
 * `LEDGER_STALE` if it is nowhere.
 */
export async function findBlob(places: BlobPlaces, hash: Uint8Array): Promise<Blob> {
  const { own, remote } = places;
  const failures: string[] = [];
  try {
    return decodeBlob(own.get(hash));
  } catch (error) {
    failures.push(messageOf(error));
  }
  const cid = blobCid(hash);
  for (const store of remote) {
    try {
      const bytes = await store.get(cid, AbortSignal.timeout(STORE_TIMEOUT_MS));
      if (bytes && compareBytes(blobHashOf(bytes), hash) === 0) {
        own.put(bytes);
        return decodeBlob(bytes);
      }
      failures.push(`${store.name} ${bytes ? 'gives other bytes' : 'does not have it'}`);
    } catch (error) {
      failures.push(messageOf(error));
    }
  }
  const way = 'put its file among the blobs, under this name, and start again';
  throw new CasinoError('LEDGER_STALE', `the blob ${cid} of a settled batch is needed (${failures.join('; ')}): ${way}`);
}
