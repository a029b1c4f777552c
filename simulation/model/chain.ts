import type { Random } from '../random.ts';
import type { ModelEvent, ModelInstruction } from './instructions.ts';
import { execute, type ModelConfig } from './program.ts';
import { imbalance, type ModelState } from './state.ts';

/** Blocks behind the newest one until a block is confirmed, and finalized. A cluster's 32 would only make runs longer. */
const CONFIRM_DEPTH = 2;
const FINALIZE_DEPTH = 12;
/** Blocks for which a blockhash can be used; a cluster has 150. */
export const MAX_BLOCKHASH_AGE = 40;
/** Share of a dropped block's transactions that the next leaders know and take up again. */
const REMEMBERED_SHARE = 0.5;

export type ModelCommitment = 'processed' | 'confirmed' | 'finalized';

/** A signed transaction: its bytes name one instruction, one blockhash, and so one signature. */
export interface ModelTransaction {
  signature: string;
  instruction: ModelInstruction;
  /** Block whose hash it carries, and the last height at which that counts. */
  blockhash: string;
  lastValidBlockHeight: bigint;
}

interface Landed {
  transaction: ModelTransaction;
  failure: string | undefined;
  events: ModelEvent[];
}

export interface Block {
  slot: bigint;
  height: bigint;
  hash: string;
  state: ModelState;
  landed: Landed[];
}

/**
 * A chain of slots around the model of the program: transactions travel, may land late, twice sent or never, and forks take blocks
 * back that are not finalized.
 */
export class ModelChain {
  readonly #config: ModelConfig;
  readonly #random: Random;
  readonly #trace: (text: string) => void;
  readonly #blocks: Block[];
  #finalized = 0;
  #slot: bigint;
  #travelling: { transaction: ModelTransaction; inSlots: number }[] = [];
  readonly #landed = new Map<string, { index: number; landed: Landed }>();
  /** How often a fork has taken blocks back. */
  forks = 0;

  constructor(options: { genesis: ModelState; config: ModelConfig; random: Random; trace(text: string): void }) {
    this.#config = options.config;
    this.#random = options.random;
    this.#trace = options.trace;
    this.#slot = 1_000n;
    this.#blocks = [{ slot: this.#slot, height: 900n, hash: 'b900', state: options.genesis, landed: [] }];
  }

  /** A node's block at a commitment, if the node is so many blocks behind. */
  at(commitment: ModelCommitment, lagBlocks = 0): Block {
    return this.#blocks[this.#index(commitment, lagBlocks)] as Block;
  }

  #index(commitment: ModelCommitment, lagBlocks: number): number {
    const tip = Math.max(0, this.#blocks.length - 1 - lagBlocks);
    if (commitment === 'processed') return tip;
    const depth = commitment === 'confirmed' ? CONFIRM_DEPTH : FINALIZE_DEPTH;
    return Math.max(0, Math.min(tip, Math.max(tip - depth, this.#finalized - lagBlocks)));
  }

  /** What a node knows of a signature. */
  status(signature: string, lagBlocks = 0): { commitment: ModelCommitment; landed: Landed } | undefined {
    const found = this.#landed.get(signature);
    if (!found || found.index > this.#index('processed', lagBlocks)) return undefined;
    const commitment = (['finalized', 'confirmed'] as const).find((one) => found.index <= this.#index(one, lagBlocks));
    return { commitment: commitment ?? 'processed', landed: found.landed };
  }

  /** Transactions that landed up to a commitment, oldest first, failed ones included. */
  *history(commitment: ModelCommitment, lagBlocks = 0): Generator<Landed> {
    const last = this.#index(commitment, lagBlocks);
    for (let index = 0; index <= last; index += 1) yield* (this.#blocks[index] as Block).landed;
  }

  /** Hands a transaction to the network; it reaches a leader after so many slots. */
  submit(transaction: ModelTransaction, inSlots = 0): void {
    this.#travelling.push({ transaction, inSlots });
  }

  /** What an instruction would fail with on top of a block; undefined if it would land. */
  dryRun(instruction: ModelInstruction, { state, slot }: Block): string | undefined {
    return execute(state, { instruction, slot, config: this.#config }).failure;
  }

  /** The next slot with a block in it. Throws if the program's books do not balance after a transaction. */
  produce(): void {
    const parent = this.#blocks.at(-1) as Block;
    this.#slot += 1n;
    const height = parent.height + 1n;
    const block: Block = { slot: this.#slot, height, hash: `b${height}/${this.forks}`, state: parent.state, landed: [] };
    const index = this.#blocks.push(block) - 1;
    const due = this.#travelling.filter(({ inSlots }) => inSlots <= 0);
    this.#travelling = this.#travelling.filter(({ inSlots }) => inSlots > 0);
    for (const one of this.#travelling) one.inSlots -= 1;
    while (due.length > 0) {
      const [next] = due.splice(this.#random.between(0, due.length - 1), 1);
      if (next) this.#land(block, index, next.transaction);
    }
    this.#finalized = Math.max(this.#finalized, index - FINALIZE_DEPTH);
  }

  #land(block: Block, index: number, transaction: ModelTransaction): void {
    const { signature, instruction } = transaction;
    if (this.#landed.has(signature) || !this.#isFresh(block, transaction)) return;
    const outcome = execute(block.state, { instruction, slot: block.slot, config: this.#config });
    if (outcome.failure === undefined) block.state = outcome.state;
    const landed: Landed = { transaction, failure: outcome.failure, events: outcome.failure === undefined ? outcome.events : [] };
    block.landed.push(landed);
    this.#landed.set(signature, { index, landed });
    this.#trace(`chain: ${signature} lands in slot ${block.slot}${outcome.failure ? `, failing with ${outcome.failure}` : ''}`);
    const wrong = imbalance(block.state);
    if (wrong) throw new Error(`after ${signature}: ${wrong}`);
  }

  /** Whether the transaction's blockhash is one of this fork's recent ones. */
  #isFresh(block: Block, { blockhash, lastValidBlockHeight }: ModelTransaction): boolean {
    if (block.height > lastValidBlockHeight) return false;
    return this.#blocks.slice(-2 - MAX_BLOCKHASH_AGE).some(({ hash }) => hash === blockhash);
  }

  /** Takes up to so many blocks back that are not finalized; some of their transactions travel again. */
  fork(depth: number): void {
    const keep = Math.max(this.#finalized + 1, this.#blocks.length - depth);
    const dropped = this.#blocks.splice(keep);
    this.forks += 1;
    for (const { landed } of dropped) {
      for (const { transaction } of landed) {
        this.#landed.delete(transaction.signature);
        if (this.#random.chance(REMEMBERED_SHARE)) this.submit(transaction, this.#random.between(0, 6));
      }
    }
    this.#trace(`chain: a fork takes ${dropped.length} blocks back`);
  }
}
