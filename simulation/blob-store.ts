import type { RemoteBlobStore } from '../sequencer/blobs/remote-store.ts';
import { CasinoError } from '../sequencer/errors.ts';
import type { Life } from './life.ts';

/** What befalls one call to the store. */
export interface StoreFate {
  latencyMs: number;
  /** No answer: before the store did anything, or after. */
  fails: 'before' | 'after' | undefined;
  /** It keeps, or gives, other bytes than it should. */
  lies: boolean;
}

/** A store of blobs elsewhere, as one life of the sequencer sees it; what it keeps outlives that. */
export function simulatedBlobStore(options: { kept: Map<string, Uint8Array>; life: Life; fate(): StoreFate }): RemoteBlobStore {
  const { kept, life, fate } = options;
  const call = <T>(name: string, answer: (lies: boolean) => T): Promise<T> => {
    const { latencyMs, fails, lies } = fate();
    return life.wait(latencyMs, name, () => {
      if (fails === 'before') throw unreachable();
      const answered = answer(lies);
      if (fails === 'after') throw unreachable();
      return answered;
    });
  };
  return {
    name: 'a store elsewhere',
    put: ({ cid, bytes }) => call('put a blob', (lies) => void kept.set(cid, lies ? bytes.slice(1) : bytes)),
    get: (cid) => call('get a blob', (lies) => (lies ? kept.get(cid)?.slice(1) : kept.get(cid))),
  };
}

const unreachable = () => new CasinoError('BLOB_STORE_FAILED', 'the store gives no answer');
