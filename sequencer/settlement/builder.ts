import type { Address } from '@solana/kit';
import { circuitInfo } from '../../circuits/artifacts.ts';
import { outcomeBytes } from '../../program/client/index.ts';
import type { BatchStatement } from '../../protocol/batch.ts';
import { blobHashOf, encodeBlob } from '../../protocol/blob.ts';
import { compareBytes } from '../../protocol/bytes.ts';
import { fieldFromBytes } from '../../protocol/field.ts';
import type { VaultBook } from '../admission/book.ts';
import type { TermsBook } from '../admission/seeds.ts';
import type { BlobStore } from '../blobs/store.ts';
import { CasinoError, messageOf } from '../errors.ts';
import { addressBytes, addressOf } from '../ledger/addresses.ts';
import type { LedgerReader } from '../ledger/reader.ts';
import type { BatchRecord, VaultRecord } from '../ledger/records.ts';
import type { UnfinishedBatches } from './batches.ts';
import { deadlineOf } from './deadlines.ts';
import type { PacketLimit } from './packet-limit.ts';
import {
  type BatchPlan,
  type BatchSize,
  blobOf,
  type ImpossibleRun,
  type PlannedRun,
  planBatch,
  statementRuns,
  type WaitingVault,
} from './planner.ts';

/** Vaults looked at for one batch: more wait for the next. */
const MAX_VAULTS_CONSIDERED = 64;
/** Every so many places one is the longest waiting vault's: deadlines, which bettors set, must not keep a loser's bets from settling. */
const PLACES_PER_PATIENT = 4;

/** Builds batches from what the ledger holds durably and the chain shows. */
export class BatchBuilder {
  readonly #read: LedgerReader;
  readonly #book: VaultBook;
  readonly #terms: TermsBook;
  readonly #blobs: Pick<BlobStore, 'put' | 'get'>;
  readonly #sizes: readonly BatchSize[];
  readonly #packet: PacketLimit;
  readonly #domain: bigint;
  readonly #house: Uint8Array;

  constructor(options: {
    read: LedgerReader;
    book: VaultBook;
    terms: TermsBook;
    blobs: Pick<BlobStore, 'put' | 'get'>;
    sizes: readonly BatchSize[];
    packet: PacketLimit;
    domain: bigint;
    house: Uint8Array;
  }) {
    this.#read = options.read;
    this.#book = options.book;
    this.#terms = options.terms;
    this.#blobs = options.blobs;
    this.#sizes = options.sizes;
    this.#packet = options.packet;
    this.#domain = options.domain;
    this.#house = options.house;
  }

  get sizes(): readonly BatchSize[] {
    return this.#sizes;
  }

  /** Bets in no batch, and since when the oldest of them waits; undefined if none does. */
  backlog(): { bets: number; sinceMs: number } | undefined {
    const oldest = this.#read.waitingVaults(1)[0];
    return oldest && { bets: this.#read.waitingBets(), sinceMs: oldest.waitingSinceMs };
  }

  /**
   * The next batch in one of these sizes, its blob stored and read back; no batch if nothing can be batched now. `only` leaves all other
   * vaults out, and takes one that is in quarantine. `impossible` lists what no batch can hold.
   */
  build(input: {
    unfinished: UnfinishedBatches;
    sizes: readonly BatchSize[];
    nowMs: number;
    only?: readonly Address[] | undefined;
  }): { batch: BatchRecord | undefined; impossible: ImpossibleRun[] } {
    const { unfinished, sizes, nowMs, only } = input;
    const { plan, impossible } = planBatch(this.#waiting(unfinished, only), sizes, (batch) => this.#packet.fits(batch));
    if (plan && plan.crowded.length > 0) this.#packet.crowded(plan.crowded);
    return { batch: plan && this.#batchOf(plan, nowMs), impossible };
  }

  #batchOf(plan: BatchPlan, nowMs: number): BatchRecord {
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

  /**
   * The blob of a batch, as it was stored; one that is gone or damaged since is made anew from the ledger and stored again. `BLOB_CORRUPT`
   * if that gives another one than the batch's.
   */
  blobBytes(batch: BatchRecord): Uint8Array {
    try {
      return this.#blobs.get(batch.blobHash);
    } catch (error) {
      const runs = this.#withBets(batch);
      const bytes = encodeBlob(this.#blob({ batchNumber: batch.batchNumber, termsId: batch.termsId, runs }));
      if (compareBytes(blobHashOf(bytes), batch.blobHash) !== 0) {
        const message = `the blob of batch ${batch.batchNumber} is lost, and the ledger gives another: ${messageOf(error)}`;
        throw new CasinoError('BLOB_CORRUPT', message, { cause: error });
      }
      this.#blobs.put(bytes);
      return bytes;
    }
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
    // A batch that an earlier start proved may be of a circuit that is not loaded now.
    const size = this.#sizes.find(({ name }) => name === batch.size) ?? circuitInfo(batch.size);
    return size.maxBets;
  }

  #waiting(unfinished: UnfinishedBatches, only: readonly Address[] | undefined): WaitingVault[] {
    if (!this.#book.view) return [];
    const maxBets = Math.max(...this.#sizes.map((size) => size.maxBets));
    const records = only ? this.#recordsOf(only) : this.#mostUrgent();
    return records.flatMap((record) => {
      const state = this.#book.byAddress(addressOf(record.vault));
      if (!state || state.finalized.frozen || state.confirmed.frozen) return [];
      const first = record.batchedThrough + 1n;
      const bets = this.#read.bets(record.vault, { first, last: first + BigInt(maxBets) - 1n });
      const inFlight = unfinished.runsOf(record.vault, state.finalized.lastBet);
      return [{ record, bets, finalized: state.finalized, confirmed: state.confirmed, inFlight, lastAdmitted: state.lastBet }];
    });
  }

  /** Vaults that wait: three with the earliest deadlines, then the longest waiting, and so on; the longest waiting once no deadline is left. */
  #mostUrgent(): VaultRecord[] {
    const patient = this.#read.waitingVaults(MAX_VAULTS_CONSIDERED).map(({ record }) => record);
    const chosen = new Map<string, VaultRecord>();
    const take = (records: Iterator<VaultRecord>): boolean => {
      for (let next = records.next(); !next.done; next = records.next()) {
        const address = addressOf(next.value.vault);
        if (chosen.has(address)) continue;
        chosen.set(address, next.value);
        return true;
      }
      return false;
    };
    const [pressing, waiting] = [this.#pressing(), patient.values()];
    while (chosen.size < MAX_VAULTS_CONSIDERED) {
      const isPatients = chosen.size % PLACES_PER_PATIENT === PLACES_PER_PATIENT - 1;
      const [first, second] = isPatients ? [waiting, pressing] : [pressing, waiting];
      if (!take(first) && !take(second)) break;
    }
    return [...chosen.values()];
  }

  /** Vaults that wait and have a deadline, the earliest first. */
  *#pressing(): Generator<VaultRecord, undefined> {
    const { view } = this.#book;
    const chain = { exitDelaySlots: view?.finalized.house.exitDelaySlots ?? 0n, slot: view?.confirmed.slot ?? 0n };
    const pressing: { address: Address; deadline: bigint }[] = [];
    for (const vault of this.#book.all()) {
      const deadline = vault.quarantine ? undefined : deadlineOf(vault, chain);
      if (deadline !== undefined) pressing.push({ address: vault.address, deadline });
    }
    pressing.sort((a, b) => (a.deadline < b.deadline ? -1 : a.deadline > b.deadline ? 1 : 0));
    // One whose bets are all in batches takes no other's place.
    for (const { address } of pressing) yield* this.#recordsOf([address]);
  }

  /** What the ledger knows of those of these vaults that wait. */
  #recordsOf(vaults: readonly Address[]): VaultRecord[] {
    return vaults.flatMap((vault) => {
      const record = this.#read.vault(addressBytes(vault));
      return record && record.batchedThrough < record.lastBet ? [record] : [];
    });
  }

  /** Whether one of these vaults has bets that are in no batch. */
  waits(vaults: readonly Address[]): boolean {
    return this.#recordsOf(vaults).length > 0;
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
        if (firstBet === 1n) return this.#stateOf(vault).accountId;
        const before = this.#read.bet(vault, firstBet - 1n);
        if (!before) throw new CasinoError('LEDGER_FAILED', `bet ${firstBet - 1n} of ${addressOf(vault)} is not in the ledger`);
        return fieldFromBytes(before.head);
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
