import type { ApiLimits } from './limits.ts';

/** Close codes of RFC 6455, section 7.4.1, and IANA's registry. */
export const CLOSE_CODES = { unsupportedData: 1003, policyViolation: 1008, tryAgainLater: 1013 } as const;

/** What is held back for one write: more would count as unread before the system was offered it. */
const MAX_GATHERED_BYTES = 65_536;

/** The part of a WebSocket that the service uses. */
export interface RawSocket {
  readonly bufferedAmount: number;
  send(data: string | Buffer, options: { binary: false }, sent?: (error?: Error | null) => void): void;
  ping(): void;
  close(code?: number, reason?: string): void;
  terminate(): void;
  on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): unknown;
  on(event: 'close' | 'error' | 'ping' | 'pong', listener: () => void): unknown;
}

/** The connection below it, which can hold back what is written. */
export interface Wire {
  cork(): void;
  uncork(): void;
}

/** A client's WebSocket: what it leaves unread, and how often it pings, is bounded; beyond that it is cut off. */
export class ClientSocket {
  readonly #socket: RawSocket;
  readonly #wire: Wire;
  readonly #limits: ApiLimits;
  #isOpen = true;
  #isCorked = false;
  /** Whether it has shown a sign of life since the last heartbeat. */
  #isAlive = true;
  #pings = 0;

  constructor(socket: RawSocket, wire: Wire, limits: ApiLimits) {
    this.#socket = socket;
    this.#wire = wire;
    this.#limits = limits;
    socket.on('close', () => {
      this.#isOpen = false;
    });
    socket.on('error', () => this.cutOff());
    socket.on('pong', () => {
      this.#isAlive = true;
    });
    // Each ping is answered: a client that sends them and reads nothing would fill our memory with answers.
    socket.on('ping', () => {
      this.#pings += 1;
      if (this.#pings > this.#limits.pingsPerHeartbeat) this.cutOff();
    });
  }

  /** Sends a text; `sent` is called once the system has taken it, and never if the socket ends first. Cuts off who has not read what was sent before. */
  send(text: string | Buffer, sent?: () => void): void {
    if (!this.#isOpen) return;
    this.#gather();
    if (this.#socket.bufferedAmount > this.#limits.unreadBytes) return this.cutOff();
    this.#socket.send(text, { binary: false }, (error) => {
      if (!error && this.#isOpen) sent?.();
    });
  }

  /** Hears each message until the socket is refused or gone. */
  onMessage(listener: (data: Buffer, isBinary: boolean) => void): void {
    this.#socket.on('message', (data, isBinary) => {
      if (this.#isOpen) listener(data, isBinary);
    });
  }

  onClose(listener: () => void): void {
    this.#socket.on('close', listener);
  }

  /** Closes with a code and at most 123 bytes that say why. Nothing more is sent or heard. */
  refuse(code: number, reason: string): void {
    this.#isOpen = false;
    this.#socket.close(code, reason);
  }

  cutOff(): void {
    this.#isOpen = false;
    this.#socket.terminate();
  }

  /** Cuts off who has gone without a word, and who does not read. */
  beat(): void {
    if (!this.#isAlive || this.#socket.bufferedAmount > this.#limits.unreadBytes) return this.cutOff();
    this.#isAlive = false;
    this.#pings = 0;
    this.#socket.ping();
  }

  /** What one turn of the event loop sends, the answers of one commit for instance, is written in few pieces. */
  #gather(): void {
    if (this.#isCorked && this.#socket.bufferedAmount > MAX_GATHERED_BYTES) this.#release();
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#wire.cork();
    process.nextTick(() => this.#release());
  }

  #release(): void {
    if (!this.#isCorked) return;
    this.#isCorked = false;
    this.#wire.uncork();
  }
}
