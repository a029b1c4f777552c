import {
  Account,
  Clock,
  EpochSchedule,
  FailedTransactionMetadata,
  LiteSvm,
  type TransactionMetadata,
} from 'litesvm/dist/internal.js';
import { type Address, decodeBase58, encodeBase58 } from './base58.ts';
import type { GenesisProgram } from './genesis.ts';
import { FAUCET_LAMPORTS, MAX_LOG_BYTES, SLOTS_PER_EPOCH } from './limits.ts';
import { type TransactionErrorJson, transactionErrorJson } from './transaction-errors.ts';
import { isStaticKeyWritable, type WireMessage, type WireTransaction } from './wire.ts';

/** An account that exists; an account with no lamports does not. */
export type StoredAccount = { lamports: bigint; owner: Uint8Array; data: Uint8Array; executable: boolean };
/** A change of one account by one transaction. */
export type AccountChange = { address: Address; before: StoredAccount | null; after: StoredAccount | null };
/** One instruction that a program called, by account index of the transaction. */
export type InnerInstruction = {
  programIdIndex: number;
  accounts: Uint8Array;
  data: Uint8Array;
  stackHeight: number;
};
export type ReturnData = { programId: Uint8Array; data: Uint8Array };

/** What running a transaction showed. */
export type Outcome = {
  err: TransactionErrorJson | null;
  logs: string[];
  computeUnits: bigint;
  innerInstructions: InnerInstruction[][];
  returnData: ReturnData | null;
};
/** `landed`: the transaction is part of the chain and paid its fee, whether or not it succeeded. */
export type Execution = Outcome & {
  landed: boolean;
  feeLamports: bigint;
  addresses: Address[];
  loadedWritable: number;
  loadedReadonly: number;
  preBalances: bigint[];
  postBalances: bigint[];
  changes: AccountChange[];
};
/** `accounts`: the writable accounts as they would be, by address; `null` when the transaction would fail. */
export type Simulation = Outcome & { accounts: Map<Address, StoredAccount | null> | null };

type ResolvedKeys = {
  keys: Uint8Array[];
  writable: boolean[];
  loadedWritable: number;
  loadedReadonly: number;
};

const SYSTEM_PROGRAM = new Uint8Array(32);
const SLOT_HASHES = decodeBase58('SysvarS1otHashes111111111111111111111111111') as Uint8Array;
/** Offset of the first address in a lookup table account: `LOOKUP_TABLE_META_SIZE`. */
const LOOKUP_TABLE_META_BYTES = 56;

/**
 * LiteSVM behind the few calls that the chain needs, with raw bytes instead of base58 text. This is the only file
 * that knows LiteSVM; it uses the package's inner binding, because the outer one spends 100 us on base58 per account.
 */
export class Vm {
  readonly #svm = new LiteSvm();

  /** A machine at slot 0 with the standard programs, the given ones and a funded faucet. */
  constructor(options: { programs: readonly GenesisProgram[]; faucet: Uint8Array }) {
    const svm = this.#svm;
    // Block hashes and duplicates are the chain's to check: LiteSVM knows its newest block hash only.
    svm.setBlockhashCheck(false);
    svm.setTransactionHistory(0n);
    svm.setSigverify(false);
    svm.setLogBytesLimit(BigInt(MAX_LOG_BYTES));
    const slots = BigInt(SLOTS_PER_EPOCH);
    svm.setEpochSchedule(new EpochSchedule(slots, slots, false, 0n, 0n));
    svm.setClock(new Clock(0n, 0n, 0n, 1n, 0n));
    svm.setAccount(options.faucet, new Account(FAUCET_LAMPORTS, new Uint8Array(), SYSTEM_PROGRAM, false, 0n));
    for (const { address, elf } of options.programs) svm.addProgram(decodeBase58(address) as Uint8Array, elf);
  }

  /** Sets the Clock and SlotHashes sysvars for the transactions of a slot. */
  enterSlot(options: { clock: ClockValues; slotHashesData: Uint8Array }): void {
    const { slot, epochStartTimestamp, epoch, leaderScheduleEpoch, unixTimestamp } = options.clock;
    this.#svm.setClock(new Clock(slot, epochStartTimestamp, epoch, leaderScheduleEpoch, unixTimestamp));
    this.#svm.setAccount(SLOT_HASHES, copyWithData(this.#svm.getAccount(SLOT_HASHES), options.slotHashesData));
  }

  /** The account as it is now. */
  account(address: Uint8Array): StoredAccount | null {
    return stored(this.#svm.getAccount(address));
  }

  /** All accounts that a program owns now. */
  programAccounts(program: Uint8Array): { address: Address; account: StoredAccount }[] {
    const found: { address: Address; account: StoredAccount }[] = [];
    for (const entry of this.#svm.getProgramAccounts(program)) {
      const account = stored(entry.account());
      if (account !== null) found.push({ address: encodeBase58(entry.address), account });
    }
    return found;
  }

  /** Lamports that make an account with so many bytes of data rent exempt. */
  rentExemptLamports(dataBytes: number): bigint {
    return this.#svm.minimumBalanceForRentExemption(BigInt(dataBytes));
  }

  /** Runs a transaction for good. Its signatures, block hash and uniqueness were checked before. */
  execute(transaction: WireTransaction): Execution {
    const { keys, writable, loadedWritable, loadedReadonly } = this.#resolveKeys(transaction.message);
    const addresses = keys.map(encodeBase58);
    const before = keys.map((key, index) => (writable[index] === true ? this.account(key) : null));
    const lamports = (accounts: (StoredAccount | null)[]): bigint[] =>
      keys.map((key, index) =>
        writable[index] === true ? (accounts[index]?.lamports ?? 0n) : (this.#svm.getBalance(key) ?? 0n),
      );
    const preBalances = lamports(before);
    const outcome = this.#run(transaction);
    const after = keys.map((key, index) => (writable[index] === true ? this.account(key) : null));
    const postBalances = lamports(after);
    const changes: AccountChange[] = [];
    for (const [index, address] of addresses.entries()) {
      const change = { address, before: before[index] ?? null, after: after[index] ?? null };
      if (writable[index] === true && !sameAccount(change.before, change.after)) changes.push(change);
    }
    // Lamports are conserved inside a transaction: what is missing from its accounts is the fee.
    const sum = (balances: bigint[]): bigint => balances.reduce((total, balance) => total + balance, 0n);
    const feeLamports = sum(preBalances) - sum(postBalances);
    const landed = outcome.err === null || feeLamports > 0n;
    const loaded = { addresses, loadedWritable, loadedReadonly, preBalances, postBalances };
    return { ...outcome, ...loaded, landed, feeLamports, changes };
  }

  /** Runs a transaction without keeping its effects. */
  simulate(transaction: WireTransaction, options: { verifySignatures: boolean }): Simulation {
    this.#svm.setSigverify(options.verifySignatures);
    try {
      const { wire, message } = transaction;
      const result =
        message.version === 0 ? this.#svm.simulateVersionedTransaction(wire) : this.#svm.simulateLegacyTransaction(wire);
      if (result instanceof FailedTransactionMetadata) return { ...outcomeOf(result), accounts: null };
      const accounts = new Map<Address, StoredAccount | null>();
      for (const entry of result.postAccounts()) {
        accounts.set(encodeBase58(entry.address), stored(entry.account()));
      }
      return { ...outcomeOf(result.meta()), accounts };
    } finally {
      this.#svm.setSigverify(false);
    }
  }

  #run({ wire, message }: WireTransaction): Outcome {
    return outcomeOf(message.version === 0 ? this.#svm.sendVersionedTransaction(wire) : this.#svm.sendLegacyTransaction(wire));
  }

  /** All accounts in the transaction's index order: static keys, loaded writable ones, loaded read-only ones. */
  #resolveKeys(message: WireMessage): ResolvedKeys {
    const loadedWritable: Uint8Array[] = [];
    const loadedReadonly: Uint8Array[] = [];
    for (const lookup of message.lookups) {
      const table = this.account(lookup.table)?.data ?? new Uint8Array();
      const addressAt = (index: number): Uint8Array[] => {
        const offset = LOOKUP_TABLE_META_BYTES + 32 * index;
        // An index behind the table's end is left out; LiteSVM then refuses the transaction.
        return offset + 32 <= table.length ? [table.slice(offset, offset + 32)] : [];
      };
      for (const index of lookup.writable) loadedWritable.push(...addressAt(index));
      for (const index of lookup.readonly) loadedReadonly.push(...addressAt(index));
    }
    const keys = [...message.keys, ...loadedWritable, ...loadedReadonly];
    const isWritable = (index: number): boolean =>
      index < message.keys.length ? isStaticKeyWritable(message, index) : index < message.keys.length + loadedWritable.length;
    const writable = keys.map((_key, index) => isWritable(index));
    return { keys, writable, loadedWritable: loadedWritable.length, loadedReadonly: loadedReadonly.length };
  }
}

/** Values of the Clock sysvar. */
export type ClockValues = {
  slot: bigint;
  epochStartTimestamp: bigint;
  epoch: bigint;
  leaderScheduleEpoch: bigint;
  unixTimestamp: bigint;
};

function copyWithData(account: Account | null, data: Uint8Array): Account {
  if (account === null) throw new Error('LiteSVM has no SlotHashes sysvar');
  return new Account(account.lamports(), data, account.owner(), account.executable(), account.rentEpoch());
}

function stored(account: Account | null): StoredAccount | null {
  if (account === null || account.lamports() === 0n) return null;
  return {
    lamports: account.lamports(),
    owner: account.owner(),
    data: account.data(),
    executable: account.executable(),
  };
}

function sameAccount(left: StoredAccount | null, right: StoredAccount | null): boolean {
  if (left === null || right === null) return left === right;
  return (
    left.lamports === right.lamports &&
    left.executable === right.executable &&
    Buffer.compare(left.owner, right.owner) === 0 &&
    Buffer.compare(left.data, right.data) === 0
  );
}

function outcomeOf(result: TransactionMetadata | FailedTransactionMetadata): Outcome {
  const failed = result instanceof FailedTransactionMetadata;
  const meta = failed ? result.meta() : result;
  const data = meta.returnData().data();
  return {
    err: failed ? transactionErrorJson(result.err()) : null,
    logs: meta.logs(),
    computeUnits: meta.computeUnitsConsumed(),
    innerInstructions: meta.innerInstructions().map((list) =>
      list.map((inner) => {
        const instruction = inner.instruction();
        return {
          programIdIndex: instruction.programIdIndex(),
          accounts: instruction.accounts(),
          data: instruction.data(),
          stackHeight: inner.stackHeight(),
        };
      }),
    ),
    returnData: data.length === 0 ? null : { programId: meta.returnData().programId(), data },
  };
}
