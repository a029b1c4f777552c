import type { Address } from '@solana/kit';
import { PROGRAM_ERRORS, type ProgramErrorName } from '../program/client/index.ts';
import { fieldToBytes } from '../protocol/field.ts';
import { scopeOfFailure } from '../sequencer/chain/failure-scope.ts';
import type { ChainSnapshot, ChainView, HouseView, VaultView } from '../sequencer/chain/view.ts';
import { CasinoError } from '../sequencer/errors.ts';
import type {
  BatchInstruction,
  DryRunFailure,
  FinalizedHouse,
  LandedBatch,
  SettlementChain,
  SignatureState,
  SignedTransaction,
  Transfer,
} from '../sequencer/settlement/chain-port.ts';
import type { Life } from './life.ts';
import { type Block, MAX_BLOCKHASH_AGE, type ModelChain, type ModelCommitment, type ModelTransaction } from './model/chain.ts';
import type { ModelInstruction } from './model/instructions.ts';
import { FOREVER } from './model/state.ts';
import { HOUSE } from './people.ts';

/** What befalls one call to the chain. */
export interface CallFate {
  latencyMs: number;
  /** By how many blocks the node that answers is behind. */
  lagBlocks: number;
  /** No answer: before the node did anything, or after. */
  fails: 'before' | 'after' | undefined;
}

/** What befalls one sent transaction: after how many slots each copy of it arrives. */
export type SendFate = readonly number[];

interface Pair {
  epoch: bigint;
  nonce: bigint;
}

/** Signed transactions by signature; bytes are the signature's text. Like a real one, a signature can be made twice. */
export class Transactions {
  readonly #bySignature = new Map<string, ModelTransaction>();
  readonly #byContent = new Map<string, string>();

  sign(instruction: ModelInstruction, block: Block): ModelTransaction {
    const content = JSON.stringify({ instruction, hash: block.hash }, plain);
    let signature = this.#byContent.get(content);
    if (signature === undefined) {
      signature = `${instruction.kind}-${this.#byContent.size + 1}`;
      this.#byContent.set(content, signature);
    }
    const transaction = { signature, instruction, blockhash: block.hash, lastValidBlockHeight: block.height + MAX_AGE };
    this.#bySignature.set(signature, transaction);
    return transaction;
  }

  of(bytes: Uint8Array): ModelTransaction {
    const found = this.#bySignature.get(new TextDecoder().decode(bytes));
    if (!found) throw new Error('these bytes were never signed');
    return found;
  }
}

const MAX_AGE = BigInt(MAX_BLOCKHASH_AGE);

function plain(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
}

export interface NodeOptions {
  chain: ModelChain;
  transactions: Transactions;
  life: Life;
  /** The pair that this process leads with. */
  leader: () => Pair;
  /** Told of each batch before it is signed. */
  onSign(batch: BatchInstruction): void;
  callFate(): CallFate;
  sendFate(): SendFate;
}

/** The chain as one life of the sequencer sees it, over a network and nodes that fail. */
export class SimulatedNode implements SettlementChain {
  readonly #o: NodeOptions;
  #seenSlot = 0n;

  constructor(options: NodeOptions) {
    this.#o = options;
  }

  /** One call: its answer is what the node knows when it is asked. */
  #call<T>(name: string, answer: (lagBlocks: number) => T): Promise<T> {
    const { latencyMs, lagBlocks, fails } = this.#o.callFate();
    return this.#o.life.wait(latencyMs, name, () => {
      if (fails === 'before') throw unreachable(name);
      const answered = answer(lagBlocks);
      if (fails === 'after') throw unreachable(name);
      return answered;
    });
  }

  async signBatch(batch: BatchInstruction): Promise<SignedTransaction> {
    this.#o.onSign(batch);
    const pair = await this.#assertLeading();
    return this.#sign({ kind: 'batch', batch: { ...batch, leaderEpoch: pair.epoch, leaderNonce: pair.nonce } }, pair);
  }

  async signTransfers(input: { transferNumber: bigint; transfers: readonly Transfer[] }): Promise<SignedTransaction> {
    const pair = await this.#assertLeading();
    const transfers = input.transfers.map((transfer) => ({ ...transfer, pay: true }));
    const { epoch: leaderEpoch, nonce: leaderNonce } = pair;
    const { transferNumber } = input;
    return this.#sign({ kind: 'transfers', transferNumber, transfers, leaderEpoch, leaderNonce }, pair);
  }

  signAdvance(from: bigint, pair: Pair): Promise<SignedTransaction> {
    return this.#sign({ kind: 'advance', from, to: pair.epoch, nonce: pair.nonce }, pair);
  }

  async #assertLeading(): Promise<Pair> {
    const own = this.#o.leader();
    const { leader: shown } = await this.finalizedHouse();
    if (own.epoch !== shown.epoch || own.nonce !== shown.nonce) {
      throw new CasinoError('NOT_LEADING', 'another process leads the house; this one settles nothing more');
    }
    return own;
  }

  #sign(instruction: ModelInstruction, pair: Pair): Promise<SignedTransaction> {
    return this.#call('getLatestBlockhash', (lag) => {
      const { signature, lastValidBlockHeight } = this.#o.transactions.sign(instruction, this.#o.chain.at('confirmed', lag));
      const bytes = new TextEncoder().encode(signature);
      return { bytes, signature, lastValidBlockHeight, leaderEpoch: pair.epoch, leaderNonce: pair.nonce };
    });
  }

  send(bytes: Uint8Array): Promise<void> {
    const { chain, transactions, sendFate } = this.#o;
    const transaction = transactions.of(bytes);
    return this.#call(`send ${transaction.signature}`, (lag) => {
      const failure = chain.dryRun(transaction.instruction, chain.at('confirmed', lag));
      if (failure) throw new CasinoError('SETTLEMENT_REJECTED', `the dry run failed: ${failure}`);
      for (const inSlots of sendFate()) chain.submit(transaction, inSlots);
    });
  }

  status(signature: string): Promise<SignatureState | undefined> {
    return this.#call(`status ${signature}`, (lag) => {
      const found = this.#o.chain.status(signature, lag);
      if (!found) return undefined;
      const { commitment, landed } = found;
      return landed.failure === undefined ? { commitment } : { commitment, failure: landed.failure };
    });
  }

  landedBatch(signature: string): Promise<LandedBatch | undefined> {
    return this.#call(`getTransaction ${signature}`, (lag) => {
      const found = this.#o.chain.status(signature, lag);
      if (!found || found.commitment === 'processed') return undefined;
      const event = found.landed.events.find(({ name }) => name === 'BatchSettled');
      if (event?.name !== 'BatchSettled') return undefined;
      return { batchNumber: event.batchNumber, blobHash: event.blobHash, computeUnits: 100_000 };
    });
  }

  findBatch(batchNumber: bigint): Promise<string | undefined> {
    return this.#call('getSignaturesForAddress', (lag) => {
      for (const { transaction, events } of this.#o.chain.history('confirmed', lag)) {
        const settles = events.some((event) => event.name === 'BatchSettled' && event.batchNumber === batchNumber);
        if (settles) return transaction.signature;
      }
      return undefined;
    });
  }

  /** Like the real one, no answer from a state before one that was seen confirmed. */
  #confirmed<T>(name: string, answer: (block: Block) => T): Promise<T> {
    return this.#call(name, (lag) => {
      const block = this.#o.chain.at('confirmed', lag);
      if (block.slot < this.#seenSlot) throw unreachable(name);
      return answer(block);
    });
  }

  #saw<T extends { slot: bigint }>(seen: T): T {
    if (seen.slot > this.#seenSlot) this.#seenSlot = seen.slot;
    return seen;
  }

  async lastBatch(): Promise<bigint> {
    return this.#saw(await this.#confirmed('house', ({ slot, state }) => ({ slot, lastBatch: state.house.lastBatch }))).lastBatch;
  }

  async confirmedVaults(vaults: readonly Address[]) {
    const shown = (block: Block) => ({ slot: block.slot, vaults: vaults.map((vault) => snapshot(block).vaults.get(vault)) });
    return this.#saw(await this.#confirmed('vaults', shown));
  }

  dryRun(batch: BatchInstruction): Promise<DryRunFailure | undefined> {
    const { epoch: leaderEpoch, nonce: leaderNonce } = this.#o.leader();
    const instruction = { kind: 'batch', batch: { ...batch, leaderEpoch, leaderNonce } } as const;
    return this.#confirmed(`dry run of batch ${batch.batchNumber}`, (block) => {
      const reason = this.#o.chain.dryRun(instruction, block);
      if (reason === undefined) return undefined;
      const { code } = PROGRAM_ERRORS[reason as ProgramErrorName];
      return { reason, scope: scopeOfFailure({ InstructionError: [1, { Custom: code }] }) };
    });
  }

  async finalizedHouse(): Promise<FinalizedHouse> {
    const height = await this.#call('getEpochInfo', (lag) => this.#o.chain.at('finalized', lag));
    const house = await this.#call('house', (lag) => {
      const block = this.#o.chain.at('finalized', lag);
      if (block.slot < height.slot) throw unreachable('house');
      return block.state.house;
    });
    const { lastBatch, lastBlobHash, lastTransfer, leaderEpoch: epoch, leaderNonce: nonce } = house;
    return { blockHeight: height.height, lastBatch, lastBlobHash, lastTransfer, leader: { epoch, nonce } };
  }

  verifyingKeys(ids: readonly number[]) {
    return this.#call('verifying keys', (lag) => ({
      slot: this.#o.chain.at('finalized', lag).slot,
      keys: new Map(ids.map((id) => [id, { activeFromSlot: 0n, retiredFromSlot: FOREVER }])),
    }));
  }

  /** The finalized house. */
  house(): Promise<HouseView> {
    return this.#call('house', (lag) => houseView(this.#o.chain.at('finalized', lag)));
  }

  /** Both looks; each may come from another node. */
  async view(nowMs: () => number): Promise<ChainView> {
    const look = (commitment: ModelCommitment): Promise<ChainSnapshot> =>
      this.#call('getProgramAccounts', (lag) => snapshot(this.#o.chain.at(commitment, lag)));
    const [finalized, confirmed] = await Promise.all([look('finalized'), look('confirmed')]);
    return { observedAtMs: nowMs(), finalized, confirmed };
  }
}

function unreachable(name: string): CasinoError {
  return new CasinoError('CHAIN_UNREACHABLE', `the chain does not answer: ${name}`);
}

/** The model knows no challenges, and its house takes nothing out. */
const UNCHALLENGED = { challengeBet: 0n, challengeSlot: 0n };
const KEPT = { reserved: 0n, requestAmount: 0n, requestSlot: 0n };
const PUBLISHED = { authority: HOUSE, mint: HOUSE, changeDelaySlots: 0n, vaults: 0n, overdue: 0n, pending: [] };

function houseView({ state }: Block): HouseView {
  const { escrow: _, ...house } = state.house;
  const shown = { address: HOUSE, settler: HOUSE, receiptKey: HOUSE, published: PUBLISHED, currentTerms: 1, paused: false };
  return { ...shown, ...KEPT, ...house };
}

export function snapshot(block: Block): ChainSnapshot {
  const vaults = [...block.state.vaults].map(([address, vault]): [Address, VaultView] => [
    address,
    { ...vault, ...UNCHALLENGED },
  ]);
  return { slot: block.slot, house: houseView(block), vaults: new Map(vaults) };
}

/** The proof of a public input, as the model of the program takes it. */
export const proofOf = (input: bigint): Uint8Array => {
  const proof = new Uint8Array(128);
  proof.set(fieldToBytes(input));
  return proof;
};
