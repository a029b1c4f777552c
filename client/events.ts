import { type BatchStatus, batchStatusOf, type VoidedBets, voidedOf } from './api.ts';
import type { Clock } from './clock.ts';
import { ClientError } from './errors.ts';
import { JsonReader, parseJson } from './parse.ts';

/** What the service tells as it happens. Events that fall into a lost connection are not told again: ask the routes. */
export type CasinoEvent =
  | {
      type: 'bet_result';
      user: string;
      id: string;
      betNumber: bigint;
      outcome: 'heads' | 'tails';
      payout: bigint;
      balance: bigint;
    }
  | { type: 'batch_finalized'; batch: BatchStatus }
  /** A withdrawal request was seen; bets wait until it is paid. */
  | { type: 'withdrawal_requested'; user: string; amount: bigint; deadlineSlot: bigint }
  /** Final: an amount waits to be claimed; or was claimed. */
  | { type: 'withdrawal_paid' | 'claimed'; user: string; amount: bigint }
  /** Final: the owner has left by force, with bets that are void if any were not settled. */
  | { type: 'vault_closed'; user: string; amount: bigint; voided: VoidedBets | null };

/** Events that may wait to be read. */
const MAX_WAITING_EVENTS = 10_000;
const FIRST_RECONNECT_MS = 200;
const MAX_RECONNECT_MS = 5_000;

/**
 * The service's events, of one user's bets or of all, until `signal` aborts or the reader leaves the loop. Reconnects by itself, with
 * growing waits. `EVENTS_OVERFLOW` when they are not read fast enough.
 */
export async function* eventsOf(input: {
  apiUrl: string;
  user?: string | undefined;
  clock: Clock;
  signal?: AbortSignal | undefined;
}): AsyncGenerator<CasinoEvent, void, undefined> {
  const { clock, signal } = input;
  const url = new URL(`${input.apiUrl}/ws`);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  if (input.user !== undefined) url.searchParams.set('user', input.user);
  for (let waitMs = FIRST_RECONNECT_MS; !signal?.aborted; waitMs = Math.min(2 * waitMs, MAX_RECONNECT_MS)) {
    const connection = new Connection(url.href, signal);
    try {
      for await (const text of connection.messages()) {
        waitMs = FIRST_RECONNECT_MS;
        const event = eventOf(text);
        if (event) yield event;
      }
    } finally {
      connection.close();
    }
    if (!signal?.aborted) await clock.sleep(waitMs * (0.5 + clock.random() / 2));
  }
}

/** One WebSocket, its messages queued up to the limit. */
class Connection {
  readonly #socket: WebSocket;
  readonly #waiting: string[] = [];
  readonly #abort: () => void;
  readonly #signal: AbortSignal | undefined;
  #closed = false;
  #overflown = false;
  #wake: () => void = () => undefined;

  constructor(url: string, signal: AbortSignal | undefined) {
    this.#signal = signal;
    this.#abort = () => this.close();
    signal?.addEventListener('abort', this.#abort);
    this.#socket = new WebSocket(url);
    this.#socket.addEventListener('message', ({ data }) => this.#take(data));
    this.#socket.addEventListener('close', () => this.#end());
    this.#socket.addEventListener('error', () => this.#end());
  }

  async *messages(): AsyncGenerator<string, void, undefined> {
    for (;;) {
      const text = this.#waiting.shift();
      if (text !== undefined) yield text;
      else if (this.#overflown) throw new ClientError('EVENTS_OVERFLOW', `${MAX_WAITING_EVENTS} events are waiting to be read`);
      else if (this.#closed) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  close(): void {
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#socket.close();
    this.#end();
  }

  #take(data: unknown): void {
    if (typeof data !== 'string' || this.#closed) return;
    if (this.#waiting.length >= MAX_WAITING_EVENTS) {
      this.#overflown = true;
      this.close();
      return;
    }
    this.#waiting.push(data);
    this.#wake();
  }

  #end(): void {
    this.#closed = true;
    this.#wake();
  }
}

/** An event of a known type; undefined for one of a type that this client does not know. */
function eventOf(text: string): CasinoEvent | undefined {
  const reader = new JsonReader(parseJson(text, 'event'), 'event');
  const type = reader.text('type');
  if (type === 'batch_finalized') return { type, batch: batchStatusOf(reader.raw('batch'), 'event.batch') };
  if (type !== 'bet_result') return moneyEventOf(type, reader);
  return {
    type,
    user: reader.text('user'),
    id: reader.text('bet_id'),
    betNumber: reader.u64('nonce'),
    outcome: reader.side('outcome') === 1 ? 'heads' : 'tails',
    payout: reader.u64('payout'),
    balance: reader.u64('balance'),
  };
}

function moneyEventOf(type: string, reader: JsonReader): CasinoEvent | undefined {
  const money = () => ({ user: reader.text('user'), amount: reader.u64('amount') });
  if (type === 'withdrawal_requested') return { type, ...money(), deadlineSlot: reader.u64('deadline_slot') };
  if (type === 'withdrawal_paid' || type === 'claimed') return { type, ...money() };
  if (type !== 'vault_closed') return undefined;
  return { type, ...money(), voided: reader.has('voided') ? voidedOf(reader.object('voided')) : null };
}
