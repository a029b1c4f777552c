import { type BetAnswer, betAnswerOf, errorOf } from './api.ts';
import type { Clock } from './clock.ts';
import { CasinoApiError, ClientError } from './errors.ts';
import { JsonReader, parseJson } from './parse.ts';

export interface BetSocketOptions {
  /** Without a slash at the end. */
  apiUrl: string;
  clock: Clock;
  /** From handing a bet over to its answer, the time for connecting included. */
  timeoutMs: number;
}

interface Waiting {
  bet: object;
  settle(outcome: { answer: unknown } | { error: Error }): void;
}

/** Bets that may be under way at a time: what the service takes on one socket. */
const MAX_UNDER_WAY = 128;
/** A connection that nothing is under way on is closed after this time: it must not keep a process alive. */
const IDLE_MS = 5_000;
const FIRST_RECONNECT_MS = 100;
const MAX_RECONNECT_MS = 5_000;
/** Close codes that come with the service's reason (RFC 6455, section 7.4.1, and IANA's registry). */
const POLICY_VIOLATION = 1008;
const TRY_AGAIN_LATER = 1013;

/**
 * Sends bets as messages over one WebSocket, any number under way at a time, in the order of the calls. It connects when there is a bet to send, with
 * growing waits after failures, and sends nothing a second time by itself.
 */
export class BetSocket {
  readonly #o: BetSocketOptions;
  readonly #waiting = new Map<string, Waiting>();
  #socket: WebSocket | undefined;
  #connecting = false;
  #reconnectMs = 0;
  #requests = 0;
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(options: BetSocketOptions) {
    this.#o = options;
  }

  /**
   * Sends a bet, the JSON of `POST /v1/bet`, once. Throws as that does: `CasinoApiError` as answered, `API_UNREACHABLE` without an answer, after which
   * the bet may have been taken and the same bytes get its answer.
   */
  async postBet(body: string): Promise<BetAnswer> {
    if (this.#waiting.size >= MAX_UNDER_WAY) throw busy(`${MAX_UNDER_WAY} bets are under way on this connection`);
    return betAnswerOf(await this.#send(JSON.parse(body) as object));
  }

  /** Closes the connection; bets under way end with `API_UNREACHABLE`. A bet that is sent later opens another. */
  close(): void {
    const socket = this.#socket;
    this.#lose(socket, new ClientError('API_UNREACHABLE', 'the connection was closed'));
    socket?.close();
  }

  #send(bet: object): Promise<unknown> {
    this.#requests += 1;
    const requestId = String(this.#requests);
    clearTimeout(this.#idle);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => settle({ error: new ClientError('API_UNREACHABLE', 'a bet: no answer') }),
        this.#o.timeoutMs,
      );
      const settle: Waiting['settle'] = (outcome) => {
        clearTimeout(timer);
        this.#waiting.delete(requestId);
        if (this.#waiting.size === 0) this.#idleFrom(this.#socket);
        if ('error' in outcome) reject(outcome.error);
        else resolve(outcome.answer);
      };
      const waiting = { bet, settle };
      this.#waiting.set(requestId, waiting);
      if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(messageOf(requestId, waiting));
      else if (!this.#socket && !this.#connecting) void this.#connect();
    });
  }

  async #connect(): Promise<void> {
    this.#connecting = true;
    const { clock, apiUrl } = this.#o;
    if (this.#reconnectMs > 0) await clock.sleep(this.#reconnectMs * (0.5 + clock.random() / 2));
    this.#reconnectMs = Math.min(Math.max(2 * this.#reconnectMs, FIRST_RECONNECT_MS), MAX_RECONNECT_MS);
    this.#connecting = false;
    // All have given up meanwhile.
    if (this.#waiting.size === 0) return;
    const socket = new WebSocket(`${apiUrl.replace(/^http/, 'ws')}/ws?events=off`);
    this.#socket = socket;
    socket.addEventListener('open', () => {
      for (const [requestId, waiting] of this.#waiting) socket.send(messageOf(requestId, waiting));
    });
    socket.addEventListener('message', ({ data }) => this.#take(socket, data));
    socket.addEventListener('close', ({ code, reason }) => this.#lose(socket, lossOf(code, reason)));
    socket.addEventListener('error', () => this.#lose(socket, new ClientError('API_UNREACHABLE', `${apiUrl}/ws: no connection`)));
  }

  #take(socket: WebSocket, data: unknown): void {
    if (socket !== this.#socket) return;
    try {
      const reader = new JsonReader(parseJson(String(data), 'message'), 'message');
      const type = reader.text('type');
      if (type !== 'bet_answer' && type !== 'bet_error') return;
      this.#reconnectMs = 0;
      // An answer that came too late has nobody who waits for it.
      this.#waiting.get(reader.text('request_id'))?.settle(outcomeOf(type, reader));
    } catch (error) {
      // What can not be read can not be told whose answer it is.
      this.#lose(socket, error as Error);
      socket.close();
    }
  }

  /** Ends all bets that wait, sent or not: whoever sent them knows whether to send them again. */
  #lose(socket: WebSocket | undefined, error: Error): void {
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    clearTimeout(this.#idle);
    for (const { settle } of [...this.#waiting.values()]) settle({ error });
  }

  #idleFrom(socket: WebSocket | undefined): void {
    clearTimeout(this.#idle);
    if (socket) this.#idle = setTimeout(() => this.close(), IDLE_MS);
  }
}

function messageOf(requestId: string, { bet }: Waiting): string {
  return JSON.stringify({ ...bet, type: 'bet', request_id: requestId });
}

function outcomeOf(type: 'bet_answer' | 'bet_error', reader: JsonReader): { answer: unknown } | { error: Error } {
  if (type === 'bet_answer') return { answer: reader.raw('answer') };
  const retryAfterMs = reader.has('retry_after_ms') ? reader.integer('retry_after_ms') : undefined;
  return { error: errorOf(reader.raw('error'), { status: reader.integer('status'), retryAfterMs, what: 'a bet' }) };
}

function lossOf(code: number, reason: string): Error {
  if (code === TRY_AGAIN_LATER) return busy(reason);
  if (code !== POLICY_VIOLATION) return new ClientError('API_UNREACHABLE', `the connection was lost (${code} ${reason})`);
  return new CasinoApiError({ code: 'BAD_REQUEST', message: reason, status: 400, retry: false, details: {} });
}

function busy(message: string): CasinoApiError {
  return new CasinoApiError({ code: 'BUSY', message, status: 503, retry: true, details: {} });
}
