import { type Address, getBase58Encoder } from '@solana/kit';
import { domainOf } from '../protocol/account.ts';
import { toHex } from '../protocol/bytes.ts';
import { type KeyWeakness, keyWeakness } from '../protocol/development-keys.ts';
import type { BlobSource } from './blob-source.ts';
import { loadCheckpoint, saveCheckpoint } from './checkpoint.ts';
import { type Comparison, compareAccounts, compareListed, type Expected, expectedAccounts, listVaults } from './compare.ts';
import type { Divergence } from './divergence.ts';
import { VerifierError } from './errors.ts';
import { readHistory } from './history.ts';
import { HOUSE_BYTES } from './layout/constants.ts';
import { MAX_DIVERGENCES, Replay, type ReplayHooks } from './replay.ts';
import { type ChainRpc, connectChain, MAX_ACCOUNTS_PAGE } from './rpc.ts';
import type { Place } from './state.ts';
import { HistoryFault } from './transaction.ts';
import { withBlobs } from './with-blobs.ts';

const DEFAULT_CHECKPOINT_EVERY = 200;
/** Looks at what the history leads to before a difference from an account is told: a node lists a transaction a moment after its accounts. */
const COMPARE_TRIES = 4;
const DEFAULT_SETTLE_MS = 2_000;

export interface VerifyProgress {
  step: 'replaying' | 'comparing';
  done: number;
  total: number;
  batches: number;
  bets: number;
}

export interface VerifyChainOptions {
  /** The node's JSON-RPC address, or a node. */
  rpc: string | ChainRpc;
  blobs: BlobSource;
  program: Address;
  /** None: the program's only one. */
  house?: Address | undefined;
  /** A state that `onCheckpoint` was given: the replay goes on behind it. */
  checkpoint?: string | undefined;
  /** Keeps the state, every `checkpointEvery` transactions, when the replay ends and when it is interrupted. */
  onCheckpoint?(state: string): void | Promise<void>;
  checkpointEvery?: number;
  onProgress?(progress: VerifyProgress): void;
  hooks?: ReplayHooks;
  /** Stops with `INTERRUPTED` after the transaction at hand. */
  signal?: AbortSignal;
  /** Between two looks at a difference. */
  settleMs?: number;
}

/** A verifying key that the house has, or had. */
export interface ReportedKey {
  id: number;
  maxBets: number;
  maxVaults: number;
  /** SHA-256 of the key, hex. */
  keyHash: string;
  /** Why proofs under it convince nobody; undefined if nothing is known against it. */
  weakness: KeyWeakness | undefined;
}

export interface VerifyReport {
  passed: boolean;
  genesisHash: string;
  program: Address;
  house: Address;
  /** The slot of the last transaction, and the last one in which accounts were compared; 0 if none was. */
  lastTransactionSlot: string;
  comparedSlot: string;
  transactions: number;
  batches: number;
  bets: number;
  proofsVerified: number;
  blobs: number;
  vaultsCompared: number;
  verifyingKeys: ReportedKey[];
  /** All that were found; `divergences` keeps the first 1,000. */
  divergenceCount: number;
  firstDivergence: Divergence | undefined;
  divergences: Divergence[];
  /** Transactions that an earlier run had replayed. */
  resumedAfter: number;
  seconds: number;
}

/**
 * Recomputes a house from its finalized history and its blobs alone, and compares the result with the accounts. Runs in Node and in a browser.
 * Rejects with a `VerifierError` if it cannot be finished, which says nothing of the house.
 */
export async function verifyChain(options: VerifyChainOptions): Promise<VerifyReport> {
  const rpc = typeof options.rpc === 'string' ? connectChain({ url: options.rpc }) : options.rpc;
  const { program } = options;
  const genesisHash = await rpc.genesisHash();
  const house = options.house ?? (await onlyHouse(rpc, program));
  const genesisBytes = Uint8Array.from(getBase58Encoder().encode(genesisHash));
  const place: Place = { program, house, genesisHash: genesisBytes, domain: domainOf(genesisBytes) };
  const run = new Verification(rpc, { ...options, place, genesisHash });
  return run.finish();
}

/** The addresses of a program's houses; `BAD_USAGE` if the node does not list accounts. */
export async function findHouses(rpc: ChainRpc, program: Address): Promise<Address[]> {
  const found = await rpc.programAccounts(program, { bytes: HOUSE_BYTES });
  if (!found) throw new VerifierError('BAD_USAGE', 'the node does not list the accounts of a program: name the house');
  return found.accounts.map(({ address }) => address).sort();
}

async function onlyHouse(rpc: ChainRpc, program: Address): Promise<Address> {
  const houses = await findHouses(rpc, program);
  if (houses.length === 1) return houses[0] as Address;
  const message = houses.length === 0 ? `the program ${program} has no house` : `name one of its houses: ${houses.join(', ')}`;
  throw new VerifierError('BAD_USAGE', message);
}

class Verification {
  readonly #rpc: ChainRpc;
  readonly #options: VerifyChainOptions & { place: Place; genesisHash: string };
  readonly #replay: Replay;
  readonly #startedMs = performance.now();
  readonly #resumedAfter: number;
  /** What the accounts differ in, which no saved state keeps: it is of this look. */
  #differences: Divergence[] = [];
  #differenceCount = 0;
  #vaultsCompared = 0;
  #comparedSlot = 0n;
  #sinceCheckpoint = 0;
  /** Asked for once: each page of accounts is compared by the same. */
  #rentMinimum: bigint | undefined;

  constructor(rpc: ChainRpc, options: VerifyChainOptions & { place: Place; genesisHash: string }) {
    this.#rpc = rpc;
    this.#options = options;
    const owner = this.#owner;
    const position = options.checkpoint === undefined ? undefined : loadCheckpoint(options.checkpoint, owner);
    this.#replay = new Replay(options.place, { position, hooks: options.hooks });
    this.#resumedAfter = position?.counts.transactions ?? 0;
  }

  async finish(): Promise<VerifyReport> {
    try {
      await this.#requireContinuity();
      await this.#follow(undefined);
      await this.#save();
      if (!this.#position.state.house) await this.#requireHouse();
      await this.#compare();
      await this.#save();
    } catch (error) {
      if (!(error instanceof HistoryFault)) throw error;
      const values = { transaction: error.signature, slot: `${error.slot}` };
      this.#differ({ code: error.code, message: `${error.message}; nothing after it was replayed`, ...values });
    }
    return this.#report();
  }

  get #position() {
    return this.#replay.position;
  }

  get #owner() {
    const { genesisHash, program, place } = this.#options;
    return { genesisHash, program, house: place.house };
  }

  /** Replays what the history has, up to and with slot `through`. */
  async #follow(through: bigint | undefined): Promise<void> {
    const { place, blobs } = this.#options;
    let total = 0;
    let done = 0;
    const history = readHistory({
      ...{ rpc: this.#rpc, program: place.program, house: place.house, minSlot: through },
      after: this.#position.last?.signature,
      onListed: (count) => {
        total = count;
      },
    });
    for await (const { transaction, blobOf } of withBlobs(history, blobs)) {
      if (through !== undefined && transaction.slot > through) return;
      await this.#stopIfAsked();
      await this.#replay.apply(transaction, blobOf);
      done += 1;
      if (through === undefined) this.#progress('replaying', done, total);
      this.#sinceCheckpoint += 1;
      if (this.#sinceCheckpoint >= (this.#options.checkpointEvery ?? DEFAULT_CHECKPOINT_EVERY)) await this.#save();
    }
  }

  async #stopIfAsked(): Promise<void> {
    if (!this.#options.signal?.aborted) return;
    await this.#save();
    throw new VerifierError('INTERRUPTED', 'interrupted');
  }

  async #save(): Promise<void> {
    this.#sinceCheckpoint = 0;
    await this.#options.onCheckpoint?.(saveCheckpoint(this.#owner, this.#position));
  }

  /** A node that keeps the newest transactions alone would go on behind a gap, which looks like the house's fault. */
  async #requireContinuity(): Promise<void> {
    const { last } = this.#position;
    if (!last || (await this.#rpc.transaction(last.signature))) return;
    const message = `the node does not have transaction ${last.signature}, where the saved state ends: ask one that keeps all`;
    throw new VerifierError('RPC_UNREACHABLE', message);
  }

  /** Without the making of the house in its history, nothing was verified. */
  async #requireHouse(): Promise<void> {
    const { house, program } = this.#options.place;
    const { accounts } = await this.#rpc.accounts([house]);
    const account = accounts[0];
    if (account?.owner !== program || account.data.length !== HOUSE_BYTES) {
      throw new VerifierError('BAD_USAGE', `there is no house ${house} of the program ${program} on this chain`);
    }
    if (this.#position.counts.divergences > 0) return;
    this.#differ({ code: 'history-incomplete', message: 'the node has nothing of its history', account: house });
  }

  /** Compares every account, those included that appear meanwhile. */
  async #compare(): Promise<void> {
    if (!this.#position.state.house) return;
    const { place } = this.#options;
    const compared = new Set<Address>();
    for (;;) {
      const all = (await expectedAccounts(this.#position.state, place)).filter(({ address }) => !compared.has(address));
      if (all.length === 0) break;
      for (let from = 0; from < all.length; from += MAX_ACCOUNTS_PAGE) {
        await this.#stopIfAsked();
        const page = all.slice(from, from + MAX_ACCOUNTS_PAGE);
        await this.#comparePage(page);
        for (const { address } of page) compared.add(address);
        this.#vaultsCompared += page.filter(({ kind }) => kind === 'vault').length;
        this.#progress('comparing', compared.size, compared.size + all.length - from - page.length);
      }
    }
    const listed = await listVaults(this.#rpc, place);
    if (!listed) return;
    await this.#settled(listed.slot, (to) => compareListed(listed.accounts, to));
  }

  async #comparePage(page: readonly Expected[]): Promise<void> {
    const addresses = page.map(({ address }) => address);
    const { slot, accounts } = await this.#rpc.accounts(addresses, this.#position.last?.slot);
    const last = this.#position.last?.slot ?? 0n;
    if (slot < last) throw new VerifierError('RPC_UNREACHABLE', `the node is behind: it shows slot ${slot}, ${last} was seen`);
    this.#comparedSlot = slot;
    await this.#settled(slot, (to) => compareAccounts(page, accounts, to));
  }

  /**
   * Compares what a slot shows with the state of exactly that slot. What differs is looked at again: a node may list a transaction a
   * moment after its accounts show it.
   */
  async #settled(slot: bigint, compare: (to: Comparison) => void): Promise<void> {
    const { place, settleMs = DEFAULT_SETTLE_MS } = this.#options;
    this.#rentMinimum ??= await this.#rpc.rentMinimum(0);
    const rentMinimum = this.#rentMinimum;
    for (let tries = 1; ; tries += 1) {
      await this.#follow(slot);
      const found: Divergence[] = [];
      const { state } = this.#position;
      compare({
        ...{ state, place, rentMinimum },
        report: (code, message, values) => found.push({ code, message, slot: `${slot}`, ...values }),
      });
      if (found.length === 0) return;
      if (tries === COMPARE_TRIES) {
        for (const difference of found) this.#differ(difference);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, settleMs));
    }
  }

  #differ(difference: Divergence): void {
    this.#differenceCount += 1;
    if (this.#differences.length < MAX_DIVERGENCES) this.#differences.push(difference);
  }

  #progress(step: VerifyProgress['step'], done: number, total: number): void {
    const { batches, bets } = this.#position.counts;
    this.#options.onProgress?.({ step, done, total, batches, bets });
  }

  #report(): VerifyReport {
    const { counts, state, last, divergences: found } = this.#position;
    const divergences = [...found, ...this.#differences].slice(0, MAX_DIVERGENCES);
    const divergenceCount = counts.divergences + this.#differenceCount;
    // Twice over: without a divergence, every batch had its blob and a proof that holds.
    const isWhole = counts.proofsVerified === counts.batches && counts.blobs === counts.batches;
    return {
      passed: divergenceCount === 0 && isWhole,
      ...this.#owner,
      lastTransactionSlot: `${last?.slot ?? 0n}`,
      comparedSlot: `${this.#comparedSlot}`,
      ...{ transactions: counts.transactions, batches: counts.batches, bets: counts.bets },
      ...{ proofsVerified: counts.proofsVerified, blobs: counts.blobs, vaultsCompared: this.#vaultsCompared },
      verifyingKeys: [...state.keys.values()].map(({ id, maxBets, maxVaults, keyHash, key }) => {
        return { id, maxBets, maxVaults, keyHash: toHex(keyHash), weakness: keyWeakness(key) };
      }),
      ...{ divergenceCount, firstDivergence: divergences[0], divergences },
      resumedAfter: this.#resumedAfter,
      seconds: (performance.now() - this.#startedMs) / 1_000,
    };
  }
}
