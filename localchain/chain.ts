import { type Address, decodeBase58 } from './base58.ts';
import { LocalChainError, RPC_ERROR, RpcError } from './errors.ts';
import { Faucet } from './faucet.ts';
import {
  MAX_CATCH_UP_SLOTS,
  MAX_CLOCK_LAG_MS,
  MAX_GROUP_TRANSACTIONS,
  MAX_PENDING_TRANSACTIONS,
  SLOT_RESERVATION_SLOTS,
} from './limits.ts';
import { type AnchorRecord, encodeRecord, type GroupRecord } from './records.ts';
import { type Applied, ChainState } from './state.ts';
import { openStore, type Store } from './store.ts';
import type { LandedTransaction } from './transaction-log.ts';
import type { AccountChange } from './vm.ts';
import { parseTransaction, type WireTransaction } from './wire.ts';

/** A level of certainty, as Solana names them. */
export type Commitment = 'processed' | 'confirmed' | 'finalized';

/** Time as the chain sees it, so that a test can replace it. */
export type ChainClock = { unixMs(): number; monotonicMs(): number };

/** Where the chain reports what a person should see. */
export type ChainLog = {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
};

export type ChainOptions = {
  /** The data directory; created when missing. */
  directory: string;
  programs: readonly { address: Address; path: string }[];
  slotMs: number;
  confirmSlots: number;
  finalizeSlots: number;
  historyTransactions: number;
  clock: ChainClock;
  log: ChainLog;
  /** Called once when the journal or the slot mark cannot be written: the process must end. */
  onFatal: (error: Error) => void;
};

type LandedListener = (landed: LandedTransaction, changes: readonly AccountChange[]) => void;
type SlotListener = (slot: number) => void;
type Pending = {
  transaction: WireTransaction;
  result: Promise<Applied>;
  resolve: (applied: Applied) => void;
  reject: (error: Error) => void;
};

/**
 * The live chain. Transactions are written and synced first and run then, so nothing that anyone saw can be lost; slots
 * do not move while a group is on its way, so it runs in the slot that its record names.
 */
export class LocalChain {
  readonly state: ChainState;
  readonly genesisHash: string;
  readonly #options: ChainOptions;
  readonly #store: Store;
  readonly #faucet: Faucet;
  readonly #pending = new Map<string, Pending>();
  readonly #landedListeners = new Set<LandedListener>();
  readonly #slotListeners = new Set<SlotListener>();
  #turn: Promise<void> = Promise.resolve();
  #commitScheduled = false;
  #timer: NodeJS.Timeout | undefined;
  #anchor = { slot: 0, monotonicMs: 0 };
  #closed = false;

  private constructor(options: ChainOptions, parts: { store: Store; state: ChainState; faucet: Faucet }) {
    this.#options = options;
    this.#store = parts.store;
    this.state = parts.state;
    this.#faucet = parts.faucet;
    this.genesisHash = parts.store.genesis.genesisHash;
  }

  /** Opens or creates the chain of a data directory, replays its journal and starts its slots. */
  static async open(options: ChainOptions): Promise<LocalChain> {
    checkOptions(options);
    const { directory, programs, clock, log } = options;
    let parts: { state: ChainState; faucet: Faucet } | undefined;
    let replayed = 0;
    const startedMs = clock.monotonicMs();
    const store = await openStore({
      directory,
      programs,
      nowMs: clock.unixMs(),
      onGenesis: (genesis) => {
        const faucet = new Faucet(genesis.seed);
        const { finalizeSlots, historyTransactions } = options;
        const state = new ChainState({ genesis, faucet: faucet.address, finalizeSlots, historyTransactions });
        parts = { state, faucet };
      },
      onRecord: (record) => {
        const { state } = parts as { state: ChainState };
        if (record.kind === 'anchor') state.timeline.add(record);
        else {
          state.apply(record, () => {});
          replayed += record.transactions.length;
        }
      },
    });
    const { state, faucet } = parts as { state: ChainState; faucet: Faucet };
    if (store.tornTail !== null) {
      log.warn({ ...store.tornTail }, 'cut a torn record off the journal; nothing of it was acknowledged');
    }
    const replayMs = Math.round(clock.monotonicMs() - startedMs);
    log.info({ transactions: replayed, journalBytes: store.journal.bytes, replayMs }, 'journal replayed');
    const chain = new LocalChain(options, { store, state, faucet });
    try {
      await chain.#start();
    } catch (error) {
      await store.close();
      throw error;
    }
    return chain;
  }

  async #start(): Promise<void> {
    const { reservedSlot } = this.#store.mark.current;
    if (this.state.slot > reservedSlot) {
      const message = `the journal is at slot ${this.state.slot}, past the reserved slot ${reservedSlot}`;
      throw new LocalChainError('LOCALCHAIN_SLOTS_CORRUPT', message);
    }
    await this.#reserve(reservedSlot + 1);
    await this.#setAnchor(reservedSlot + 1);
    this.state.advance(reservedSlot + 1);
    this.#schedule();
  }

  /** The newest slot at a commitment; reads at that commitment show the accounts as of its end. */
  slotAt(commitment: Commitment): number {
    const { confirmSlots, finalizeSlots } = this.#options;
    const lag = commitment === 'processed' ? 0 : commitment === 'confirmed' ? confirmSlots : finalizeSlots;
    return Math.max(0, this.state.slot - lag);
  }

  /** Time between two slots. */
  get slotMs(): number {
    return this.#options.slotMs;
  }

  /** Calls back for each landed transaction, durable by then, with the accounts it changed. */
  onLanded(listener: LandedListener): void {
    this.#landedListeners.add(listener);
  }

  /** Calls back after each new slot. */
  onSlot(listener: SlotListener): void {
    this.#slotListeners.add(listener);
  }

  /**
   * Takes a transaction whose signatures were verified; resolves once it is durable and has run, or was dropped.
   * The same signature sent twice at the same time is one transaction. Rejects with `busy` when the queue is full.
   */
  submit(transaction: WireTransaction): Promise<Applied> {
    const waiting = this.#pending.get(transaction.signature);
    if (waiting !== undefined) return waiting.result;
    if (this.#closed) return Promise.reject(new LocalChainError('LOCALCHAIN_CLOSED', 'the chain is stopping'));
    if (this.#pending.size >= MAX_PENDING_TRANSACTIONS) {
      return Promise.reject(new RpcError(RPC_ERROR.busy, 'Too many transactions are waiting: send it again later'));
    }
    const { promise, resolve, reject } = Promise.withResolvers<Applied>();
    this.#pending.set(transaction.signature, { transaction, result: promise, resolve, reject });
    if (!this.#commitScheduled) {
      this.#commitScheduled = true;
      this.#inTurn(() => this.#commitGroups());
    }
    return promise;
  }

  /** A signed airdrop from the faucet, to be submitted like any transaction. */
  createAirdrop(recipient: Address, lamports: bigint): WireTransaction {
    const blockhash = decodeBase58(this.state.blockhashes.at(this.state.slot)) as Uint8Array;
    const address = decodeBase58(recipient) as Uint8Array;
    return parseTransaction(this.#faucet.airdrop({ recipient: address, lamports, blockhash }));
  }

  /** Lets time pass at once: moves the chain on by so many slots, all but the last of them empty. Resolves to the new slot. */
  async skipSlots(slots: number): Promise<number> {
    if (this.#closed) throw new LocalChainError('LOCALCHAIN_CLOSED', 'the chain is stopping');
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#inTurn(async () => {
      const target = this.state.slot + slots;
      await this.#reserve(target);
      await this.#setAnchor(target);
      for (let slot = this.state.slot + 1; slot <= target; slot += 1) {
        this.state.advance(slot);
        for (const listener of this.#slotListeners) listener(slot);
      }
      resolve(target);
    });
    return promise;
  }

  /** Stops the slots, finishes what was taken, records the exact slot and closes the files. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    while (this.#pending.size > 0) await this.#turn;
    this.#inTurn(async () => {
      const reservedSlot = this.state.slot;
      await this.#store.mark.write({ reservedSlot, journalBytes: this.#store.journal.bytes });
    });
    await this.#turn;
    await this.#store.close();
  }

  /** Runs tasks one after the other; a failed one means that the disk can no longer be trusted. */
  #inTurn(task: () => Promise<void>): void {
    this.#turn = this.#turn.then(task).catch((error: unknown) => {
      this.#closed = true;
      clearTimeout(this.#timer);
      const fatal = error instanceof Error ? error : new Error(String(error));
      for (const pending of this.#pending.values()) pending.reject(fatal);
      this.#pending.clear();
      this.#options.onFatal(fatal);
    });
  }

  /** Commits one group, and queues behind other tasks for the next, so that slots get their turn. */
  async #commitGroups(): Promise<void> {
    const group: Pending[] = [];
    for (const pending of this.#pending.values()) {
      if (group.length === MAX_GROUP_TRANSACTIONS) break;
      const refusal = this.state.refusal(pending.transaction);
      if (refusal === null) group.push(pending);
      else this.#settle(pending, { dropped: refusal });
    }
    if (group.length > 0) await this.#commit(group);
    if (this.#pending.size > 0) this.#inTurn(() => this.#commitGroups());
    else this.#commitScheduled = false;
  }

  async #commit(group: readonly Pending[]): Promise<void> {
    const transactions = group.map(({ transaction }) => transaction.wire);
    const record: GroupRecord = {
      kind: 'group',
      slot: this.state.slot,
      digest: this.state.digest,
      transactions,
    };
    await this.#store.journal.append(encodeRecord(record));
    let index = 0;
    this.state.apply(record, (applied, changes) => {
      const pending = group[index] as Pending;
      index += 1;
      if ('landed' in applied) {
        for (const listener of this.#landedListeners) listener(applied.landed, changes);
      }
      this.#settle(pending, applied);
    });
  }

  #settle(pending: Pending, applied: Applied): void {
    this.#pending.delete(pending.transaction.signature);
    pending.resolve(applied);
  }

  #schedule(): void {
    if (this.#closed) return;
    const { slotMs, clock } = this.#options;
    const nextMs = this.#anchor.monotonicMs + (this.state.slot + 1 - this.#anchor.slot) * slotMs;
    const delayMs = Math.max(1, Math.ceil(nextMs - clock.monotonicMs()));
    this.#timer = setTimeout(() => {
      this.#inTurn(async () => {
        await this.#advance();
        this.#schedule();
      });
    }, delayMs);
  }

  /** Moves to the slot that the clock says; a long gap means that the machine, and so the chain, stood still. */
  async #advance(): Promise<void> {
    const { slotMs, clock } = this.#options;
    const elapsedMs = clock.monotonicMs() - this.#anchor.monotonicMs;
    const next = this.state.slot + 1;
    let target = this.#anchor.slot + Math.floor(elapsedMs / slotMs);
    if (target < next) return;
    const lagMs = clock.unixMs() - this.state.timeline.unixMsAt(target);
    const stoodStill = target - this.state.slot > MAX_CATCH_UP_SLOTS || lagMs > MAX_CLOCK_LAG_MS;
    if (stoodStill) target = next;
    await this.#reserve(target);
    if (stoodStill) await this.#setAnchor(target);
    for (let slot = next; slot <= target; slot += 1) {
      this.state.advance(slot);
      for (const listener of this.#slotListeners) listener(slot);
    }
  }

  /** Makes durable that slots up to `slot`, and some more, may have been shown. */
  async #reserve(slot: number): Promise<void> {
    if (slot <= this.#store.mark.current.reservedSlot) return;
    const reservedSlot = slot + SLOT_RESERVATION_SLOTS;
    await this.#store.mark.write({ reservedSlot, journalBytes: this.#store.journal.bytes });
  }

  /** Ties `slot` to the wall clock; block time never goes back. */
  async #setAnchor(slot: number): Promise<void> {
    const { slotMs, clock } = this.#options;
    const unixMs = Math.max(Math.round(clock.unixMs()), this.state.timeline.unixMsAt(slot));
    const anchor: AnchorRecord = { kind: 'anchor', slot, unixMs, slotMs };
    await this.#store.journal.append(encodeRecord(anchor));
    this.state.timeline.add(anchor);
    this.#anchor = { slot, monotonicMs: clock.monotonicMs() };
  }
}

function checkOptions(options: ChainOptions): void {
  const check = (name: string, value: number, range: { min: number; max: number }): void => {
    if (Number.isSafeInteger(value) && value >= range.min && value <= range.max) return;
    const message = `${name} must be an integer from ${range.min} to ${range.max}`;
    throw new LocalChainError('LOCALCHAIN_CONFIG_INVALID', message);
  };
  check('slotMs', options.slotMs, { min: 10, max: 60_000 });
  check('finalizeSlots', options.finalizeSlots, { min: 0, max: 10_000 });
  check('confirmSlots', options.confirmSlots, { min: 0, max: options.finalizeSlots });
  check('historyTransactions', options.historyTransactions, { min: 1, max: 10_000_000 });
}
