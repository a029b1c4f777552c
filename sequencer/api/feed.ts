import type { Address } from '@solana/kit';
import type { BetAnswer } from '../admission/admission.ts';
import type { VaultChange } from '../admission/vault-changes.ts';
import type { VaultState } from '../admission/vault-state.ts';
import type { BatchRecord } from '../ledger/records.ts';
import { ClientCounter } from './addresses.ts';
import { batchJson, betAnswerJson, vaultChangeJson } from './json.ts';
import { API_LIMITS, type ApiLimits } from './limits.ts';

/** Close codes of RFC 6455, section 7.4.1, and IANA's registry. */
const POLICY_VIOLATION = 1008;
const TRY_AGAIN_LATER = 1013;

/** The part of a WebSocket that the feed uses. */
export interface FeedSocket {
  readonly bufferedAmount: number;
  send(text: string): void;
  ping(): void;
  close(code?: number, reason?: string): void;
  terminate(): void;
  on(event: 'close' | 'error' | 'message' | 'ping' | 'pong', listener: () => void): unknown;
}

interface Subscriber {
  user: string | undefined;
  client: string;
  /** Whether it has shown a sign of life since the last heartbeat. */
  alive: boolean;
  pings: number;
}

/** Tells subscribers of taken bets, finalized batches, and what happens to a vault's money on chain. */
export class EventFeed {
  readonly #limits: ApiLimits;
  readonly #counter: ClientCounter;
  readonly #subscribers = new Map<FeedSocket, Subscriber>();
  readonly #heartbeat: NodeJS.Timeout;

  constructor(limits: ApiLimits = API_LIMITS) {
    this.#limits = limits;
    this.#counter = new ClientCounter({ all: limits.subscribers, perClient: limits.subscribersPerAddress });
    this.#heartbeat = setInterval(() => this.#beat(), limits.heartbeatMs).unref();
  }

  /** Adds a subscriber to all events, or to the bets of one user and all batches. One too many is closed with 1013. */
  add(socket: FeedSocket, from: { user: string | undefined; client: string }): void {
    const counted = this.#counter.add(from.client);
    if (counted !== 'added') {
      socket.close(TRY_AGAIN_LATER, `BUSY ${counted}`);
      return;
    }
    const subscriber: Subscriber = { ...from, alive: true, pings: 0 };
    this.#subscribers.set(socket, subscriber);
    socket.on('close', () => this.#drop(socket));
    socket.on('error', () => this.#cutOff(socket));
    socket.on('message', () => socket.close(POLICY_VIOLATION, 'BAD_REQUEST nothing is expected'));
    socket.on('pong', () => {
      subscriber.alive = true;
    });
    // Each ping is answered: a client that sends them and reads nothing would fill our memory with answers.
    socket.on('ping', () => {
      subscriber.pings += 1;
      if (subscriber.pings > this.#limits.pingsPerHeartbeat) this.#cutOff(socket);
    });
  }

  betTaken(owner: Address, answer: BetAnswer): void {
    if (this.#subscribers.size === 0) return;
    this.#send({ type: 'bet_result', user: owner, ...betAnswerJson(answer) }, owner);
  }

  batchFinalized(batch: BatchRecord): void {
    this.#send({ type: 'batch_finalized', batch: batchJson(batch) });
  }

  /** A vault's money moved on chain: told to its owner. */
  vaultChanged(vault: VaultState, change: VaultChange): void {
    if (this.#subscribers.size === 0) return;
    this.#send(vaultChangeJson(vault, change), vault.owner);
  }

  closeAll(): void {
    clearInterval(this.#heartbeat);
    for (const socket of this.#subscribers.keys()) this.#cutOff(socket);
  }

  #send(event: object, owner?: Address): void {
    const text = JSON.stringify(event);
    for (const [socket, { user }] of this.#subscribers) {
      if (owner !== undefined && user !== undefined && user !== owner) continue;
      if (socket.bufferedAmount > this.#limits.unreadBytes) this.#cutOff(socket);
      else socket.send(text);
    }
  }

  /** Cuts off who has gone without a word, and who does not read. */
  #beat(): void {
    for (const [socket, subscriber] of this.#subscribers) {
      if (!subscriber.alive || socket.bufferedAmount > this.#limits.unreadBytes) {
        this.#cutOff(socket);
        continue;
      }
      subscriber.alive = false;
      subscriber.pings = 0;
      socket.ping();
    }
  }

  #cutOff(socket: FeedSocket): void {
    this.#drop(socket);
    socket.terminate();
  }

  #drop(socket: FeedSocket): void {
    const subscriber = this.#subscribers.get(socket);
    if (!subscriber) return;
    this.#subscribers.delete(socket);
    this.#counter.remove(subscriber.client);
  }
}
