import { once } from 'node:events';
import { type ClientOptions, WebSocket } from 'ws';
import type { BetRequest } from '../admission/admission.ts';
import { bodyOf } from './api-fixture.ts';

type Json = Record<string, unknown>;

/** What a bet over WebSocket was answered with. */
export interface BetReply extends Json {
  type: 'bet_answer' | 'bet_error';
  request_id: string;
  answer?: Json;
  status?: number;
  error?: Json & { code: string };
  retry_after_ms?: number;
}

/** A client of `/ws` that keeps what it hears. */
export class WsClient {
  readonly socket: WebSocket;
  readonly heard: Json[] = [];
  #waiting: (() => void)[] = [];
  #requests = 0;

  constructor(url: string, options: ClientOptions & { query?: string } = {}) {
    this.socket = new WebSocket(`${url.replace('http', 'ws')}/ws${options.query ?? ''}`, options);
    this.socket.on('message', (data) => {
      this.heard.push(JSON.parse(String(data)));
      this.#wake();
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => this.#wake());
  }

  static async open(url: string, options: ClientOptions & { query?: string } = {}): Promise<WsClient> {
    const client = new WsClient(url, options);
    await once(client.socket, 'open');
    return client;
  }

  /** The close code and reason that it is given. */
  async closed(): Promise<[number, string]> {
    const [code, reason] = await once(this.socket, 'close');
    return [code, String(reason)];
  }

  /** Sends a bet, changed as told, and says what it was called. */
  send(bet: BetRequest | object, change: Json = {}): string {
    this.#requests += 1;
    const body = 'signature' in bet ? bodyOf(bet as BetRequest) : bet;
    const message = { type: 'bet', request_id: `r${this.#requests}`, ...body, ...change };
    this.socket.send(JSON.stringify(message));
    return String(message.request_id);
  }

  async reply(requestId: string): Promise<BetReply> {
    const isIt = (event: Json) => event.request_id === requestId;
    await this.until(() => this.heard.some(isIt));
    return this.heard.find(isIt) as BetReply;
  }

  async ask(bet: BetRequest | object, change: Json = {}): Promise<BetReply> {
    return this.reply(this.send(bet, change));
  }

  /** Waits for what it hears to fulfil a condition; throws if the socket ends before. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error('the socket has ended');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
