import type { Logger } from 'pino';
import { blobCid } from '../../protocol/blob.ts';
import { compareBytes, toHex } from '../../protocol/bytes.ts';
import { backoffMs } from '../backoff.ts';
import type { RemoteBlobStore } from '../blobs/remote-store.ts';
import type { Clock } from '../clock.ts';
import { CasinoError, messageOf } from '../errors.ts';
import type { BatchRecord } from '../ledger/records.ts';
import type { Problem } from '../operations/problems.ts';

/** A store that fails this often in a row is reported; one that gives other bytes than it was given, at once. */
const FAILURES_TO_REPORT = 3;
const FIRST_RETRY_MS = 250;
const MAX_RETRY_MS = 30_000;
/** What the service's own files are called where stores are named. */
const OWN_FILES = 'the data directory';

interface Failure {
  times: number;
  lies: boolean;
  reason: string;
}

export interface PublisherOptions {
  stores: readonly RemoteBlobStore[];
  /** The blob as the service's own files have it; throws if it can not be had. */
  bytesOf(batch: BatchRecord): Uint8Array;
  clock: Clock;
  log: Logger;
}

/** The publication of one blob. */
interface Job {
  batchNumber: bigint;
  abort: AbortController;
  done: Promise<void>;
  published: boolean;
  /** By the name of the store that has not got it yet. */
  failures: Map<string, Failure>;
}

/**
 * Makes each batch's blob durable in every store and fetches it back, for ever until it is there. Nothing of this is written down: a start
 * finds out by fetching back what the last run has stored.
 */
export class BlobPublisher {
  readonly #o: PublisherOptions;
  readonly #jobs = new Map<string, Job>();
  readonly #ended = new Set<Promise<void>>();

  constructor(options: PublisherOptions) {
    this.#o = options;
  }

  /** Publishes the blobs of these batches, and gives up on those of all others. To be called whenever the batches may have changed. */
  follow(batches: readonly BatchRecord[]): void {
    const followed = new Map(batches.map((batch) => [toHex(batch.blobHash), batch]));
    for (const [key, job] of this.#jobs) if (!followed.has(key)) this.#giveUp(key, job);
    for (const [key, batch] of followed) if (!this.#jobs.has(key)) this.#jobs.set(key, this.#start(batch));
  }

  /** Whether every store has given the blob back as it is. */
  isPublished({ blobHash }: BatchRecord): boolean {
    return this.#jobs.get(toHex(blobHash))?.published ?? false;
  }

  /** Whether publishing the blob has failed, and is tried again. */
  isDelayed({ blobHash }: BatchRecord): boolean {
    return (this.#jobs.get(toHex(blobHash))?.failures.size ?? 0) > 0;
  }

  /** What keeps blobs from being published, at most one problem of each store and kind. */
  get problems(): Problem[] {
    const found = new Map<string, { store: string; failure: Failure; batches: bigint[] }>();
    for (const { batchNumber, failures } of this.#jobs.values()) {
      for (const [store, failure] of failures) {
        if (failure.times < FAILURES_TO_REPORT && !failure.lies) continue;
        const key = `${failure.lies} ${store}`;
        const known = found.get(key) ?? { store, failure, batches: [] };
        known.batches.push(batchNumber);
        found.set(key, known);
      }
    }
    return [...found.values()].map(({ store, failure, batches }) => {
      const waits = batches.length === 1 ? `batch ${batches[0]} waits` : `${batches.length} batches from ${batches[0]} on wait`;
      const message = `${waits} for ${store} to have the blob: ${failure.reason}`;
      return { code: failure.lies ? 'BLOB_STORE_CORRUPT' : 'BLOB_STORE_DOWN', message };
    });
  }

  /** Ends all that is under way, without waiting for any store. */
  async stop(): Promise<void> {
    for (const [key, job] of this.#jobs) this.#giveUp(key, job);
    await Promise.all(this.#ended);
  }

  #giveUp(key: string, { abort, done }: Job): void {
    abort.abort(new Error('the blob is not wanted any more'));
    this.#jobs.delete(key);
    this.#ended.add(done);
    void done.finally(() => this.#ended.delete(done));
  }

  #start(batch: BatchRecord): Job {
    const { stores, bytesOf } = this.#o;
    const abort = new AbortController();
    const { batchNumber } = batch;
    const job: Job = { batchNumber, abort, done: Promise.resolve(), published: false, failures: new Map() };
    const publish = async () => {
      const bytes = await this.#untilDone(job, OWN_FILES, async () => bytesOf(batch));
      const blob = { cid: blobCid(batch.blobHash), hash: batch.blobHash, bytes };
      await Promise.all(stores.map((store) => this.#untilDone(job, store.name, () => keep(store, blob, abort.signal))));
      job.published = true;
    };
    // The only thing that ends it early is being given up.
    job.done = publish().catch(() => {});
    return job;
  }

  /** Tries again until it is done; rejects only once the job is given up. */
  async #untilDone<T>(job: Job, store: string, act: () => Promise<T>): Promise<T> {
    const { clock, log } = this.#o;
    const { signal } = job.abort;
    for (let times = 1; ; times += 1) {
      try {
        const result = await unlessAborted(act(), signal);
        job.failures.delete(store);
        return result;
      } catch (error) {
        signal.throwIfAborted();
        const lies = error instanceof CasinoError && error.code === 'BLOB_CORRUPT';
        const reason = messageOf(error);
        job.failures.set(store, { times, lies, reason });
        log.warn({ batch: job.batchNumber.toString(), store, failures: times, reason }, 'a blob was not published, trying again');
        await clock.sleep(backoffMs(times, { firstMs: FIRST_RETRY_MS, mostMs: MAX_RETRY_MS, random: clock.random() }), signal);
      }
    }
  }
}

/**
 * Has a store keep a blob, unless it does already, and fetches it back. Asking first is what finds out after a start, or after a put whose
 * answer was lost, and leaves objects alone that a store lets nobody write twice.
 */
async function keep(
  store: RemoteBlobStore,
  blob: { cid: string; hash: Uint8Array; bytes: Uint8Array },
  signal: AbortSignal,
): Promise<void> {
  const before = await store.get(blob.cid, signal);
  if (before && compareBytes(before, blob.bytes) === 0) return;
  await store.put(blob, signal);
  const after = await store.get(blob.cid, signal);
  if (!after) throw new CasinoError('BLOB_STORE_FAILED', `${store.name} has taken blob ${blob.cid} and does not show it`);
  if (compareBytes(after, blob.bytes) !== 0) {
    throw new CasinoError('BLOB_CORRUPT', `${store.name} gives other bytes than those of blob ${blob.cid}`);
  }
}

/** As the promise, but does not wait for one that does not heed the signal. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    void promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
