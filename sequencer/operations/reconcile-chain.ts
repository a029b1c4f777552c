import { type Address, getBase64Encoder, type Signature } from '@solana/kit';
import {
  type CasinoEvent,
  decodeHouse,
  decodeOwned,
  decodeVault,
  escrowAddress,
  eventsOf,
  type House,
  type Vault,
} from '../../program/client/index.ts';
import type { ChainReader } from '../chain/reader.ts';
import { call, describeFailure } from '../chain/rpc.ts';
import { CasinoError } from '../errors.ts';

/** Looks at the chain until one shows all accounts in one state. */
const MAX_SNAPSHOT_TRIES = 20;
/** Accounts of one call, beside the house and the escrow. */
const ACCOUNTS_PAGE = 90;
/** Transactions whose events are kept: they are final, so that they need not be fetched at every reconciliation. */
const MAX_KEPT_TRANSACTIONS = 20_000;

/** The finalized house, all its vaults and its escrow in one state. Amounts in base units. */
export interface ReconciliationSnapshot {
  slot: bigint;
  house: House;
  vaults: ReadonlyMap<Address, Vault>;
  escrowLamports: bigint;
  /** What the escrow account must keep beside what it owes. */
  rentMinimum: bigint;
}

/** What reconciliation asks of the chain. Calls reject with `CHAIN_UNREACHABLE` when it gives no answer. */
export interface ReconciliationChain {
  snapshot(): Promise<ReconciliationSnapshot>;
  /** For each signature how it stands, in words: `finalized` for a success that is final. At most 256. */
  signatures(signatures: readonly string[]): Promise<string[]>;
  /** What the program said in a final transaction, nothing if that failed; undefined if the node does not have it. */
  events(signature: string): Promise<CasinoEvent[] | undefined>;
}

/** How a success that is final stands. */
export const FINAL = 'finalized';

/** Reads a Solana chain for reconciliation. Keep one: it remembers the events of final transactions. */
export class SolanaReconciliationChain implements ReconciliationChain {
  readonly #reader: ChainReader;
  readonly #leastSlot: () => bigint;
  readonly #kept = new Map<string, CasinoEvent[]>();

  /** `leastSlot`: a finalized slot that has been seen; what a node shows that is behind it is not compared. */
  constructor(reader: ChainReader, leastSlot: () => bigint = () => 0n) {
    this.#reader = reader;
    this.#leastSlot = leastSlot;
  }

  /** All vaults, and no money moved between two pages of them. */
  async snapshot(): Promise<ReconciliationSnapshot> {
    const rentMinimum = await call(this.#reader.rpc.getMinimumBalanceForRentExemption(0n));
    for (let attempt = 0; attempt < MAX_SNAPSHOT_TRIES; attempt += 1) {
      const { slot, vaults } = await this.#reader.snapshot('finalized');
      if (slot < this.#leastSlot()) continue;
      const seen = await this.#readTogether([...vaults.keys()], slot);
      if (seen && seen.house.vaultCount === BigInt(seen.vaults.size)) return { ...seen, rentMinimum };
    }
    throw new CasinoError('CHAIN_UNREACHABLE', 'the chain does not stand still long enough to be compared');
  }

  async signatures(signatures: readonly string[]): Promise<string[]> {
    if (signatures.length === 0) return [];
    const request = this.#reader.rpc.getSignatureStatuses(signatures as Signature[], { searchTransactionHistory: true });
    const { value } = await call(request);
    return value.map((status) =>
      status?.err ? describeFailure(status.err) : (status?.confirmationStatus ?? 'unknown to the chain'),
    );
  }

  async events(signature: string): Promise<CasinoEvent[] | undefined> {
    const kept = this.#kept.get(signature);
    if (kept) return kept;
    const options = { commitment: 'finalized', encoding: 'base64', maxSupportedTransactionVersion: 0 } as const;
    const transaction = await call(this.#reader.rpc.getTransaction(signature as Signature, options));
    // Without its log, which a node may have dropped, nothing is known of a success.
    const log = transaction?.meta?.err ? [] : transaction?.meta?.logMessages;
    if (!log) return undefined;
    const events = eventsOf(log, this.#reader.program);
    const oldest = this.#kept.keys().next();
    if (this.#kept.size >= MAX_KEPT_TRANSACTIONS && !oldest.done) this.#kept.delete(oldest.value);
    this.#kept.set(signature, events);
    return events;
  }

  /** Accounts in pages, each with the house: undefined if the house changed between two pages. */
  async #readTogether(
    addresses: readonly Address[],
    minContextSlot: bigint,
  ): Promise<Omit<ReconciliationSnapshot, 'rentMinimum'> | undefined> {
    const { rpc, program, house: houseAddress } = this.#reader;
    const escrow = await escrowAddress({ program, house: houseAddress });
    const vaults = new Map<Address, Vault>();
    let seen: { house: House; escrowLamports: bigint; slot: bigint } | undefined;
    for (let offset = 0; offset === 0 || offset < addresses.length; offset += ACCOUNTS_PAGE) {
      const page = addresses.slice(offset, offset + ACCOUNTS_PAGE);
      const options = { commitment: 'finalized', encoding: 'base64', minContextSlot } as const;
      const { context, value } = await call(rpc.getMultipleAccounts([houseAddress, escrow, ...page], options));
      const [houseAccount, escrowAccount, ...vaultAccounts] = value;
      if (!houseAccount) throw new CasinoError('CHAIN_MISMATCH', `no house at ${houseAddress}`);
      const decoded = (address: Address, account: NonNullable<(typeof value)[number]>) => ({
        address,
        programAddress: account.owner,
        data: getBase64Encoder().encode(account.data[0]),
      });
      const house = decodeOwned(decoded(houseAddress, houseAccount), { program, decode: decodeHouse });
      if (seen && !sameHouse(seen.house, house)) return undefined;
      seen = { house, escrowLamports: escrowAccount?.lamports ?? 0n, slot: context.slot };
      for (const [index, account] of vaultAccounts.entries()) {
        const address = page[index] as Address;
        if (account) vaults.set(address, decodeOwned(decoded(address, account), { program, decode: decodeVault }));
      }
    }
    return seen && { ...seen, vaults };
  }
}

function sameHouse(a: House, b: House): boolean {
  return (
    a.liabilities === b.liabilities &&
    a.lastBatch === b.lastBatch &&
    a.lastTransfer === b.lastTransfer &&
    a.vaultCount === b.vaultCount
  );
}
