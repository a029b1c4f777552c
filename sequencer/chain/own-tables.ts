import {
  type Address,
  address as assertedAddress,
  getBase64Encoder,
  type ReadonlyUint8Array,
  type TransactionSigner,
} from '@solana/kit';
import type { Logger } from 'pino';
import { messageOf } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { decodeLookupTable, LOOKUP_TABLE_PROGRAM, type LookupTable } from './lookup-table-program.ts';
import { type ChainRpc, call } from './rpc.ts';

/** Where the ledger keeps which tables are ours: they are not found on chain without their addresses. */
const LEDGER_KEY = 'lookup-tables';
/** After this many slots a table that is not there can never be: its slot has left SlotHashes, and the bytes are dead. */
const FORGET_AFTER_SLOTS = 2_000n;

/** A table that this operator made or is making. */
export interface OwnTable {
  address: Address;
  /** The slot that its address was made from. */
  recentSlot: bigint;
  /** What the finalized chain shows of it; undefined if nothing yet. */
  shown: LookupTable | undefined;
  lastUsedMs: number;
}

/** An own table that is on chain. */
export type ShownTable = OwnTable & { shown: LookupTable };

export interface OwnTablesOptions {
  rpc: ChainRpc;
  /** Authority of the tables; pays for them. */
  settler: TransactionSigner;
  ledger: Ledger;
  nowMs(): number;
  log: Logger;
}

/** The tables that the ledger names, and what the finalized chain shows of them. */
export class OwnTables {
  readonly #o: OwnTablesOptions;
  #tables: OwnTable[] | undefined;
  #lookedSlot: bigint | undefined;

  constructor(options: OwnTablesOptions) {
    this.#o = options;
  }

  /** All, from the ledger at first. */
  get all(): readonly OwnTable[] {
    this.#tables ??= this.#load();
    return this.#tables;
  }

  /** Those on chain that are not being retired. */
  get active(): ShownTable[] {
    const isActive = (table: OwnTable): table is ShownTable =>
      table.shown !== undefined && table.shown.deactivatedAtSlot === undefined;
    return this.all.filter(isActive);
  }

  /** The slot of the newest look at the chain; undefined before the first. */
  get lookedSlot(): bigint | undefined {
    return this.#lookedSlot;
  }

  /** Remembers, durably, the table that is about to be made from a slot. */
  async intend(table: { address: Address; recentSlot: bigint }): Promise<void> {
    await this.#store([...this.all, { ...table, shown: undefined, lastUsedMs: this.#o.nowMs() }]);
  }

  /**
   * Reads all from the finalized chain, at `minSlot` or later, and forgets what is not ours or can not come any more. Returns the slot of
   * the newest look, whose answer may be another's.
   */
  async look(minSlot: bigint): Promise<bigint> {
    const addresses = this.all.map(({ address }) => address);
    const options = { commitment: 'finalized', encoding: 'base64', minContextSlot: minSlot } as const;
    const { context, value } = await call(this.#o.rpc.getMultipleAccounts(addresses, options));
    if (this.#lookedSlot !== undefined && context.slot < this.#lookedSlot) return this.#lookedSlot;
    this.#lookedSlot = context.slot;
    // The list may have grown meanwhile: what was not asked for stays as it is.
    const kept = this.all.filter((table) => {
      const index = addresses.indexOf(table.address);
      if (index === -1) return true;
      const account = value[index];
      table.shown = account ? this.#ownTable(account.owner, getBase64Encoder().encode(account.data[0])) : undefined;
      return account ? table.shown !== undefined : context.slot <= table.recentSlot + FORGET_AFTER_SLOTS;
    });
    if (kept.length < this.all.length) await this.#store(kept);
    return context.slot;
  }

  /** The table in an account, if it is one of ours. */
  #ownTable(owner: Address, data: ReadonlyUint8Array): LookupTable | undefined {
    const table = owner === LOOKUP_TABLE_PROGRAM ? decodeLookupTable(data) : undefined;
    return table?.authority === this.#o.settler.address ? table : undefined;
  }

  #load(): OwnTable[] {
    const { ledger, nowMs, log } = this.#o;
    try {
      const stored = JSON.parse(ledger.read.meta(LEDGER_KEY) ?? '[]') as { address: string; recentSlot: string }[];
      return stored.map(({ address, recentSlot }) => ({
        address: assertedAddress(address),
        recentSlot: BigInt(recentSlot),
        shown: undefined,
        lastUsedMs: nowMs(),
      }));
    } catch (error) {
      log.error({ reason: messageOf(error) }, 'the list of lookup tables can not be read: new ones will be made');
      return [];
    }
  }

  async #store(tables: OwnTable[]): Promise<void> {
    // At once in memory: whoever changes the list while this is written starts from here, and the ledger keeps the order.
    this.#tables = tables;
    const value = JSON.stringify(tables.map(({ address, recentSlot }) => ({ address, recentSlot: recentSlot.toString() })));
    await this.#o.ledger.commit([{ kind: 'meta', key: LEDGER_KEY, value }]);
  }
}
