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

/** Largest answer that is read, in bytes. */
const MAX_ANSWER_BYTES = 4_000_000;

/** The platform's fetch, in Node and browsers. */
export const fetchTransport: HttpTransport = async ({ method, url, body, timeoutMs }) => {
  try {
    const response = await fetch(url, {
      method,
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
    });
    const text = await textOf(response);
    return { status: response.status, retryAfter: response.headers.get('retry-after') ?? undefined, text };
  } catch (cause) {
    throw new ClientError('API_UNREACHABLE', `${method} ${url}: no answer`, { cause });
  }
};

/** The body as text, read piece by piece so that one without end takes no more memory than the cap. */
async function textOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return '';
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.length;
    if (bytes > MAX_ANSWER_BYTES) {
      await reader.cancel();
      throw new Error(`the answer has more than ${MAX_ANSWER_BYTES} bytes`);
    }
    text += decoder.decode(value, { stream: true });
  }
}
