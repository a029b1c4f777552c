import {
  type Address,
  type AddressesByLookupTableAddress,
  getBase64Encoder,
  type Instruction,
  isSolanaError,
  type Signature,
  SOLANA_ERROR__JSON_RPC__INVALID_PARAMS,
  SOLANA_ERROR__TRANSACTION_ERROR__ADDRESS_LOOKUP_TABLE_NOT_FOUND,
  SOLANA_ERROR__TRANSACTION_ERROR__INVALID_ADDRESS_LOOKUP_TABLE_DATA,
  SOLANA_ERROR__TRANSACTION_ERROR__INVALID_ADDRESS_LOOKUP_TABLE_INDEX,
  SOLANA_ERROR__TRANSACTION_ERROR__INVALID_ADDRESS_LOOKUP_TABLE_OWNER,
  type TransactionSigner,
} from '@solana/kit';
import {
  type BatchSettled,
  decodeOwned,
  decodeVerifyingKey,
  eventsOf,
  settleBatch,
  settleTransfers,
  verifyingKeyAddress,
} from '../../program/client/index.ts';
import { CasinoError, messageOf } from '../errors.ts';
import type {
  BatchInstruction,
  DryRunFailure,
  FinalizedHouse,
  KeyLifetime,
  LandedBatch,
  SettlementChain,
  SignatureState,
  SignedTransaction,
  Transfer,
} from '../settlement/chain-port.ts';
import { batchComputeUnits, settleRuns } from './batch-transaction.ts';
import { scopeOfFailure } from './failure-scope.ts';
import type { LookupTables } from './lookup-tables.ts';
import type { ChainReader } from './reader.ts';
import { call, describeFailure } from './rpc.ts';
import { dryRunTransaction, sendBytes, signTransaction } from './transactions.ts';

const TRANSFER_COMPUTE_UNITS = 5_000;
/** Signatures looked through for one page of the house's history. */
const HISTORY_PAGE = 1_000;
const MAX_HISTORY_PAGES = 100;

/** A slot that was seen and that no answer has reached for this long was never there. */
const FORGET_SLOT_AFTER_MS = 10_000;

export interface Leader {
  epoch: bigint;
  nonce: bigint;
}

/** Settlement's view of a Solana chain. */
export class SolanaSettlementChain implements SettlementChain {
  readonly #reader: ChainReader;
  readonly #settler: TransactionSigner;
  readonly #leader: () => Leader;
  readonly #tables: LookupTables;
  /** The newest slot that was seen confirmed: an answer from a state before it is no answer. */
  #seenSlot = 0n;
  /** By the process's monotonic clock: when an answer last reached it. */
  #reachedAtMs = performance.now();

  constructor(options: { reader: ChainReader; settler: TransactionSigner; leader: () => Leader; tables: LookupTables }) {
    this.#tables = options.tables;
    this.#reader = options.reader;
    this.#settler = options.settler;
    this.#leader = options.leader;
  }

  readonly #tablesFor = (accounts: readonly Address[]) => this.#tables.readBack(accounts);

  async signBatch(batch: BatchInstruction): Promise<SignedTransaction> {
    const leader = await this.#assertLeading();
    const instruction = await this.#batchInstruction(batch, leader);
    return this.#sign(instruction, { computeUnits: batchComputeUnits(batch.runs.length), leader, tablesFor: this.#tablesFor });
  }

  async dryRun(batch: BatchInstruction): Promise<DryRunFailure | undefined> {
    const input = {
      payer: this.#settler,
      instructions: [await this.#batchInstruction(batch, this.#leader())],
      computeUnits: batchComputeUnits(batch.runs.length),
      tablesFor: this.#tablesFor,
      minContextSlot: this.#seenSlot,
    };
    try {
      const result = await dryRunTransaction(this.#reader.rpc, input);
      if (!result) return { reason: 'the transaction does not fit a packet', scope: 'packet' };
      if (isTableFailure(result.err)) return this.#withoutTables(describeFailure(result.err));
      return failureOf(result.err);
    } catch (error) {
      if (isTableFailure(error)) return this.#withoutTables(messageOf(error));
      throw error;
    }
  }

  /** Tables are needed only for what does not fit a packet otherwise: without them fewer vaults do. */
  #withoutTables(reason: string): DryRunFailure {
    this.#tables.distrust(reason);
    return { reason, scope: 'packet' };
  }

  #batchInstruction(batch: BatchInstruction, { epoch, nonce }: Leader): Promise<Instruction> {
    const { program, house } = this.#reader;
    return settleBatch({
      program,
      house,
      settler: this.#settler,
      termsId: batch.termsId,
      verifyingKeyId: batch.vkId,
      maxBets: batch.maxBets,
      batchNumber: batch.batchNumber,
      leaderEpoch: epoch,
      leaderNonce: nonce,
      blobHash: batch.blobHash,
      proof: batch.proof,
      outcomes: batch.outcomes,
      runs: settleRuns(batch.runs),
    });
  }

  async signTransfers(input: { transferNumber: bigint; transfers: readonly Transfer[] }): Promise<SignedTransaction> {
    const { program, house } = this.#reader;
    const { epoch, nonce } = await this.#assertLeading();
    const instruction = settleTransfers({
      program,
      house,
      settler: this.#settler,
      transferNumber: input.transferNumber,
      leaderEpoch: epoch,
      leaderNonce: nonce,
      transfers: input.transfers.map(({ vault, consume }) => ({ vault, consume, pay: true })),
    });
    const computeUnits = TRANSFER_COMPUTE_UNITS * (1 + input.transfers.length);
    return this.#sign(instruction, { computeUnits, leader: { epoch, nonce } });
  }

  async send(transaction: Uint8Array): Promise<void> {
    try {
      await sendBytes(this.#reader.rpc, transaction);
    } catch (error) {
      if (isTableFailure(error)) this.#tables.distrust(messageOf(error));
      throw error;
    }
  }

  async status(signature: string): Promise<SignatureState | undefined> {
    const request = this.#reader.rpc.getSignatureStatuses([signature as Signature], { searchTransactionHistory: true });
    const status = (await call(request)).value[0];
    if (!status) return undefined;
    const commitment = status.confirmationStatus ?? 'processed';
    return status.err ? { commitment, failure: describeFailure(status.err) } : { commitment };
  }

  async landedBatch(signature: string): Promise<LandedBatch | undefined> {
    const found = await this.#settledBy(signature as Signature);
    if (!found) return undefined;
    const { event, computeUnits } = found;
    return { batchNumber: event.batchNumber, blobHash: event.blobHash, computeUnits };
  }

  async findBatch(batchNumber: bigint): Promise<string | undefined> {
    const { rpc, house } = this.#reader;
    let before: Signature | undefined;
    for (let page = 0; page < MAX_HISTORY_PAGES; page += 1) {
      const options = { commitment: 'confirmed' as const, limit: HISTORY_PAGE, ...(before ? { before } : {}) };
      const entries = await call(rpc.getSignaturesForAddress(house, options));
      for (const { signature, err } of entries) {
        if (err) continue;
        const found = await this.#settledBy(signature);
        if (found?.event.batchNumber === batchNumber) return signature;
        if (found && found.event.batchNumber < batchNumber) return undefined;
      }
      if (entries.length < HISTORY_PAGE) return undefined;
      before = entries.at(-1)?.signature;
    }
    return undefined;
  }

  async lastBatch(): Promise<bigint> {
    const { house } = await this.#sinceSeen((slot) => this.#reader.houseAndSlot('confirmed', slot));
    return house.lastBatch;
  }

  async finalizedHouse(): Promise<FinalizedHouse> {
    // Height and slot are of one block; the house is of that block or a later one, whichever node answers.
    const { absoluteSlot, blockHeight } = await call(this.#reader.rpc.getEpochInfo({ commitment: 'finalized' }));
    const house = await this.#reader.houseAt('finalized', absoluteSlot);
    const { lastBatch, lastBlobHash, lastTransfer, leaderEpoch: epoch, leaderNonce: nonce } = house;
    return { blockHeight, lastBatch, lastBlobHash, lastTransfer, leader: { epoch, nonce } };
  }

  async confirmedVaults(vaults: readonly Address[]) {
    return this.#sinceSeen((slot) => this.#reader.vaultsAt(vaults, slot));
  }

  async verifyingKeys(ids: readonly number[]): Promise<{ slot: bigint; keys: ReadonlyMap<number, KeyLifetime> }> {
    const { rpc, program, house } = this.#reader;
    const addresses = await Promise.all(ids.map((id) => verifyingKeyAddress({ program, house, id })));
    const { context, value } = await call(rpc.getMultipleAccounts(addresses, { commitment: 'finalized', encoding: 'base64' }));
    if (value.length !== ids.length) throw new CasinoError('CHAIN_UNREACHABLE', 'the node does not show the verifying keys');
    const keys = new Map<number, KeyLifetime>();
    for (const [index, account] of value.entries()) {
      if (!account) continue;
      const address = addresses[index] as Address;
      const raw = { address, programAddress: account.owner, data: getBase64Encoder().encode(account.data[0]) };
      const { id, activeFromSlot, retiredFromSlot } = decodeOwned(raw, { program, decode: decodeVerifyingKey });
      keys.set(id, { activeFromSlot, retiredFromSlot });
    }
    return { slot: context.slot, keys };
  }

  /** An answer from no earlier slot than was seen. One slot that no answer reaches for long was a node's mistake, and is forgotten. */
  async #sinceSeen<T extends { slot: bigint }>(ask: (minContextSlot: bigint) => Promise<T>): Promise<T> {
    try {
      const answer = await ask(this.#seenSlot);
      if (answer.slot > this.#seenSlot) this.#seenSlot = answer.slot;
      this.#reachedAtMs = performance.now();
      return answer;
    } catch (error) {
      if (performance.now() - this.#reachedAtMs > FORGET_SLOT_AFTER_MS) this.#seenSlot = 0n;
      throw error;
    }
  }

  async #assertLeading(): Promise<Leader> {
    const [own, { leader: shown }] = [this.#leader(), await this.finalizedHouse()];
    if (own.epoch !== shown.epoch || own.nonce !== shown.nonce) {
      throw new CasinoError('NOT_LEADING', 'another process leads the house; this one settles nothing more');
    }
    return own;
  }

  async #sign(
    instruction: Instruction,
    input: {
      computeUnits: number;
      leader: Leader;
      tablesFor?: (accounts: readonly Address[]) => Promise<AddressesByLookupTableAddress>;
    },
  ): Promise<SignedTransaction> {
    const { leader, ...rest } = input;
    const signed = await signTransaction(this.#reader.rpc, { payer: this.#settler, instructions: [instruction], ...rest });
    return { ...signed, leaderEpoch: leader.epoch, leaderNonce: leader.nonce };
  }

  async #settledBy(signature: Signature): Promise<{ event: BatchSettled; computeUnits: number } | undefined> {
    const { rpc, program, house } = this.#reader;
    const options = { commitment: 'confirmed', encoding: 'base64', maxSupportedTransactionVersion: 0 } as const;
    const transaction = await call(rpc.getTransaction(signature, options));
    if (!transaction?.meta || transaction.meta.err) return undefined;
    const events = eventsOf(transaction.meta.logMessages ?? [], program as Address);
    const event = events.find((one) => one.name === 'BatchSettled' && one.house === house);
    if (event?.name !== 'BatchSettled') return undefined;
    return { event, computeUnits: Number(transaction.meta.computeUnitsConsumed ?? 0n) };
  }
}

const TABLE_FAILURES = [
  SOLANA_ERROR__TRANSACTION_ERROR__ADDRESS_LOOKUP_TABLE_NOT_FOUND,
  SOLANA_ERROR__TRANSACTION_ERROR__INVALID_ADDRESS_LOOKUP_TABLE_OWNER,
  SOLANA_ERROR__TRANSACTION_ERROR__INVALID_ADDRESS_LOOKUP_TABLE_DATA,
  SOLANA_ERROR__TRANSACTION_ERROR__INVALID_ADDRESS_LOOKUP_TABLE_INDEX,
] as const;

const TABLE_FAILURE_NAMES = [
  'AddressLookupTableNotFound',
  'InvalidAddressLookupTableOwner',
  'InvalidAddressLookupTableData',
  'InvalidAddressLookupTableIndex',
];

/** Agave says so in words where it refuses to run the transaction at all: `Display` of its `TransactionError`. */
const TABLE_FAILURE_WORDS = /Transaction (loads an address table account|address table lookup uses an invalid index)/;

function failureOf(error: unknown): DryRunFailure | undefined {
  return error ? { reason: describeFailure(error), scope: scopeOfFailure(error) } : undefined;
}

/** Whether a dry run failed because a lookup table did not resolve: the chain says so beneath the errors that wrap it. */
function isTableFailure(error: unknown): boolean {
  if (typeof error === 'string') return TABLE_FAILURE_NAMES.includes(error);
  if (TABLE_FAILURES.some((code) => isSolanaError(error, code))) return true;
  if (isSolanaError(error, SOLANA_ERROR__JSON_RPC__INVALID_PARAMS) && TABLE_FAILURE_WORDS.test(error.context.__serverMessage))
    return true;
  return error instanceof Error && error.cause !== undefined && isTableFailure(error.cause);
}
