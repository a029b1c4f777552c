import { outcomeBytes } from '../../program/client/index.ts';
import type { BatchStatement } from '../../protocol/batch.ts';
import { encodeBlob } from '../../protocol/blob.ts';
import { fieldFromBytes } from '../../protocol/field.ts';
import type { VaultBook } from '../admission/book.ts';
import type { TermsBook } from '../admission/seeds.ts';
import type { BlobStore } from '../blobs/store.ts';
import { CasinoError } from '../errors.ts';
import { addressOf } from '../ledger/addresses.ts';
import type { LedgerReader } from '../ledger/reader.ts';
import type { BatchRecord } from '../ledger/records.ts';
import type { BatchProver } from './batch-prover.ts';
import type { UnfinishedBatches } from './batches.ts';
import { type BatchSize, blobOf, type PlannedRun, planBatch, statementRuns, type WaitingVault } from './planner.ts';

/** Vaults looked at for one batch: more wait for the next. */
const MAX_VAULTS_CONSIDERED = 64;

/** Builds batches from what the ledger holds durably and the chain shows. */
export class BatchBuilder {
  readonly #read: LedgerReader;
  readonly #book: VaultBook;
  readonly #terms: TermsBook;
  readonly #blobs: Pick<BlobStore, 'put'>;
  readonly #sizes: readonly BatchSize[];
  readonly #domain: bigint;
  readonly #house: Uint8Array;

  constructor(options: {
    read: LedgerReader;
    book: VaultBook;
    terms: TermsBook;
    blobs: Pick<BlobStore, 'put'>;
    sizes: readonly BatchSize[];
    domain: bigint;
    house: Uint8Array;
  }) {
    this.#read = options.read;
    this.#book = options.book;
    this.#terms = options.terms;
    this.#blobs = options.blobs;
    this.#sizes = options.sizes;
    this.#domain = options.domain;
    this.#house = options.house;
  }

  /** Bets in no batch, and since when the oldest of them waits; undefined if none does. */
  backlog(): { bets: number; sinceMs: number } | undefined {
    const oldest = this.#read.waitingVaults(1)[0];
    return oldest && { bets: this.#read.waitingBets(), sinceMs: oldest.waitingSinceMs };
  }

  /** The next batch, its blob stored and read back; undefined if nothing can be batched now. Only sizes with a prover are used. */
  build(input: { unfinished: UnfinishedBatches; provers: readonly BatchProver[]; nowMs: number }): BatchRecord | undefined {
    const { unfinished, provers, nowMs } = input;
    const sizes = this.#sizes.filter(({ name }) => provers.some(({ circuit }) => circuit.name === name));
    const plan = planBatch(this.#waiting(unfinished), sizes);
    if (!plan) return undefined;
    const batchNumber = this.#read.lastBatchNumber() + 1n;
    const outcomes = plan.runs.flatMap(({ bets }) => bets.map((bet) => bet.outcome));
    const blobHash = this.#blobs.put(encodeBlob(this.#blob({ batchNumber, termsId: plan.termsId, runs: plan.runs })));
    return {
      batchNumber,
      state: 'Pending',
      termsId: plan.termsId,
      vkId: plan.size.vkId,
      size: plan.size.name,
      betCount: outcomes.length,
      blobHash,
      outcomes: outcomeBytes(outcomes, outcomes.length),
      attempt: 0,
      createdAtMs: nowMs,
      updatedAtMs: nowMs,
      runs: plan.runs.map(({ run }) => run),
    };
  }

  /** What the proof of a batch is about. */
  statement(batch: BatchRecord): BatchStatement {
    const terms = this.#termsOf(batch.termsId);
    const { batchNumber, termsId, blobHash } = batch;
    const runs = this.#statementRuns(this.#withBets(batch));
    return { batchNumber, termsId, profitBps: terms.profitBps, blobHash, k: terms.k, runs };
  }

  /** Capacity of a batch's circuit, in bets. */
  maxBets(batch: BatchRecord): number {
    const size = this.#sizes.find(({ name }) => name === batch.size);
    if (!size) throw new CasinoError('PROVER_FAILED', `there is no circuit of size ${batch.size}`);
    return size.maxBets;
  }

  #waiting(unfinished: UnfinishedBatches): WaitingVault[] {
    const view = this.#book.view;
    if (!view) return [];
    const maxBets = Math.max(...this.#sizes.map((size) => size.maxBets));
    return this.#read.waitingVaults(MAX_VAULTS_CONSIDERED).flatMap(({ record }) => {
      const state = this.#book.byAddress(addressOf(record.vault));
      if (!state || state.finalized.frozen || state.confirmed.frozen) return [];
      const first = record.batchedThrough + 1n;
      const bets = this.#read.bets(record.vault, { first, last: first + BigInt(maxBets) - 1n });
      const inFlight = unfinished.runsOf(record.vault, state.finalized.lastBet);
      return [{ record, bets, finalized: state.finalized, confirmed: state.confirmed, inFlight, lastAdmitted: state.lastBet }];
    });
  }

  #withBets(batch: BatchRecord): PlannedRun[] {
    return batch.runs.map((run) => {
      const range = { first: run.firstBet, last: run.firstBet + BigInt(run.betCount) - 1n };
      const bets = this.#read.bets(run.vault, range);
      if (bets.length !== run.betCount)
        throw new CasinoError('LEDGER_FAILED', `batch ${batch.batchNumber} names bets that are not in the ledger`);
      return { run, bets };
    });
  }

  #statementRuns(runs: readonly PlannedRun[]) {
    return statementRuns({
      runs,
      accountId: (vault) => this.#stateOf(vault).accountId,
      headBefore: (vault, firstBet) => {
        const before = firstBet === 1n ? undefined : this.#read.bet(vault, firstBet - 1n);
        return before ? fieldFromBytes(before.head) : this.#stateOf(vault).accountId;
      },
    });
  }

  #blob(batch: { batchNumber: bigint; termsId: number; runs: readonly PlannedRun[] }) {
    const { profitBps, vrfCommitment } = this.#termsOf(batch.termsId);
    const { batchNumber, termsId, runs: planned } = batch;
    const header = { domain: this.#domain, house: this.#house, batchNumber, termsId, profitBps, vrfCommitment };
    return blobOf({ header, planned, runs: this.#statementRuns(planned) });
  }

  #stateOf(vault: Uint8Array) {
    const state = this.#book.byAddress(addressOf(vault));
    if (!state) throw new CasinoError('CHAIN_MISMATCH', `vault ${addressOf(vault)} is not on chain`);
    return state;
  }

  #termsOf(termsId: number) {
    const terms = this.#terms.get(termsId);
    if (!terms) throw new CasinoError('CHAIN_MISMATCH', `the secret of terms ${termsId} is missing`);
    return terms;
  }
}
