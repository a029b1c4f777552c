import type { Address } from '@solana/kit';
import type { BetAnswer } from '../admission/admission.ts';
import type { VaultChange } from '../admission/vault-changes.ts';
import type { VaultState } from '../admission/vault-state.ts';
import type { BatchRecord } from '../ledger/records.ts';
import { batchJson, betAnswerJson, vaultChangeJson } from './json.ts';

/** Most subscribers at a time; one more is turned away. */
const MAX_SUBSCRIBERS = 2_000;
/** A subscriber that leaves this much unread is cut off: it can fetch what it missed. */
const MAX_UNREAD_BYTES = 1_048_576;
const TRY_AGAIN_LATER = 1013;

/** The part of a WebSocket that the feed uses. */
export interface FeedSocket {
  readonly bufferedAmount: number;
  send(text: string): void;
  close(code?: number, reason?: string): void;
  terminate(): void;
  on(event: 'close' | 'error', listener: () => void): unknown;
}

/** Tells subscribers of taken bets, finalized batches, and what happens to a vault's money on chain. */
export class EventFeed {
  readonly #subscribers = new Map<FeedSocket, string | undefined>();

  /** Adds a subscriber to all events, or to the bets of one user and all batches. */
  add(socket: FeedSocket, user: string | undefined): void {
    if (this.#subscribers.size >= MAX_SUBSCRIBERS) {
      socket.close(TRY_AGAIN_LATER, 'too many subscribers');
      return;
    }
    this.#subscribers.set(socket, user);
    const drop = () => this.#subscribers.delete(socket);
    socket.on('close', drop);
    socket.on('error', drop);
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
    for (const socket of this.#subscribers.keys()) socket.terminate();
    this.#subscribers.clear();
  }

  #send(event: object, owner?: Address): void {
    const text = JSON.stringify(event);
    for (const [socket, user] of this.#subscribers) {
      if (owner !== undefined && user !== undefined && user !== owner) continue;
      if (socket.bufferedAmount > MAX_UNREAD_BYTES) {
        this.#subscribers.delete(socket);
        socket.terminate();
      } else {
        socket.send(text);
      }
    }
  }
}
