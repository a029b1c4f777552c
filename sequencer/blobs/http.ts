import { CasinoError, messageOf } from '../errors.ts';

/** Longest that one call to a store may take, its answer included. */
export const STORE_TIMEOUT_MS = 15_000;
/** Of a store's answer that is not a blob, no more is read. */
export const MAX_ANSWER_BYTES = 65_536;

export interface StoreAnswer {
  status: number;
  body: Uint8Array;
}

/** How a store is called: a test replaces the time limit. */
export interface StoreCall {
  /** Who is asked, in words. */
  store: string;
  url: URL;
  method: 'GET' | 'PUT' | 'POST';
  headers?: Record<string, string>;
  body?: Uint8Array<ArrayBuffer> | FormData | string;
  maxBytes: number;
  timeoutMs: number;
  signal: AbortSignal;
}

/**
 * One call to a store over HTTP. Redirects are answers like any other: what was signed for one host goes to no other. `BLOB_STORE_FAILED` if
 * there is no whole answer in time, or one that is too long.
 */
export async function callStore(call: StoreCall): Promise<StoreAnswer> {
  const { store, url, method, headers = {}, body, maxBytes, timeoutMs } = call;
  const limit = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([call.signal, limit]);
  try {
    const answer = await fetch(url, { method, headers, signal, redirect: 'manual', ...(body === undefined ? {} : { body }) });
    return { status: answer.status, body: await bodyOf(answer, maxBytes) };
  } catch (error) {
    if (error instanceof CasinoError) throw storeFailed(store, error.message);
    throw storeFailed(
      store,
      limit.aborted ? `gives no answer within ${timeoutMs / 1_000} s` : `can not be reached: ${causeOf(error)}`,
    );
  }
}

/** The one error of stores that do not do what they are asked: it is tried again. */
export function storeFailed(store: string, reason: string): CasinoError {
  return new CasinoError('BLOB_STORE_FAILED', `${store} ${reason}`);
}

async function bodyOf(answer: Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  if (!answer.body) return new Uint8Array();
  // Leaving the loop early closes the connection.
  for await (const chunk of answer.body) {
    length += chunk.length;
    if (length > maxBytes) throw new CasinoError('BLOB_STORE_FAILED', `answers with more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

/** Health is public: the code of a failed connection tells enough, its message would tell addresses. */
function causeOf(error: unknown): string {
  let last = error;
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string') return cause.code;
    last = cause;
  }
  return messageOf(last);
}

/** The JSON object of an answer. */
export function jsonOf(store: string, { body }: StoreAnswer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below, like any other answer that is no object.
  }
  throw storeFailed(store, 'answers with something that is no JSON object');
}
