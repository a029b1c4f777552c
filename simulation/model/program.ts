import type { Address } from '@solana/kit';
import { type PublicBatch, publicInput } from '../../protocol/batch.ts';
import { compareBytes } from '../../protocol/bytes.ts';
import { U64_LIMIT } from '../../protocol/constants.ts';
import { addressBytes, addressOf } from '../../sequencer/ledger/addresses.ts';
import type { BatchOrder, ModelEvent, ModelInstruction, ModelRun, ModelTransfer } from './instructions.ts';
import type { ModelHouse, ModelState, ModelVault } from './state.ts';

/** What the chain holds beside the house and its vaults, and never changes here. */
export interface ModelConfig {
  terms: ReadonlyMap<number, { profitBps: number; vrfCommitment: bigint }>;
  keys: ReadonlyMap<number, { maxBets: number; maxVaults: number }>;
  /** Whether a proof shows this public input. */
  verify(proof: Uint8Array, input: bigint): boolean;
}

export type Execution =
  | { failure?: undefined; state: ModelState; events: ModelEvent[] }
  /** The program's own name of the error. */
  | { failure: string };

const MAX_EPOCH_STEP = 1n << 16n;

class Failure extends Error {}

function require(condition: boolean, name: string): void {
  if (!condition) throw new Failure(name);
}

/** The program's checked addition. */
function add(a: bigint, b: bigint): bigint {
  require(a + b < U64_LIMIT, 'EXCEEDED_U64');
  return a + b;
}

/** Runs one instruction in a slot, as the program would: the next state, or the error that undoes the whole of it. */
export function execute(
  state: ModelState,
  input: { instruction: ModelInstruction; slot: bigint; config: ModelConfig },
): Execution {
  const draft = new Draft(state, input);
  try {
    draft.run(input.instruction);
  } catch (error) {
    if (error instanceof Failure) return { failure: error.message };
    throw error;
  }
  return { state: { house: draft.house, vaults: draft.vaults }, events: draft.events };
}

/** A copy of the state that one instruction works on. */
class Draft {
  readonly house: ModelHouse;
  readonly vaults: Map<Address, ModelVault>;
  readonly events: ModelEvent[] = [];
  readonly #slot: bigint;
  readonly #config: ModelConfig;

  constructor(state: ModelState, input: { slot: bigint; config: ModelConfig }) {
    this.house = { ...state.house };
    this.vaults = new Map(state.vaults);
    this.#slot = input.slot;
    this.#config = input.config;
  }

  run(instruction: ModelInstruction): void {
    switch (instruction.kind) {
      case 'deposit':
        return this.#deposit(this.#vault(instruction.vault), instruction.amount);
      case 'request':
        return this.#request(this.#vault(instruction.vault), instruction.amount);
      case 'claim':
        return this.#claim(this.#vault(instruction.vault));
      case 'exit':
        return this.#exit(this.#vault(instruction.vault));
      case 'fund':
        require(instruction.amount > 0n, 'ZERO_AMOUNT');
        this.#take(instruction.amount);
        this.house.balance = add(this.house.balance, instruction.amount);
        return;
      case 'advance':
        return this.#advance(instruction);
      case 'batch':
        return this.#settleBatch(instruction.batch);
      case 'transfers':
        return this.#settleTransfers(instruction);
    }
  }

  /** The vault, to be changed. */
  #vault(address: Address): ModelVault {
    const vault = this.vaults.get(address);
    if (!vault) throw new Error(`the model has no vault ${address}`);
    const copy = { ...vault };
    this.vaults.set(address, copy);
    return copy;
  }

  #take(amount: bigint): void {
    this.house.escrow += amount;
    this.house.liabilities = add(this.house.liabilities, amount);
  }

  #deposit(vault: ModelVault, amount: bigint): void {
    require(!vault.frozen, 'FROZEN_VAULT');
    require(amount > 0n, 'ZERO_AMOUNT');
    this.#take(amount);
    vault.pendingDeposit = add(vault.pendingDeposit, amount);
    this.events.push({ name: 'Deposited', vault: vault.address, amount });
  }

  #request(vault: ModelVault, amount: bigint): void {
    require(amount > 0n, 'ZERO_AMOUNT');
    require(!vault.frozen, 'FROZEN_VAULT');
    require(vault.requestAmount === 0n, 'EXISTING_REQUEST');
    vault.requestAmount = amount;
    vault.requestDeadline = add(this.#slot, this.house.exitDelaySlots);
  }

  #claim(vault: ModelVault): void {
    require(vault.claimable > 0n, 'ZERO_CLAIMABLE');
    this.house.escrow -= vault.claimable;
    this.house.liabilities -= vault.claimable;
    vault.claimable = 0n;
  }

  #exit(vault: ModelVault): void {
    require(!vault.frozen, 'FROZEN_VAULT');
    require(vault.requestAmount > 0n, 'EMPTY_REQUEST');
    require(this.#slot > vault.requestDeadline, 'INACTIVE_EXIT');
    const amount = vault.balance + vault.pendingDeposit;
    Object.assign(vault, { balance: 0n, pendingDeposit: 0n, requestAmount: 0n, requestDeadline: 0n, frozen: true });
    vault.claimable = add(vault.claimable, amount);
    this.events.push({ name: 'Exited', vault: vault.address, amount });
  }

  #advance({ from, to, nonce }: { from: bigint; to: bigint; nonce: bigint }): void {
    require(to - from >= 1n && to - from <= MAX_EPOCH_STEP, 'INVALID_EPOCH_STEP');
    require(nonce !== 0n, 'ZERO_NONCE');
    require(this.house.leaderEpoch === from, 'WRONG_EPOCH');
    this.house.leaderEpoch = to;
    this.house.leaderNonce = nonce;
  }

  #requireLeader({ leaderEpoch, leaderNonce }: { leaderEpoch: bigint; leaderNonce: bigint }): void {
    require(leaderEpoch === this.house.leaderEpoch && leaderNonce === this.house.leaderNonce, 'WRONG_LEADER_PAIR');
  }

  #settleBatch(batch: BatchOrder): void {
    const key = this.#config.keys.get(batch.vkId);
    const terms = this.#config.terms.get(batch.termsId);
    if (!key || !terms) throw new Error('the model has no such terms or key');
    this.#requireLeader(batch);
    require(this.house.lastBatch + 1n === batch.batchNumber, 'WRONG_BATCH_NUMBER');
    require(batch.runs.length > 0, 'ZERO_VAULTS');
    require(batch.runs.length <= key.maxVaults, 'EXCEEDED_VAULTS');
    require(batch.runs.every(({ betCount }) => betCount > 0), 'ZERO_BETS');
    require(batch.runs.reduce((sum, { betCount }) => sum + betCount, 0) <= key.maxBets, 'EXCEEDED_BETS');
    requireAscending(batch.runs.map(({ vault }) => vault));
    const proven: PublicBatch['runs'] = [];
    const runs = batch.runs.map((run) => this.#settleRun(run, { termsId: batch.termsId, proven }));
    const sum = runs.reduce((total, { start, after }) => total + start - after, this.house.balance);
    require(sum >= 0n, 'INSUFFICIENT_HOUSE_BALANCE');
    this.house.balance = add(sum, 0n);
    this.house.lastBatch = batch.batchNumber;
    this.house.lastBlobHash = batch.blobHash;
    const { batchNumber, termsId, blobHash } = batch;
    const outcomes = [...batch.outcomes];
    const input = publicInput({ batchNumber, termsId, ...terms, blobHash, outcomes, runs: proven }, key.maxVaults);
    require(this.#config.verify(batch.proof, input), 'INVALID_PROOF');
    this.events.unshift({ name: 'BatchSettled', batchNumber, blobHash, outcomes, runs });
  }

  /** One vault: deposit, run, withdrawal, in that order. */
  #settleRun(run: BatchOrder['runs'][number], input: { termsId: number; proven: PublicBatch['runs'] }): ModelRun {
    const vault = this.#vault(addressOf(run.vault));
    require(!vault.frozen, 'FROZEN_VAULT');
    require(input.termsId >= vault.lastTerms, 'STALE_TERMS');
    consume(vault, run.consume);
    const key = vault.keys[run.keySlot];
    require(key.hash !== 0n, 'EMPTY_KEY_SLOT');
    require(key.from <= this.#slot, 'INACTIVE_KEY_SLOT');
    require(this.#slot <= key.until, 'RETIRED_KEY_SLOT');
    const { betCount, after } = run;
    const settled = { start: vault.balance, after, firstBet: vault.lastBet + 1n, betCount };
    input.proven.push({ accountId: vault.accountId, sessionKeyHash: key.hash, ...settled });
    vault.balance = after;
    vault.lastBet = add(vault.lastBet, BigInt(betCount));
    vault.lastTerms = input.termsId;
    const paid = run.payRequest ? this.#pay(vault) : 0n;
    return { vault: vault.address, ...settled, consumed: run.consume, paid };
  }

  #settleTransfers(input: Extract<ModelInstruction, { kind: 'transfers' }>): void {
    require(input.transfers.length > 0, 'ZERO_VAULTS');
    this.#requireLeader(input);
    require(this.house.lastTransfer + 1n === input.transferNumber, 'WRONG_TRANSFER_NUMBER');
    this.house.lastTransfer = input.transferNumber;
    requireAscending(input.transfers.map(({ vault }) => addressBytes(vault)));
    for (const transfer of input.transfers) this.#transfer(transfer);
  }

  #transfer(transfer: ModelTransfer): void {
    const vault = this.#vault(transfer.vault);
    require(!vault.frozen, 'FROZEN_VAULT');
    consume(vault, transfer.consume);
    if (transfer.pay) this.#pay(vault);
  }

  /** Pays the open request as far as balance and then pending deposit reach. Without one it does nothing. */
  #pay(vault: ModelVault): bigint {
    const fromBalance = vault.requestAmount < vault.balance ? vault.requestAmount : vault.balance;
    const rest = vault.requestAmount - fromBalance;
    const fromPending = rest < vault.pendingDeposit ? rest : vault.pendingDeposit;
    vault.balance -= fromBalance;
    vault.pendingDeposit -= fromPending;
    vault.claimable = add(vault.claimable, fromBalance + fromPending);
    vault.requestAmount = 0n;
    vault.requestDeadline = 0n;
    this.events.push({ name: 'Paid', vault: vault.address, amount: fromBalance + fromPending });
    return fromBalance + fromPending;
  }
}

function consume(vault: ModelVault, amount: bigint): void {
  require(amount <= vault.pendingDeposit, 'EXCEEDED_PENDING_DEPOSIT');
  vault.pendingDeposit -= amount;
  vault.balance = add(vault.balance, amount);
}

function requireAscending(vaults: readonly Uint8Array[]): void {
  for (const [index, vault] of vaults.entries()) {
    const before = vaults[index - 1];
    require(!before || compareBytes(before, vault) < 0, 'WRONG_VAULT_ORDER');
  }
}
