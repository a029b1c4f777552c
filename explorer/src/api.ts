import type {
  BatchDetail,
  BatchesPage,
  BatchState,
  BetDetail,
  BetFilters,
  BetsPage,
  Health,
  House,
  Reconciliation,
} from './api-types.ts';
import { config } from './config.ts';

/** Longest that an answer may take. */
const TIMEOUT_MS = 15_000;
const MAX_ATTEMPTS = 4;
const AGAIN_MS = 500;

/** An error that the API named, or one of the way to it. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  /** Whether asking again may help. */
  readonly retry: boolean;

  constructor(code: string, input: { message: string; status: number; retry: boolean }) {
    super(input.message);
    this.name = 'ApiError';
    this.code = code;
    this.status = input.status;
    this.retry = input.retry;
  }
}

type Query = Record<string, string | number | undefined>;

interface Page {
  cursor?: string | undefined;
  limit?: number | undefined;
}

/** Every route that the explorer reads. */
export const api = {
  bets: (filters: BetFilters & Page, signal?: AbortSignal) => get<BetsPage>('/v1/bets', { query: { ...filters }, signal }),
  bet: (id: string, signal?: AbortSignal) => get<BetDetail>(`/v1/bets/${encodeURIComponent(id)}`, { signal }),
  /** A bet's receipt file, to be saved with its keys in the order that they have. */
  receiptFile: (id: string) => get<object>(`/v1/bets/${encodeURIComponent(id)}/receipt`, {}),
  batches: (filters: { status?: BatchState | undefined } & Page, signal?: AbortSignal) =>
    get<BatchesPage>('/v1/batches', { query: { ...filters }, signal }),
  batch: (number: string, signal?: AbortSignal) => get<BatchDetail>(`/v1/batches/${encodeURIComponent(number)}`, { signal }),
  house: (signal?: AbortSignal) => get<House>('/v1/house', { signal }),
  /** Health is an answer too when it is bad. */
  health: (signal?: AbortSignal) => get<Health>('/health', { signal, alsoStatus: 503 }),
  reconciliation: (signal?: AbortSignal) => get<Reconciliation>('/v1/reconciliation', { signal }),
};

interface GetOptions {
  query?: Query;
  signal?: AbortSignal | undefined;
  /** Another status whose body is an answer, unless it carries an error. */
  alsoStatus?: number;
}

/** A service that is busy for a moment is asked again before a reader is told of it. */
async function get<T>(path: string, options: GetOptions): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await getOnce<T>(path, options);
    } catch (error) {
      const isBusy = error instanceof ApiError && error.retry && (error.status === 429 || error.status === 503);
      if (!isBusy || attempt === MAX_ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, attempt * AGAIN_MS * (1 + Math.random())));
    }
  }
}

async function getOnce<T>(path: string, options: GetOptions): Promise<T> {
  const { apiUrl } = await config();
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(options.query ?? {})) {
    if (value !== undefined && value !== '') query.set(name, String(value));
  }
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
  const response = await answerOf(`${apiUrl}${path}${query.size > 0 ? `?${query}` : ''}`, { signal, path });
  const body = (await response.json().catch(() => undefined)) as (T & { error?: ErrorBody }) | undefined;
  if (response.ok && body !== undefined) return body;
  if (body !== undefined && response.status === options.alsoStatus && !body.error) return body;
  const {
    code = 'UNKNOWN',
    message = `the service answered ${response.status}`,
    retry = response.status >= 500,
  } = body?.error ?? {};
  throw new ApiError(code, { message, status: response.status, retry });
}

async function answerOf(url: string, { signal, path }: { signal: AbortSignal; path: string }): Promise<Response> {
  try {
    return await fetch(url, { signal });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError('UNREACHABLE', { message: `no answer to ${path}`, status: 0, retry: true });
  }
}

interface ErrorBody {
  code?: string;
  message?: string;
  retry?: boolean;
}
