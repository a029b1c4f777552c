import type { Address } from '@solana/kit';
import type { BetAnswer } from '../admission/admission.ts';
import type { VaultChange } from '../admission/vault-changes.ts';
import type { VaultState } from '../admission/vault-state.ts';
import type { BatchRecord } from '../ledger/records.ts';
import type { BatchChange } from '../settlement/batches.ts';
import { ClientCounter } from './addresses.ts';
import { CLOSE_CODES, type ClientSocket } from './client-socket.ts';
import { EventRing, type GapReason, type ToldEvent } from './event-ring.ts';
import { batchJson, betAnswerJson, betSummaryJson, vaultChangeJson } from './json.ts';
import { API_LIMITS, type ApiLimits } from './limits.ts';

/** A subscriber is sent old events of so many bytes before it has to have taken them: a quarter of what it may leave unread. */
const replaySliceBytes = ({ unreadBytes }: ApiLimits): number => unreadBytes / 4;
/** Asks where the events stand instead of for those after a place. */
const FROM_NOW = 'now';

/** What a socket asked to hear. */
export interface Wanted {
  /** Only this owner's events, and what concerns all. */
  user: string | undefined;
  /** Where it left off, or `now`; undefined for one that has no use for a place. */
  cursor: string | undefined;
}

interface Subscriber {
  user: string | undefined;
  /** The next event that it is to hear, while it is behind; undefined once it hears each as it happens. */
  next: number | undefined;
}

/** Tells subscribers of taken bets, of batches as they change, and what happens to a vault's money on chain; old events again, from a cursor. */
export class EventFeed {
  readonly #limits: ApiLimits;
  readonly #counter: ClientCounter;
  readonly #ring: EventRing;
  readonly #sockets = new Set<ClientSocket>();
  readonly #subscribers = new Map<ClientSocket, Subscriber>();
  readonly #heartbeat: NodeJS.Timeout;

  /** `epoch`: 16 hex digits that no other process has. */
  constructor(epoch: string, limits: ApiLimits = API_LIMITS) {
    this.#limits = limits;
    this.#counter = new ClientCounter({ all: limits.subscribers, perClient: limits.subscribersPerAddress });
    this.#ring = new EventRing(epoch, { events: limits.keptEvents, bytes: limits.keptEventBytes });
    this.#heartbeat = setInterval(() => this.#beat(), limits.heartbeatMs).unref();
  }

  /** Takes a client's socket in, or closes it with 1013 if it is one too many. It hears nothing yet. */
  admit(socket: ClientSocket, client: string): boolean {
    const counted = this.#counter.add(client);
    if (counted !== 'added') {
      socket.refuse(CLOSE_CODES.tryAgainLater, `BUSY ${counted}`);
      return false;
    }
    this.#sockets.add(socket);
    socket.onClose(() => {
      this.#sockets.delete(socket);
      this.#subscribers.delete(socket);
      this.#counter.remove(client);
    });
    return true;
  }

  /** Tells an admitted socket of events: from now on, or first those after its cursor. What is no cursor closes it with 1008. */
  subscribe(socket: ClientSocket, { user, cursor }: Wanted): void {
    const subscriber: Subscriber = { user, next: undefined };
    if (cursor === FROM_NOW) {
      this.#sendAside(socket, { type: 'position' });
    } else if (cursor !== undefined) {
      const found = this.#ring.after(cursor);
      if (found === 'malformed') {
        socket.refuse(CLOSE_CODES.policyViolation, 'BAD_REQUEST this is no cursor');
        return;
      }
      if ('gap' in found) this.#tellGap(socket, found.gap);
      else subscriber.next = found.next;
    }
    this.#subscribers.set(socket, subscriber);
    this.#catchUp(socket, subscriber);
  }

  /** A bet was taken; not told of one that was answered again. */
  betTaken(owner: Address, answer: BetAnswer): void {
    const summary = betSummaryJson(answer.bet, owner);
    this.#tell({ type: 'bet_result', ...summary, ...betAnswerJson(answer) }, owner);
  }

  /** A batch is in another state, or was taken back: its bets go into new ones. */
  batchChanged(batch: BatchRecord, change: BatchChange): void {
    if (change === 'withdrawn') {
      this.#tell({ type: 'batch_withdrawn', number: batch.batchNumber.toString() });
      return;
    }
    const told = batchJson(batch);
    this.#tell({ type: 'batch_changed', batch: told });
    if (batch.state === 'Finalized') this.#tell({ type: 'batch_finalized', batch: told });
  }

  /** A vault's money moved on chain: told to its owner. */
  vaultChanged(vault: VaultState, change: VaultChange): void {
    this.#tell(vaultChangeJson(vault, change), vault.owner);
  }

  closeAll(): void {
    clearInterval(this.#heartbeat);
    for (const socket of this.#sockets) socket.cutOff();
  }

  #tell(event: object, owner?: Address): void {
    const told = this.#ring.add(event, owner);
    for (const [socket, subscriber] of this.#subscribers) {
      if (subscriber.next === undefined && concerns(told, subscriber)) socket.send(told.frame);
    }
  }

  /** Sends old events slice by slice, each once the system has taken the one before, until none is left: whoever reads slowly costs no memory. */
  #catchUp(socket: ClientSocket, subscriber: Subscriber): void {
    if (subscriber.next === undefined) return;
    if (subscriber.next < this.#ring.first) {
      subscriber.next = undefined;
      this.#tellGap(socket, 'too_old');
      return;
    }
    const sliceBytes = replaySliceBytes(this.#limits);
    for (let bytes = 0; subscriber.next <= this.#ring.last; ) {
      const told = this.#ring.get(subscriber.next);
      subscriber.next += 1;
      if (!concerns(told, subscriber)) continue;
      bytes += told.frame.length;
      if (bytes < sliceBytes) socket.send(told.frame);
      else return socket.send(told.frame, () => this.#catchUp(socket, subscriber));
    }
    subscriber.next = undefined;
  }

  #tellGap(socket: ClientSocket, reason: GapReason): void {
    this.#sendAside(socket, { type: 'gap', reason });
  }

  /** What one subscriber alone is told; its cursor is where the events stand. */
  #sendAside(socket: ClientSocket, event: object): void {
    socket.send(JSON.stringify({ ...event, cursor: this.#ring.cursor }));
  }

  #beat(): void {
    for (const socket of this.#sockets) socket.beat();
  }
}

function concerns({ owner }: ToldEvent, { user }: Subscriber): boolean {
  return owner === undefined || user === undefined || user === owner;
}
