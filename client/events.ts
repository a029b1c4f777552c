import { type BatchStatus, batchStatusOf, type VoidedBets, voidedOf } from './api.ts';
import type { Clock } from './clock.ts';
import { CasinoApiError } from './errors.ts';
import { type BetSummary, betSummaryOf } from './history.ts';
import { JsonReader, parseJson } from './parse.ts';

/** What the service tells as it happens. `cursor` is its place among all events: `events({ cursor })` goes on after it. */
export type CasinoEvent = { cursor: string } /** A bet was taken: told once, however often it is sent again. */ & (
  | ({ type: 'bet_result' } & BetSummary)
  /** A batch is in another state. */
  | { type: 'batch_changed'; batch: BatchStatus }
  | { type: 'batch_finalized'; batch: BatchStatus }
  /** A batch was taken back; its bets go into new ones. */
  | { type: 'batch_withdrawn'; number: bigint }
  /** A withdrawal request was seen; bets wait until it is paid. */
  | { type: 'withdrawal_requested'; user: string; amount: bigint; deadlineSlot: bigint }
  /** Final: an amount waits to be claimed; or was claimed. */
  | { type: 'withdrawal_paid' | 'claimed'; user: string; amount: bigint }
  /** Final: the owner has left by force, with bets that are void if any were not settled. */
  | { type: 'vault_closed'; user: string; amount: bigint; voided: VoidedBets | null }
  /** Events were missed, for a reason in one word, and can not be told again: ask the routes for what counts. */
  | { type: 'gap'; reason: string }
);

/** Events that may wait to be read; beyond that the connection is given up, and made again once they are read. */
const MAX_WAITING_EVENTS = 10_000;
const FIRST_RECONNECT_MS = 200;
const MAX_RECONNECT_MS = 5_000;
/** Asks to be told where the events stand: without that, what falls into the first lost connection would be missed. */
const FROM_NOW = 'now';
/** Close code for what the service will not do, however often it is asked (RFC 6455, section 7.4.1). */
const POLICY_VIOLATION = 1008;

/**
 * The service's events, of one user's bets or of all, from now on or from `cursor` on, until `signal` aborts or the reader leaves the loop. Connects
 * again by itself, with growing waits, and goes on where it left off: nothing is missed or told twice without a `gap` that says so. Throws
 * `CasinoApiError` if the service does not take the cursor or user.
 */
export async function* eventsOf(input: {
  apiUrl: string;
  user?: string | undefined;
  cursor?: string | undefined;
  clock: Clock;
  signal?: AbortSignal | undefined;
}): AsyncGenerator<CasinoEvent, void, undefined> {
  const { clock, signal } = input;
  let cursor = input.cursor ?? FROM_NOW;
  for (let waitMs = FIRST_RECONNECT_MS; !signal?.aborted; waitMs = Math.min(2 * waitMs, MAX_RECONNECT_MS)) {
    const connection = new Connection(urlOf(input, cursor), signal);
    try {
      for await (const text of connection.messages()) {
        waitMs = FIRST_RECONNECT_MS;
        const reader = new JsonReader(parseJson(text, 'event'), 'event');
        cursor = reader.text('cursor');
        const event = eventOf(reader, cursor);
        if (event) yield event;
      }
    } finally {
      connection.close();
    }
    if (connection.isFull) continue;
    if (!signal?.aborted) await clock.sleep(waitMs * (0.5 + clock.random() / 2));
  }
}

function urlOf({ apiUrl, user }: { apiUrl: string; user?: string | undefined }, cursor: string): string {
  const url = new URL(`${apiUrl}/ws`);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  if (user !== undefined) url.searchParams.set('user', user);
  url.searchParams.set('cursor', cursor);
  return url.href;
}

/** One WebSocket, its messages queued up to the limit. */
class Connection {
  readonly #socket: WebSocket;
  readonly #waiting: string[] = [];
  readonly #abort: () => void;
  readonly #signal: AbortSignal | undefined;
  #closed = false;
  #isFull = false;
  #refusal: CasinoApiError | undefined;
  #wake: () => void = () => undefined;

  constructor(url: string, signal: AbortSignal | undefined) {
    this.#signal = signal;
    this.#abort = () => this.close();
    signal?.addEventListener('abort', this.#abort);
    this.#socket = new WebSocket(url);
    this.#socket.addEventListener('message', ({ data }) => this.#take(data));
    this.#socket.addEventListener('close', ({ code, reason }) => {
      if (code === POLICY_VIOLATION && !this.#closed) this.#refusal = refusalOf(reason);
      this.#end();
    });
    this.#socket.addEventListener('error', () => this.#end());
  }

  /** Whether it was given up because its messages were not read. */
  get isFull(): boolean {
    return this.#isFull;
  }

  async *messages(): AsyncGenerator<string, void, undefined> {
    // Taken out in one go: a shift moves all that wait behind it.
    for (let read = 0; ; ) {
      const text = this.#waiting[read];
      if (text !== undefined) {
        read += 1;
        yield text;
      } else if (read > 0) {
        this.#waiting.splice(0, read);
        read = 0;
      } else if (this.#refusal) throw this.#refusal;
      else if (this.#closed) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  close(): void {
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#end();
    this.#socket.close();
  }

  #take(data: unknown): void {
    if (typeof data !== 'string' || this.#closed) return;
    this.#waiting.push(data);
    if (this.#waiting.length >= MAX_WAITING_EVENTS) {
      this.#isFull = true;
      this.close();
    }
    this.#wake();
  }

  #end(): void {
    this.#closed = true;
    this.#wake();
  }
}

/** The error that a close reason begins with: its code, a space, and words. */
function refusalOf(reason: string): CasinoApiError {
  const [code = 'BAD_REQUEST', ...words] = reason.split(' ');
  return new CasinoApiError({ code, message: words.join(' '), status: 400, retry: false, details: {} });
}

/** An event of a known type; undefined for one of a type that this client does not know. */
function eventOf(reader: JsonReader, cursor: string): CasinoEvent | undefined {
  const type = reader.text('type');
  switch (type) {
    case 'batch_changed':
    case 'batch_finalized':
      return { type, cursor, batch: batchStatusOf(reader.raw('batch'), 'event.batch') };
    case 'batch_withdrawn':
      return { type, cursor, number: reader.u64('number') };
    case 'gap':
      return { type, cursor, reason: reader.text('reason') };
    case 'bet_result':
      return { type, cursor, ...betSummaryOf(reader) };
    default:
      return moneyEventOf(type, reader, cursor);
  }
}

function moneyEventOf(type: string, reader: JsonReader, cursor: string): CasinoEvent | undefined {
  const money = () => ({ cursor, user: reader.text('user'), amount: reader.u64('amount') });
  if (type === 'withdrawal_requested') return { type, ...money(), deadlineSlot: reader.u64('deadline_slot') };
  if (type === 'withdrawal_paid' || type === 'claimed') return { type, ...money() };
  if (type !== 'vault_closed') return undefined;
  return { type, ...money(), voided: reader.has('voided') ? voidedOf(reader.object('voided')) : null };
}
