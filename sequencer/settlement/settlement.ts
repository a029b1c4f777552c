import type { Logger } from 'pino';
import type { VaultBook } from '../admission/book.ts';
import { CasinoError, messageOf } from '../errors.ts';
import type { LedgerPort } from '../ledger/ledger.ts';
import type { BatchRecord } from '../ledger/records.ts';
import type { BatchProver } from './batch-prover.ts';
import type { UnfinishedBatches } from './batches.ts';
import type { BatchBuilder } from './builder.ts';
import { Submitter, type SubmitterOptions } from './submitter.ts';
import { TransferSettler } from './transfers.ts';

/** Proved batches that may wait for the chain before no more are built. */
const MAX_PROVED_AHEAD = 4;
/** A batch that the chain rejects this often in a row is held as Failed. */
const MAX_REJECTIONS = 5;
/** A loop that fails this often in a row is reported. */
const FAILURES_TO_REPORT = 4;
const FIRST_RETRY_MS = 250;
const MAX_RETRY_MS = 30_000;

export interface SettlementOptions extends Omit<SubmitterOptions, 'pause'> {
  unfinished: UnfinishedBatches;
  builder: BatchBuilder;
  book: VaultBook;
  ledger: LedgerPort;
  /** Those whose keys are loaded; more may come. */
  provers: readonly BatchProver[];
  /** A batch is built when its oldest bet has waited this long ... */
  batchWaitMs: number;
  /** ... or when this many bets wait. */
  batchThreshold: number;
  pollMs: number;
  log: Logger;
}

/**
 * From acknowledged bets to finalized batches: one loop builds and proves, one submits in order, one watches for finality, one pays the
 * requests of vaults that do not bet. Each picks its work by the batches' states and the chain alone, so that a start resumes wherever
 * the last run ended.
 */
export class Settlement {
  readonly #o: SettlementOptions;
  readonly #submitter: Submitter;
  readonly #transfers: TransferSettler;
  readonly #stopping = new AbortController();
  #loops: Promise<void>[] = [];
  #rejections = 0;
  /** Why a loop has been failing for a while, by its name. */
  readonly #failing = new Map<string, string>();
  #betsPerSecond: number | undefined;

  constructor(options: SettlementOptions) {
    this.#o = options;
    this.#transfers = new TransferSettler(options);
    this.#submitter = new Submitter({ ...options, pause: () => this.#sleep(options.pollMs) });
  }

  /** What holds settlement up, or undefined. */
  get problem(): string | undefined {
    const failed = this.#o.unfinished.first('Failed');
    if (failed) return `batch ${failed.batchNumber} could not be settled and is held; its bets are still owed`;
    return [...this.#failing.values()][0];
  }

  /** Bets a second that proving has sustained of late; undefined before the first proof. */
  get betsPerSecond(): number | undefined {
    return this.#betsPerSecond;
  }

  start(): void {
    this.#loops = [
      this.#loop('building', () => this.#buildAndProve()),
      this.#loop('submitting', () => this.#submitNext()),
      this.#loop('finalizing', () => this.#finalizeNext()),
      this.#loop('paying', () => this.#transfers.step()),
    ];
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#loops);
  }

  async #buildAndProve(): Promise<boolean> {
    const { unfinished, builder, provers } = this.#o;
    const resumed = unfinished.first('Pending', 'Proving');
    if (resumed) return this.#prove(resumed);
    const failed = unfinished.first('Failed');
    if (failed) return this.#retryFailed(failed);
    const waiting = unfinished.all.filter(({ state }) => state === 'Proved' || state === 'Submitted').length;
    if (waiting >= MAX_PROVED_AHEAD || !this.#isDue()) return false;
    await unfinished.steady();
    const batch = builder.build({ unfinished, provers, nowMs: this.#o.clock.nowMs() });
    if (!batch) return false;
    await unfinished.add(batch);
    return this.#prove(batch);
  }

  /** A start tries a batch that an earlier run gave up on once more, when nothing of it can land. */
  async #retryFailed(batch: BatchRecord): Promise<boolean> {
    if (this.#rejections > 0) return false;
    if (batch.transaction && !(await this.#submitter.canNeverLand(batch))) return false;
    await this.#o.unfinished.withdrawFrom(batch, 'tried again after a start');
    return true;
  }

  #isDue(): boolean {
    const backlog = this.#o.builder.backlog();
    if (!backlog) return false;
    return backlog.bets >= this.#o.batchThreshold || this.#o.clock.nowMs() - backlog.sinceMs >= this.#o.batchWaitMs;
  }

  async #prove(batch: BatchRecord): Promise<boolean> {
    const { unfinished, builder, provers } = this.#o;
    const prover = provers.find(({ circuit }) => circuit.name === batch.size);
    if (!prover) return false;
    if (batch.state === 'Pending' && unfinished.has(batch))
      await unfinished.move(batch, { to: 'Proving', reason: `with the ${batch.size} circuit` });
    if (!unfinished.has(batch)) return true;
    try {
      const proof = await prover.prove(builder.statement(batch), this.#stopping.signal);
      if (!unfinished.has(batch)) return true;
      const totalMs = proof.witnessMs + proof.proveMs;
      const progress = { proof: proof.compressed, proveMs: totalMs };
      await unfinished.move(batch, {
        to: 'Proved',
        reason: `witness ${proof.witnessMs} ms, proof ${proof.proveMs} ms`,
        progress,
      });
      this.#betsPerSecond = smooth(this.#betsPerSecond, (1_000 * batch.betCount) / totalMs);
    } catch (error) {
      if (!unfinished.has(batch)) return true;
      if (!(error instanceof CasinoError) || error.code !== 'SETTLEMENT_REJECTED') throw error;
      await this.#reject(batch, error);
    }
    return true;
  }

  async #submitNext(): Promise<boolean> {
    const { unfinished } = this.#o;
    const batch = unfinished.first('Pending', 'Proving', 'Proved', 'Submitted', 'Failed');
    if (!batch || (batch.state !== 'Proved' && batch.state !== 'Submitted')) return false;
    try {
      await this.#submitter.settle(batch);
      this.#rejections = 0;
    } catch (error) {
      if (!(error instanceof CasinoError) || error.code !== 'SETTLEMENT_REJECTED') throw error;
      await this.#reject(batch, error);
    }
    return true;
  }

  async #finalizeNext(): Promise<boolean> {
    const batch = this.#o.unfinished.all[0];
    return batch?.state === 'Confirmed' && (await this.#submitter.finalize(batch));
  }

  /** A rejected batch is taken back and built anew from the chain's state; one that keeps being rejected is held as Failed. */
  async #reject(batch: BatchRecord, error: CasinoError): Promise<void> {
    const { unfinished, log } = this.#o;
    this.#rejections += 1;
    log.error({ batch: batch.batchNumber.toString(), rejections: this.#rejections, reason: error.message }, 'batch rejected');
    if (this.#rejections >= MAX_REJECTIONS) {
      await unfinished.move(batch, { to: 'Failed', reason: error.message });
      return;
    }
    await unfinished.withdrawFrom(batch, error.message);
    await this.#sleep(this.#backoffMs(this.#rejections));
  }

  /** Repeats a step until the service stops. A step that did nothing is followed by a pause, one that failed by a longer one. */
  async #loop(name: string, step: () => Promise<boolean>): Promise<void> {
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      try {
        const progressed = await step();
        failures = 0;
        this.#failing.delete(name);
        if (!progressed) await this.#sleep(this.#o.pollMs);
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        failures += 1;
        if (failures >= FAILURES_TO_REPORT) this.#failing.set(name, `${name} keeps failing: ${messageOf(error)}`);
        this.#o.log.warn({ loop: name, failures, reason: messageOf(error) }, 'settlement step failed, trying again');
        await this.#sleep(this.#backoffMs(failures)).catch(() => {});
      }
    }
  }

  #sleep(durationMs: number): Promise<void> {
    return this.#o.clock.sleep(durationMs, this.#stopping.signal);
  }

  /** Exponential backoff with full jitter on its upper half. */
  #backoffMs(failures: number): number {
    const ceiling = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1));
    return ceiling / 2 + (this.#o.clock.random() * ceiling) / 2;
  }
}

/** Exponential moving average. */
function smooth(before: number | undefined, sample: number): number {
  return before === undefined ? sample : 0.8 * before + 0.2 * sample;
}
