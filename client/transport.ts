import { ClientError } from './errors.ts';

export interface HttpRequest {
  method: 'GET' | 'POST';
  url: string;
  /** JSON text. */
  body?: string;
  timeoutMs: number;
}

export interface HttpAnswer {
  status: number;
  /** Value of the `Retry-After` header, if any. */
  retryAfter: string | undefined;
  text: string;
}

/** Sends one request; throws `API_UNREACHABLE` when no whole answer came within the time. */
export type HttpTransport = (request: HttpRequest) => Promise<HttpAnswer>;

/** Largest answer that is read, in characters. */
const MAX_ANSWER_LENGTH = 4_000_000;

/** The platform's fetch, in Node and browsers. */
export const fetchTransport: HttpTransport = async ({ method, url, body, timeoutMs }) => {
  try {
    const response = await fetch(url, {
      method,
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    if (text.length > MAX_ANSWER_LENGTH) throw new Error(`the answer has more than ${MAX_ANSWER_LENGTH} characters`);
    return { status: response.status, retryAfter: response.headers.get('retry-after') ?? undefined, text };
  } catch (cause) {
    throw new ClientError('API_UNREACHABLE', `${method} ${url}: no answer`, { cause });
  }
};
