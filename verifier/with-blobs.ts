import { type BlobSource, type FetchedBlob, fetchBlob } from './blob-source.ts';
import type { SettleBatchData } from './layout/instructions.ts';
import type { HistoryTransaction } from './transaction.ts';

/** Transactions whose blobs are asked for ahead of the reader. */
const AHEAD = 8;

export interface WithBlobs {
  transaction: HistoryTransaction;
  /** The blob of one of its batches; rejects with `BLOBS_UNREACHABLE` if its source does not answer. */
  blobOf(settlement: SettleBatchData): Promise<FetchedBlob>;
}

/** The transactions with their blobs, which are asked for some transactions ahead. What fails ahead fails in its turn. */
export async function* withBlobs(
  history: AsyncIterable<HistoryTransaction>,
  source: BlobSource,
): AsyncGenerator<WithBlobs, void, undefined> {
  const ahead: WithBlobs[] = [];
  try {
    for await (const transaction of history) {
      const blobs = new Map<SettleBatchData, Promise<FetchedBlob>>();
      for (const settlement of transaction.settlements) {
        const fetched = fetchBlob(source, settlement.blobHash);
        fetched.catch(() => {});
        blobs.set(settlement, fetched);
      }
      ahead.push({ transaction, blobOf: (settlement) => blobs.get(settlement) ?? fetchBlob(source, settlement.blobHash) });
      if (ahead.length > AHEAD) yield ahead.shift() as WithBlobs;
    }
  } catch (error) {
    yield* ahead;
    throw error;
  }
  yield* ahead;
}
