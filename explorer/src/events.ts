import type { BatchSummary, BetSummary } from './api-types.ts';
import { config } from './config.ts';

/**
 * What is told as it happens. `position`: from here on, everything is told. `gap`: some events are lost, so that what was read before may
 * be out of date. `batch_withdrawn`: the batch is no more, and its bets go into new ones.
 */
export type LiveEvent =
  | ({ type: 'bet_result' } & BetSummary)
  | { type: 'batch_changed'; batch: BatchSummary }
  | { type: 'batch_finalized'; batch: BatchSummary }
  | { type: 'batch_withdrawn'; number: string }
  | { type: 'position' }
  | { type: 'gap'; reason: string };

export type Connection = 'connecting' | 'live' | 'waiting';

const FIRST_RECONNECT_MS = 500;
const MAX_RECONNECT_MS = 15_000;
/** A socket that nobody listens to any more is kept for so long: a click on a link is no reason to connect anew. */
const LINGER_MS = 5_000;
const TYPES: readonly string[] = ['bet_result', 'batch_changed', 'batch_finalized', 'batch_withdrawn', 'position', 'gap'];
/** The cursor of who wants no old events. */
const FROM_NOW = 'now';

type Listener = (event: LiveEvent) => void;
type StateListener = (state: Connection) => void;

/** One WebSocket for the whole page, open while anyone listens, connected again where it broke off. */
class EventStream {
  readonly #listeners = new Set<Listener>();
  readonly #stateListeners = new Set<StateListener>();
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lingering: ReturnType<typeof setTimeout> | undefined;
  #waitMs = FIRST_RECONNECT_MS;
  #cursor: string | undefined;
  #state: Connection = 'connecting';

  get state(): Connection {
    return this.#state;
  }

  /** Calls `listener` with each event until the returned function is called. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    clearTimeout(this.#lingering);
    if (!this.#socket && this.#timer === undefined) void this.#connect();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#lingering = setTimeout(() => this.#close(), LINGER_MS);
    };
  }

  onState(listener: StateListener): () => void {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  }

  async #connect(): Promise<void> {
    // Taken before the first wait, so that a second listener does not connect too.
    this.#timer = setTimeout(() => undefined, 0);
    try {
      const { apiUrl } = await config();
      const url = new URL(`${apiUrl.replace(/^http/, 'ws')}/ws`);
      url.searchParams.set('cursor', this.#cursor ?? FROM_NOW);
      const socket = new WebSocket(url);
      this.#socket = socket;
      socket.addEventListener('open', () => this.#become('live'));
      socket.addEventListener('message', ({ data }) => this.#take(data));
      socket.addEventListener('close', () => this.#reconnect(socket));
      this.#timer = undefined;
    } catch {
      this.#reconnect(undefined);
    }
  }

  #take(data: unknown): void {
    if (typeof data !== 'string') return;
    const event = JSON.parse(data) as LiveEvent & { cursor?: string };
    this.#waitMs = FIRST_RECONNECT_MS;
    if (event.cursor !== undefined) this.#cursor = event.cursor;
    if (!TYPES.includes(event.type)) return;
    for (const listener of this.#listeners) listener(event);
  }

  #reconnect(socket: WebSocket | undefined): void {
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    if (this.#listeners.size === 0) return;
    this.#become('waiting');
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        if (this.#listeners.size > 0) void this.#connect();
      },
      this.#waitMs * (0.5 + Math.random() / 2),
    );
    this.#waitMs = Math.min(MAX_RECONNECT_MS, 2 * this.#waitMs);
  }

  #close(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // What happens from here on is read when somebody listens again.
    this.#cursor = undefined;
    socket?.close();
    this.#become('connecting');
  }

  #become(state: Connection): void {
    this.#state = state;
    for (const listener of this.#stateListeners) listener(state);
  }
}

export const events = new EventStream();
