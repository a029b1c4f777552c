import type { Address, AddressesByLookupTableAddress, Instruction } from '@solana/kit';
import { messageOf } from '../errors.ts';
import { usefulTables } from './lookup-table-choice.ts';
import {
  CLOSABLE_AFTER_SLOTS,
  closeLookupTable,
  createLookupTable,
  deactivateLookupTable,
  extendLookupTable,
  lookupTableAddress,
  TABLE_CAPACITY,
} from './lookup-table-program.ts';
import { type OwnTable, OwnTables, type OwnTablesOptions } from './own-tables.ts';
import { TransactionSender } from './transaction-sender.ts';

/** Tables in use at once. Each locks up to 0.058 SOL of rent, which its closing gives back. */
const MAX_TABLES = 4;
/** Addresses that one transaction adds: what fits a packet beside the creation of the table. */
const MAX_ADDED = 20;
/** Addresses that wait to be added; what comes on top is left out until it is asked for again. */
const MAX_WANTED = TABLE_CAPACITY;
/** A table that shortened no transaction for so long is closed. */
const UNUSED_AFTER_MS = 24 * 3_600_000;
/** After this many slots a table that is still not there is made with another slot: its own leaves SlotHashes soon. */
const CREATION_SLOTS = 256n;
/** A table that is being retired still resolves for 512 blocks; bytes signed until here are dead before that. */
const RETIRING_USABLE_SLOTS = 256n;
/** How long no table is used after the chain said that one does not resolve. */
const DISTRUST_MS = 600_000;
/** Read-backs that may fail in a row, each tried again by its caller, until batches do without tables. */
const MAX_FAILED_READS = 3;
const COMPUTE_UNITS = 60_000;
const PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 60_000;

interface LookupTablesOptions extends OwnTablesOptions {
  /** Accounts of (nearly) every batch: they are put into each table first. */
  constants: readonly Address[];
  /** Addresses of a full table; fewer in tests. */
  capacity?: number;
}

/**
 * The house's address lookup tables: made when a batch does not fit a packet, extended by the vaults that it was short of, retired when
 * room runs out or when unused, and closed. They are an optimisation: nothing waits for them, and what fails here is logged and tried again.
 *
 * The chain is the truth: this remembers addresses of tables alone, durably **before** the transaction that makes one is sent. Every
 * step follows from what the finalized chain shows, so that a crash anywhere needs no repair: the next start looks and goes on. A table
 * only shortens the naming of accounts, and the program checks every account that it gets, so that a wrong one can make a
 * transaction fail but never make it settle something else.
 */
export class LookupTables {
  readonly #o: LookupTablesOptions;
  readonly #capacity: number;
  readonly #own: OwnTables;
  readonly #sender: TransactionSender;
  readonly #wanted = new Set<Address>();
  #failedReads = 0;
  #distrustedUntilMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #failures = 0;
  #stopped = false;

  constructor(options: LookupTablesOptions) {
    this.#o = options;
    this.#capacity = options.capacity ?? TABLE_CAPACITY;
    this.#own = new OwnTables(options);
    const { rpc, settler: payer, nowMs } = options;
    this.#sender = new TransactionSender({ rpc, payer, nowMs });
  }

  /** Works in the background until stopped. */
  start(): void {
    if (this.#stopped) return;
    const pauseMs = Math.min(MAX_PAUSE_MS, PAUSE_MS * 2 ** this.#failures);
    this.#timer = setTimeout(() => {
      this.#running = this.#turn().finally(() => this.start());
    }, pauseMs);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  /** Asks for these addresses to be in a table, from some time on. */
  want(addresses: readonly Address[]): void {
    for (const address of addresses) if (this.#wanted.size < MAX_WANTED) this.#wanted.add(address);
  }

  /** The tables that shorten a transaction with these accounts, as last seen: for planning. */
  known(accounts: readonly Address[]): AddressesByLookupTableAddress {
    if (this.#isDistrusted()) return {};
    const active = this.#own.active.map(({ address, shown }) => [address, shown.addresses] as const);
    return usefulTables({ accounts, tables: new Map(active) });
  }

  /**
   * The tables that shorten a transaction with these accounts, read back from the finalized chain right now: for signing. Only entries
   * that resolve in the next slot are given, of tables that are ours. `CHAIN_UNREACHABLE`, but not for ever.
   */
  async readBack(accounts: readonly Address[]): Promise<AddressesByLookupTableAddress> {
    if (this.#isDistrusted()) return {};
    const slot = await this.#lookOrGiveUp();
    if (slot === undefined) return {};
    const usable = this.#own.all.flatMap(({ address, shown }) => {
      if (!shown) return [];
      const { deactivatedAtSlot: since, lastExtendedSlot, countBeforeLastExtension } = shown;
      if (since !== undefined && slot > since + RETIRING_USABLE_SLOTS) return [];
      const count = slot > lastExtendedSlot ? shown.addresses.length : countBeforeLastExtension;
      return [[address, shown.addresses.slice(0, count)] as const];
    });
    const chosen = usefulTables({ accounts, tables: new Map(usable) });
    for (const table of this.#own.all) if (table.address in chosen) table.lastUsedMs = this.#o.nowMs();
    return chosen;
  }

  /** Uses no table for a while: batches take what fits without. */
  distrust(reason: string): void {
    this.#distrustedUntilMs = this.#o.nowMs() + DISTRUST_MS;
    this.#o.log.warn({ reason, distrustMs: DISTRUST_MS }, 'no lookup table is used for a while');
  }

  /** One step of the work; true if there is more to do or to wait for. */
  async step(): Promise<boolean> {
    if (await this.#sender.isWaiting()) return true;
    this.#forgetSatisfied();
    const isRetiring = this.#own.all.some(({ shown }) => shown?.deactivatedAtSlot !== undefined);
    if (this.#own.lookedSlot !== undefined && this.#wanted.size === 0 && !isRetiring && !this.#unused()) return false;
    const slot = await this.#look();
    this.#forgetSatisfied();
    const instructions = await this.#next(slot);
    if (!instructions) return isRetiring;
    await this.#sender.send(instructions, COMPUTE_UNITS);
    return true;
  }

  async #turn(): Promise<void> {
    try {
      await this.step();
      this.#failures = 0;
    } catch (error) {
      this.#failures += 1;
      this.#o.log.warn({ failures: this.#failures, reason: messageOf(error) }, 'lookup tables: a step failed, trying again');
    }
  }

  /** What brings the tables nearer to what is asked of them: the instructions of one transaction. */
  async #next(slot: bigint): Promise<Instruction[] | undefined> {
    const { settler: authority, log } = this.#o;
    const closable = this.#own.all.find(({ shown }) => {
      const since = shown?.deactivatedAtSlot;
      return since !== undefined && slot > since + CLOSABLE_AFTER_SLOTS;
    });
    if (closable) {
      log.info({ table: closable.address }, 'closing a lookup table');
      return [closeLookupTable({ table: closable.address, authority })];
    }
    const retired = this.#toRetire();
    if (retired) {
      log.info({ table: retired.address }, 'retiring a lookup table');
      return [deactivateLookupTable({ table: retired.address, authority })];
    }
    return this.#wanted.size > 0 ? this.#addWanted(slot) : undefined;
  }

  /** Extends the table with room, or makes one with its first addresses. */
  async #addWanted(slot: bigint): Promise<Instruction[] | undefined> {
    const { settler: authority, constants, log } = this.#o;
    const known = new Set(this.#own.active.flatMap(({ shown }) => shown.addresses));
    const missing = [...new Set([...constants, ...this.#wanted])].filter((address) => !known.has(address));
    const open = this.#withRoom();
    if (open) {
      const addresses = missing.slice(0, Math.min(MAX_ADDED, this.#capacity - open.shown.addresses.length));
      log.info({ table: open.address, addresses: addresses.length }, 'extending a lookup table');
      return [extendLookupTable({ table: open.address, authority, addresses })];
    }
    const recentSlot = await this.#intend(slot);
    if (recentSlot === undefined) return undefined;
    const { address: table } = await lookupTableAddress({ authority: authority.address, recentSlot });
    const addresses = [...new Set([...constants, ...missing])].slice(0, Math.min(MAX_ADDED, this.#capacity));
    log.info({ table, addresses: addresses.length }, 'making a lookup table');
    return [await createLookupTable({ authority, recentSlot }), extendLookupTable({ table, authority, addresses })];
  }

  /** The slot of the table to be made, whose address is in the ledger from here on; undefined if there are as many as may be. */
  async #intend(slot: bigint): Promise<bigint | undefined> {
    const pending = this.#own.all.find(({ shown, recentSlot }) => !shown && slot <= recentSlot + CREATION_SLOTS);
    if (pending) return pending.recentSlot;
    if (this.#own.all.filter(({ shown }) => shown && shown.deactivatedAtSlot === undefined).length >= MAX_TABLES)
      return undefined;
    const { address } = await lookupTableAddress({ authority: this.#o.settler.address, recentSlot: slot });
    await this.#own.intend({ address, recentSlot: slot });
    return slot;
  }

  /** A table that is long unused, or the least recently used one of too few with room. One at a time. */
  #toRetire(): OwnTable | undefined {
    const own = this.#own.all;
    if (own.some(({ shown }) => shown?.deactivatedAtSlot !== undefined)) return undefined;
    const isFull = this.#wanted.size > 0 && !this.#withRoom() && this.#own.active.length >= MAX_TABLES;
    const [oldest] = this.#own.active.sort((a, b) => a.lastUsedMs - b.lastUsedMs);
    return isFull ? oldest : this.#unused();
  }

  #unused(): OwnTable | undefined {
    return this.#own.active.find(({ lastUsedMs }) => this.#o.nowMs() - lastUsedMs > UNUSED_AFTER_MS);
  }

  #withRoom() {
    return this.#own.active.find(({ shown }) => shown.addresses.length < this.#capacity);
  }

  #isDistrusted(): boolean {
    return this.#o.nowMs() < this.#distrustedUntilMs;
  }

  #forgetSatisfied(): void {
    for (const { shown } of this.#own.active) for (const address of shown.addresses) this.#wanted.delete(address);
  }

  /** As `#look`; undefined, and tables distrusted, when it has failed too often in a row. */
  async #lookOrGiveUp(): Promise<bigint | undefined> {
    try {
      const slot = await this.#look();
      this.#failedReads = 0;
      return slot;
    } catch (error) {
      this.#failedReads += 1;
      if (this.#failedReads < MAX_FAILED_READS) throw error;
      this.#failedReads = 0;
      this.distrust(`the tables can not be read: ${messageOf(error)}`);
      return undefined;
    }
  }

  #look(): Promise<bigint> {
    return this.#own.look(this.#sender.landedSlot);
  }
}
