import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { CasinoError, messageOf } from '../errors.ts';
import type { BatchRecord } from '../ledger/records.ts';
import type { BatchProver } from './batch-prover.ts';
import type { UnfinishedBatches } from './batches.ts';
import type { BatchBuilder } from './builder.ts';
import type { Rejection } from './rejections.ts';

/** Attempts at one batch's proof that fail in a row before it is reported. */
const FAILURES_TO_REPORT = 4;
/** Weight of what was measured before, when another proof is done. */
const RATE_MEMORY = 0.8;

export interface ProvingOptions {
  unfinished: UnfinishedBatches;
  builder: BatchBuilder;
  /** Those whose keys are loaded; more may come. */
  provers: readonly BatchProver[];
  /** Most batches that are proven at a time. */
  parallelProofs: number;
  clock: Clock;
  log: Logger;
  reject(rejection: Rejection): Promise<void>;
  pause(failures: number): Promise<void>;
}

/** Proves batches, several at a time and in whatever order they are done; the chain gets them in theirs. */
export class Proving {
  readonly #o: ProvingOptions;
  readonly #jobs = new Map<BatchRecord, { done: Promise<void>; abort: AbortController }>();
  readonly #failing = new Map<BatchRecord, string>();
  /** Sums over the last proofs, older ones weighing less. */
  #rate = { bets: 0, ms: 0 };
  #lastDoneMs = Number.NEGATIVE_INFINITY;

  constructor(options: ProvingOptions) {
    this.#o = options;
  }

  /** Why proofs have been failing for a while, or undefined. */
  get problem(): string | undefined {
    return [...this.#failing.values()][0];
  }

  /** Bets a second that proving has sustained of late; undefined before the first proof. */
  get betsPerSecond(): number | undefined {
    return this.#rate.ms > 0 ? (1_000 * this.#rate.bets) / this.#rate.ms : undefined;
  }

  /** Starts what can be started, and ends what is not wanted any more. True if it did something. */
  step(): boolean {
    const { unfinished, provers, parallelProofs } = this.#o;
    for (const [batch, { abort }] of this.#jobs) if (!unfinished.has(batch)) abort.abort(new Error('the batch was taken back'));
    let started = false;
    for (const batch of unfinished.all) {
      if (this.#jobs.size >= parallelProofs) break;
      if ((batch.state !== 'Pending' && batch.state !== 'Proving') || this.#jobs.has(batch)) continue;
      const prover = provers.find(({ circuit }) => circuit.name === batch.size);
      if (!prover) continue;
      this.#start(batch, prover);
      started = true;
    }
    return started;
  }

  /** Ends all that is under way. */
  async stop(): Promise<void> {
    const jobs = [...this.#jobs.values()];
    for (const { abort } of jobs) abort.abort(new Error('the service stops'));
    await Promise.all(jobs.map(({ done }) => done));
  }

  #start(batch: BatchRecord, prover: BatchProver): void {
    const abort = new AbortController();
    const done = this.#run(batch, prover, abort.signal)
      .catch((error: unknown) => {
        if (!abort.signal.aborted) this.#o.log.warn({ reason: messageOf(error) }, 'a proof was given up, trying again');
      })
      .finally(() => {
        this.#jobs.delete(batch);
        this.#failing.delete(batch);
      });
    this.#jobs.set(batch, { done, abort });
  }

  async #run(batch: BatchRecord, prover: BatchProver, signal: AbortSignal): Promise<void> {
    const { unfinished, log } = this.#o;
    if (batch.state === 'Pending') await unfinished.move(batch, { to: 'Proving', reason: `with the ${batch.size} circuit` });
    for (let failures = 1; unfinished.has(batch) && !signal.aborted; failures += 1) {
      try {
        return await this.#prove(batch, prover, signal);
      } catch (error) {
        if (signal.aborted || !unfinished.has(batch)) return;
        if (error instanceof CasinoError && error.code === 'SETTLEMENT_REJECTED') {
          return this.#o.reject({ batch, reason: error.message, by: 'prover' });
        }
        const reason = messageOf(error);
        log.warn({ batch: batch.batchNumber.toString(), failures, reason }, 'a proof failed, trying again');
        if (failures >= FAILURES_TO_REPORT) this.#failing.set(batch, `proving keeps failing: ${reason}`);
        await this.#o.pause(failures);
      }
    }
  }

  async #prove(batch: BatchRecord, prover: BatchProver, signal: AbortSignal): Promise<void> {
    const { unfinished, builder, clock } = this.#o;
    const proof = await prover.prove(builder.statement(batch), signal);
    // Taken back meanwhile: what was proven is of no use.
    if (!unfinished.has(batch)) return;
    const proveMs = proof.witnessMs + proof.proveMs;
    const nowMs = clock.nowMs();
    // Proofs that overlap share the machine: none counts for longer than since the one before was done.
    const ms = Math.max(1, Math.min(proveMs, nowMs - this.#lastDoneMs));
    this.#lastDoneMs = nowMs;
    this.#rate = { bets: RATE_MEMORY * this.#rate.bets + batch.betCount, ms: RATE_MEMORY * this.#rate.ms + ms };
    const reason = `witness ${proof.witnessMs} ms, proof ${proof.proveMs} ms`;
    await unfinished.move(batch, { to: 'Proved', reason, progress: { proof: proof.compressed, proveMs } });
  }
}
