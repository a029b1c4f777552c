import { createHash } from 'node:crypto';
import { AccountHistory } from './account-history.ts';
import { type Address, decodeBase58, encodeBase58 } from './base58.ts';
import { Blockhashes } from './blockhashes.ts';
import { LocalChainError } from './errors.ts';
import type { Genesis } from './genesis.ts';
import { stringifyJson } from './json.ts';
import { MAX_BLOCKHASH_AGE_SLOTS, SLOTS_PER_EPOCH } from './limits.ts';
import type { GroupRecord } from './records.ts';
import { Timeline } from './timeline.ts';
import { type LandedTransaction, TransactionLog } from './transaction-log.ts';
import { type AccountChange, type ClockValues, type Execution, type Simulation, type StoredAccount, Vm } from './vm.ts';
import { parseTransaction, type WireTransaction } from './wire.ts';

const CLOCK = 'SysvarC1ock11111111111111111111111111111111';
const SLOT_HASHES = 'SysvarS1otHashes111111111111111111111111111';

/** A landed transaction, or a dropped one with the reason. */
export type Applied = { landed: LandedTransaction } | { dropped: Execution['err'] };

/**
 * The chain as a deterministic machine: the same genesis, anchors and groups give the same accounts, logs and
 * digests. It does no I/O; the live chain and the replay of the journal both drive it.
 */
export class ChainState {
  readonly timeline = new Timeline();
  readonly blockhashes: Blockhashes;
  readonly transactions: TransactionLog;
  readonly accounts = new AccountHistory();
  readonly #vm: Vm;
  readonly #finalizeSlots: number;
  /** Signatures that landed inside the block hash window, and the slot they landed in. */
  readonly #recentSignatures = new Map<string, number>();
  #digest: Buffer = Buffer.alloc(32);
  #slot = 0;
  #vmSlot = -1;

  constructor(options: {
    genesis: Genesis;
    faucet: Uint8Array;
    finalizeSlots: number;
    historyTransactions: number;
  }) {
    const { genesis, faucet, finalizeSlots } = options;
    this.#finalizeSlots = finalizeSlots;
    this.#vm = new Vm({ programs: genesis.programs, faucet });
    this.blockhashes = new Blockhashes({ seed: genesis.seed, finalizeSlots });
    this.blockhashes.advance(0);
    this.transactions = new TransactionLog({ capacity: options.historyTransactions });
  }

  /** The newest slot, which takes transactions. */
  get slot(): number {
    return this.#slot;
  }

  /** Sums up every outcome so far. */
  get digest(): Buffer {
    return this.#digest;
  }

  /** Moves on to a later slot. */
  advance(slot: number): void {
    if (slot < this.#slot) throw new Error(`slot ${slot} is behind ${this.#slot}`);
    this.#slot = slot;
    this.blockhashes.advance(slot);
    // One slot later than possible: subscribers are told of a newly finalized slot after this.
    this.accounts.finalize(slot - this.#finalizeSlots - 1);
    for (const [signature, landedSlot] of this.#recentSignatures) {
      if (slot - landedSlot <= MAX_BLOCKHASH_AGE_SLOTS) break;
      this.#recentSignatures.delete(signature);
    }
  }

  /** Why the present slot refuses a transaction before running it, or `null`. */
  refusal(transaction: WireTransaction): 'AlreadyProcessed' | 'BlockhashNotFound' | null {
    const blockhash = encodeBase58(transaction.message.blockhash);
    if (!this.blockhashes.isValid(blockhash, this.#slot)) return 'BlockhashNotFound';
    return this.#recentSignatures.has(transaction.signature) ? 'AlreadyProcessed' : null;
  }

  /** Runs a durable group; `onApplied` sees each transaction's outcome with the accounts it changed. */
  apply(group: GroupRecord, onApplied: (applied: Applied, changes: readonly AccountChange[]) => void): void {
    if (!group.digest.equals(this.#digest)) {
      const message =
        `the journal's group at slot ${group.slot} was written after other outcomes than this replay has: ` +
        'start with the program versions (LiteSVM, local chain) that wrote it';
      throw new LocalChainError('LOCALCHAIN_REPLAY_DIVERGED', message);
    }
    this.advance(group.slot);
    this.#enterSlot();
    for (const wire of group.transactions) {
      const transaction = parseTransaction(wire);
      const refusal = this.refusal(transaction);
      if (refusal !== null) onApplied({ dropped: refusal }, []);
      else this.#execute(transaction, onApplied);
    }
  }

  #execute(transaction: WireTransaction, onApplied: (applied: Applied, changes: readonly AccountChange[]) => void): void {
    const execution = this.#vm.execute(transaction);
    this.#digest = nextDigest(this.#digest, transaction.signature, execution);
    if (!execution.landed) {
      onApplied({ dropped: execution.err }, []);
      return;
    }
    const { changes, ...kept } = execution;
    for (const change of changes) this.accounts.record(this.#slot, change);
    const { signature, wire } = transaction;
    this.#recentSignatures.set(signature, this.#slot);
    const landed = this.transactions.add({ signature, slot: this.#slot, wire, execution: kept });
    onApplied({ landed }, changes);
  }

  /** Runs a transaction against the newest state without keeping its effects. */
  simulate(transaction: WireTransaction, options: { verifySignatures: boolean }): Simulation {
    this.#enterSlot();
    return this.#vm.simulate(transaction, options);
  }

  /** The account at the end of `slot`, which is not before the finalized slot. */
  accountAt(address: Address, slot: number): StoredAccount | null {
    const old = this.accounts.at(address, slot);
    if (old !== undefined) return old;
    const account = this.#vm.account(decodeBase58(address) as Uint8Array);
    if (account === null) return null;
    if (address === CLOCK) return { ...account, data: clockData(this.#clock(slot)) };
    if (address === SLOT_HASHES) return { ...account, data: this.blockhashes.slotHashesData(slot) };
    return account;
  }

  /** All accounts that a program owned at the end of `slot`, which is not before the finalized slot. */
  programAccountsAt(program: Address, slot: number): { address: Address; account: StoredAccount }[] {
    const owner = decodeBase58(program) as Uint8Array;
    const found = new Map(this.#vm.programAccounts(owner).map((entry) => [entry.address, entry.account]));
    for (const address of this.accounts.changed()) {
      const account = this.accounts.at(address, slot);
      if (account === undefined) continue;
      found.delete(address);
      if (account !== null && Buffer.compare(account.owner, owner) === 0) found.set(address, account);
    }
    return [...found].map(([address, account]) => ({ address, account }));
  }

  /** Lamports that make an account with so many bytes of data rent exempt. */
  rentExemptLamports(dataBytes: number): bigint {
    return this.#vm.rentExemptLamports(dataBytes);
  }

  /** Sysvars are set when a slot first runs something; their values follow from the slot alone. */
  #enterSlot(): void {
    if (this.#vmSlot === this.#slot) return;
    const slotHashesData = this.blockhashes.slotHashesData(this.#slot);
    this.#vm.enterSlot({ clock: this.#clock(this.#slot), slotHashesData });
    this.#vmSlot = this.#slot;
  }

  #clock(slot: number): ClockValues {
    const epoch = Math.floor(slot / SLOTS_PER_EPOCH);
    return {
      slot: BigInt(slot),
      epochStartTimestamp: BigInt(this.timeline.unixSecondsAt(epoch * SLOTS_PER_EPOCH)),
      epoch: BigInt(epoch),
      leaderScheduleEpoch: BigInt(epoch + 1),
      unixTimestamp: BigInt(this.timeline.unixSecondsAt(slot)),
    };
  }
}

function nextDigest(digest: Buffer, signature: string, execution: Execution): Buffer {
  const { err, landed, computeUnits, feeLamports, changes } = execution;
  const hash = createHash('sha256').update(digest);
  hash.update(stringifyJson([signature, landed, err, computeUnits, feeLamports]));
  for (const { address, after } of changes) {
    hash.update(stringifyJson([address, after?.lamports ?? 0n, after?.data.length ?? 0, after?.executable]));
    if (after !== null) hash.update(after.owner).update(after.data);
  }
  return hash.digest();
}

function clockData(clock: ClockValues): Uint8Array {
  const data = Buffer.alloc(40);
  data.writeBigUInt64LE(clock.slot, 0);
  data.writeBigInt64LE(clock.epochStartTimestamp, 8);
  data.writeBigUInt64LE(clock.epoch, 16);
  data.writeBigUInt64LE(clock.leaderScheduleEpoch, 24);
  data.writeBigInt64LE(clock.unixTimestamp, 32);
  return data;
}
