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
/** Between two of them: about half a slot, so that they do not keep in step with the slots. */
const SNAPSHOT_PAUSE_MS = 230;
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

/** What one look shows. */
type Seen = Omit<ReconciliationSnapshot, 'rentMinimum'>;

/** What reconciliation asks of the chain. Calls reject with `CHAIN_UNREACHABLE` when it gives no answer. */
export interface ReconciliationChain {
  snapshot(): Promise<ReconciliationSnapshot>;
  /** For each signature how it stands, in words: `finalized` for a success that is final. At most 256. */
  signatures(signatures: readonly string[]): Promise<string[]>;
  /** What the program said in a final transaction, nothing if that failed; undefined if the node does not have it. */
  events(signature: string): Promise<CasinoEvent[] | undefined>;
}

/** The chain answers, but shows no state that can be compared: it moves between two pages of vaults, or a node is behind. */
export class ChainUnsteadyError extends CasinoError {
  constructor() {
    super('CHAIN_UNREACHABLE', 'the chain does not stand still long enough to be compared');
  }
}

/** How a success that is final stands. */
export const FINAL = 'finalized';

/** Reads a Solana chain for reconciliation. Keep one: it remembers the events of final transactions. */
export class SolanaReconciliationChain implements ReconciliationChain {
  readonly #reader: ChainReader;
  readonly #leastSlot: () => bigint;
  readonly #sleep: (durationMs: number) => Promise<void>;
  readonly #kept = new Map<string, CasinoEvent[]>();

  /** `leastSlot`: a finalized slot that has been seen; what a node shows that is behind it is not compared. */
  constructor(reader: ChainReader, options: { leastSlot?(): bigint; sleep?(durationMs: number): Promise<void> } = {}) {
    this.#reader = reader;
    this.#leastSlot = options.leastSlot ?? (() => 0n);
    this.#sleep = options.sleep ?? ((durationMs) => new Promise((resolve) => setTimeout(resolve, durationMs)));
  }

  /** All vaults, and no money moved between two pages of them; rejects with `ChainUnsteadyError` if it always does. */
  async snapshot(): Promise<ReconciliationSnapshot> {
    const rentMinimum = await call(this.#reader.rpc.getMinimumBalanceForRentExemption(0n));
    for (let attempt = 0; attempt < MAX_SNAPSHOT_TRIES; attempt += 1) {
      if (attempt > 0) await this.#sleep(SNAPSHOT_PAUSE_MS);
      const { slot, vaults } = await this.#reader.snapshot('finalized');
      if (slot < this.#leastSlot()) continue;
      const seen = await this.#readTogether([...vaults.keys()], slot);
      if (seen && seen.house.vaultCount === BigInt(seen.vaults.size)) return { ...seen, rentMinimum };
    }
    throw new ChainUnsteadyError();
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

  /** Accounts in pages, each with the house, all asked for at once: undefined if the house changed between two pages. */
  async #readTogether(addresses: readonly Address[], minContextSlot: bigint): Promise<Seen | undefined> {
    const escrow = await escrowAddress({ program: this.#reader.program, house: this.#reader.house });
    const asked: Promise<Seen>[] = [];
    for (let offset = 0; offset === 0 || offset < addresses.length; offset += ACCOUNTS_PAGE) {
      asked.push(this.#readPage(addresses.slice(offset, offset + ACCOUNTS_PAGE), { escrow, minContextSlot }));
    }
    const [first, ...others] = await Promise.all(asked);
    if (!first || others.some(({ house }) => !sameHouse(first.house, house))) return undefined;
    return { ...first, vaults: new Map([first, ...others].flatMap(({ vaults }) => [...vaults])) };
  }

  async #readPage(
    page: readonly Address[],
    { escrow, minContextSlot }: { escrow: Address; minContextSlot: bigint },
  ): Promise<Seen> {
    const { rpc, program, house: houseAddress } = this.#reader;
    const options = { commitment: 'finalized', encoding: 'base64', minContextSlot } as const;
    const { context, value } = await call(rpc.getMultipleAccounts([houseAddress, escrow, ...page], options));
    const [houseAccount, escrowAccount, ...vaultAccounts] = value;
    if (!houseAccount) throw new CasinoError('CHAIN_UNREACHABLE', `the node shows no house at ${houseAddress}`);
    const raw = (address: Address, account: NonNullable<(typeof value)[number]>) => ({
      address,
      programAddress: account.owner,
      data: getBase64Encoder().encode(account.data[0]),
    });
    const vaults = new Map<Address, Vault>();
    for (const [index, account] of vaultAccounts.entries()) {
      const address = page[index] as Address;
      if (account) vaults.set(address, decodeOwned(raw(address, account), { program, decode: decodeVault }));
    }
    const house = decodeOwned(raw(houseAddress, houseAccount), { program, decode: decodeHouse });
    return { slot: context.slot, house, vaults, escrowLamports: escrowAccount?.lamports ?? 0n };
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
