import { blobCid, blobHashOf, MAX_BLOB_BYTES } from '../protocol/blob.ts';
import { compareBytes } from '../protocol/bytes.ts';
import { messageOf, VerifierError } from './errors.ts';
import { type Attempt, askAgain, retryAfterMs } from './retry.ts';

const DEFAULT_TIMEOUT_MS = 20_000;
const DEFAULT_TRIES = 6;

/** Where blobs are found by their SHA-256. What it gives is checked by who asks, see `fetchBlob`. */
export interface BlobSource {
  /** Undefined if it does not have the blob; rejects with `BLOBS_UNREACHABLE` if it does not answer. */
  get(hash: Uint8Array): Promise<Uint8Array | undefined>;
}

/** A blob that is what its hash says, or why there is none. */
export type FetchedBlob = { bytes: Uint8Array } | { missing: 'absent' | 'altered' };

/** Asks a source for a blob and believes nothing but the hash. */
export async function fetchBlob(source: BlobSource, hash: Uint8Array): Promise<FetchedBlob> {
  const bytes = await source.get(hash);
  if (bytes === undefined) return { missing: 'absent' };
  const isWhole = bytes.length <= MAX_BLOB_BYTES && compareBytes(blobHashOf(bytes), hash) === 0;
  return isWhole ? { bytes } : { missing: 'altered' };
}

/** Blobs at `base/<cid>`: a sequencer's `/v1/blobs`, an IPFS gateway's `/ipfs`, a public bucket. */
export function httpBlobs(options: {
  base: string;
  timeoutMs?: number;
  tries?: number;
  fetch?: typeof globalThis.fetch;
}): BlobSource {
  if (!URL.canParse(options.base)) throw new VerifierError('BAD_USAGE', `${options.base} is not an address`);
  const base = options.base.replace(/\/+$/, '');
  const ask = options.fetch ?? globalThis.fetch;
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  return {
    get: (hash) =>
      askAgain<Uint8Array | undefined>({
        tries: options.tries ?? DEFAULT_TRIES,
        ask: () => askOnce(() => ask(`${base}/${blobCid(hash)}`, { signal: AbortSignal.timeout(timeoutMs) })),
        onGiveUp: (reason) => new VerifierError('BLOBS_UNREACHABLE', `${base} does not answer: ${reason}`),
      }),
  };
}

async function askOnce(ask: () => Promise<Response>): Promise<Attempt<Uint8Array | undefined>> {
  try {
    const response = await ask();
    if (response.ok) return { answer: await readLimited(response) };
    await response.body?.cancel();
    // 410: gone. S3 answers 403 for what is not there to those who may not list.
    if ([403, 404, 410].includes(response.status)) return { answer: undefined };
    return { reason: `HTTP status ${response.status}`, retryAfterMs: retryAfterMs(response.headers.get('retry-after')) };
  } catch (error) {
    return { reason: messageOf(error) };
  }
}

/** The body, or what there is of it once it is longer than any blob: its hash is then another. */
async function readLimited(response: Response): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  if (response.body) {
    const reader = response.body.getReader();
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      parts.push(read.value);
      length += read.value.length;
      if (length <= MAX_BLOB_BYTES) continue;
      await reader.cancel();
      break;
    }
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
