import type { Address } from '@solana/kit';
import type { Logger } from 'pino';
import type { VaultBook } from '../admission/book.ts';
import { backoffMs } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import { CasinoError, messageOf } from '../errors.ts';
import { addressOf } from '../ledger/addresses.ts';
import type { LedgerPort } from '../ledger/ledger.ts';
import type { BatchState } from '../ledger/records.ts';
import type { BatchProver } from './batch-prover.ts';
import type { UnfinishedBatches } from './batches.ts';
import type { BatchBuilder } from './builder.ts';
import type { SettlementChain } from './chain-port.ts';
import type { ImpossibleRun } from './planner.ts';
import { Proving } from './proving.ts';
import type { BlobPublisher } from './publisher.ts';
import { Quarantine } from './quarantine.ts';
import { Rejections } from './rejections.ts';
import { BatchRejected, Submitter } from './submitter.ts';
import { TransferSettler } from './transfers.ts';
import { Trials } from './trials.ts';
import { VerifyingKeys } from './verifying-keys.ts';
import { batchOfVoidedVault } from './voided.ts';

/** Proved batches that may wait for the chain before no more are built. */
const MAX_PROVED_AHEAD = 4;
/** Looks for a batch of vaults under trial before they are let go: what can not be planned must not hold the others up. */
const MAX_IDLE_TRIALS = 50;
/** A loop that fails this often in a row is reported. */
const FAILURES_TO_REPORT = 4;
const FIRST_RETRY_MS = 250;
const MAX_RETRY_MS = 30_000;

export interface SettlementOptions {
  chain: SettlementChain;
  unfinished: UnfinishedBatches;
  builder: BatchBuilder;
  publisher: Pick<BlobPublisher, 'follow' | 'isPublished' | 'isDelayed' | 'stop'>;
  book: VaultBook;
  ledger: LedgerPort;
  /** Whether batches are proven; if not, they are built and stay `Pending`. */
  proofs: boolean;
  /** Those whose keys are loaded; more may come. */
  provers: readonly BatchProver[];
  /** Most batches that are proven at a time. */
  parallelProofs: number;
  /** A batch is built when its oldest bet has waited this long ... */
  batchWaitMs: number;
  /** ... or when this many bets wait. */
  batchThreshold: number;
  pollMs: number;
  /** How long a slot takes. */
  slotMs: number;
  clock: Clock;
  log: Logger;
}

/**
 * From acknowledged bets to finalized batches: one loop builds, one has blobs published, one has several batches proven at a time, one submits in
 * order, one watches for finality, one pays the requests of vaults that do not bet, one takes batches back that a forced exit has made impossible. Each picks
 * its work by the batches' states and the chain alone, so that a start resumes wherever the last run ended.
 */
export class Settlement {
  readonly #o: SettlementOptions;
  readonly #submitter: Submitter;
  readonly #transfers: TransferSettler;
  readonly #proving: Proving;
  readonly #quarantine: Quarantine;
  readonly #rejections: Rejections;
  readonly #trials = new Trials();
  readonly #keys: VerifyingKeys;
  readonly #stopping = new AbortController();
  #loops: Promise<void>[] = [];
  #idleTrials = 0;
  /** A held vault had its trial: bets that are due have their turn before the next one's. */
  #isOthersTurn = false;
  /** Why a loop has been failing for a while, by its name. */
  readonly #failing = new Map<string, string>();

  constructor(options: SettlementOptions) {
    this.#o = options;
    const pause = (failures: number) => this.#sleep(failures === 0 ? options.pollMs : this.#backoffMs(failures));
    this.#transfers = new TransferSettler(options);
    this.#submitter = new Submitter({ ...options, pause });
    this.#quarantine = new Quarantine(options);
    const parts = { submitter: this.#submitter, quarantine: this.#quarantine, trials: this.#trials };
    this.#rejections = new Rejections({ ...options, ...parts, pause });
    this.#proving = new Proving({ ...options, reject: (rejection) => this.#rejections.reject(rejection), pause });
    this.#keys = new VerifyingKeys(options);
  }

  /** What holds settlement up, in words. */
  get problems(): string[] {
    const held = this.#quarantine.held.map(
      ({ address, quarantine }) => `bets of vault ${address} from ${quarantine?.firstBet} on are held: ${quarantine?.reason}`,
    );
    const problems = [this.#proving.problem, this.#submitter.problem, ...this.#failing.values()];
    return [...problems.filter((problem) => problem !== undefined), ...held];
  }

  /** Bets a second that proving has sustained of late; undefined before the first proof. */
  get betsPerSecond(): number | undefined {
    return this.#proving.betsPerSecond;
  }

  start(): void {
    this.#loops = [
      this.#loop('building', () => this.#buildNext()),
      this.#loop('publishing', async () => this.#publish()),
      this.#loop('proving', async () => this.#proving.step()),
      this.#loop('submitting', () => this.#submitNext()),
      this.#loop('finalizing', () => this.#finalizeNext()),
      this.#loop('releasing', () => this.#quarantine.release()),
      this.#loop('paying', () => this.#transfers.step()),
      this.#loop('voiding', () => this.#withdrawVoided()),
    ];
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#loops, this.#proving.stop(), this.#o.publisher.stop()]);
  }

  async #buildNext(): Promise<boolean> {
    const { unfinished, builder, parallelProofs, clock } = this.#o;
    if (this.#rejections.busy) return false;
    const only = this.#underTrial();
    // What is under suspicion is tried alone: nothing may be built on it.
    if (only ? unfinished.next !== undefined : !this.#isDue()) return false;
    const count = (...states: BatchState[]) => unfinished.all.filter(({ state }) => states.includes(state)).length;
    // No sooner than it can be proven: while proofs are under way bets gather for a larger batch.
    if (count('Pending', 'Proving') >= parallelProofs || count('Proved', 'Submitted') >= MAX_PROVED_AHEAD) return false;
    const sizes = await this.#usableSizes();
    if (this.#rejections.busy || !unfinished.isSteady) return false;
    const { batch, impossible } = builder.build({ unfinished, sizes, nowMs: clock.nowMs(), only });
    if (impossible.length > 0) {
      await this.#holdImpossible(impossible);
      return true;
    }
    if (!batch) return this.#nothingBuilt(only);
    this.#idleTrials = 0;
    if (!only) this.#isOthersTurn = false;
    // Nothing is awaited between building and adding: what was built on is still what there is.
    await unfinished.add(batch);
    this.#publish();
    return true;
  }

  #publish(): boolean {
    if (!this.#stopping.signal.aborted) this.#o.publisher.follow(this.#o.unfinished.all);
    return false;
  }

  /** The vaults that alone the next batch may hold, if there are such: suspects, or one in quarantine that is due to be tried again. */
  #underTrial(): readonly Address[] | undefined {
    if (this.#trials.current) return this.#trials.current;
    if (this.#isOthersTurn && this.#isDue()) return undefined;
    const due = this.#quarantine.takeDue();
    if (due) {
      this.#trials.narrow([due]);
      this.#isOthersTurn = true;
    }
    return this.#trials.current;
  }

  /** Vaults under trial of which no batch can be built are let go, at once if they do not wait at all. */
  #nothingBuilt(only: readonly Address[] | undefined): boolean {
    if (!only) {
      this.#isOthersTurn = false;
      return false;
    }
    this.#idleTrials += 1;
    if (this.#idleTrials < MAX_IDLE_TRIALS && this.#o.builder.waits(only)) return false;
    this.#idleTrials = 0;
    this.#trials.clear(only);
    return true;
  }

  /** Circuit sizes with a prover, if batches are proven at all, and a verifying key that will stay; `SETTLEMENT_REJECTED` if the chain has none. */
  async #usableSizes() {
    const { builder, proofs, provers, book } = this.#o;
    const exitDelaySlots = book.view?.finalized.house.exitDelaySlots ?? 0n;
    const lasting = await this.#keys.usable(builder.sizes, exitDelaySlots);
    if (lasting.length === 0) {
      throw new CasinoError('SETTLEMENT_REJECTED', 'the house has no verifying key that is active and not about to be retired');
    }
    return proofs ? lasting.filter(({ name }) => provers.some(({ circuit }) => circuit.name === name)) : lasting;
  }

  /** Holds vaults whose next bets can be in no batch, by the finalized chain. */
  async #holdImpossible(impossible: readonly ImpossibleRun[]): Promise<void> {
    const culprits = impossible.map(({ vault, firstBet, reason }) => ({ vault: addressOf(vault), firstBet, reason }));
    const hold = this.#quarantine.hold(culprits);
    await this.#o.ledger.commit(hold.entries);
    hold.durable();
    this.#trials.clear(culprits.map(({ vault }) => vault));
  }

  #isDue(): boolean {
    const backlog = this.#o.builder.backlog();
    if (!backlog) return false;
    return backlog.bets >= this.#o.batchThreshold || this.#o.clock.nowMs() - backlog.sinceMs >= this.#o.batchWaitMs;
  }

  async #submitNext(): Promise<boolean> {
    const batch = this.#o.unfinished.next;
    if (!batch || (batch.state !== 'Proved' && batch.state !== 'Submitted')) return false;
    try {
      if (await this.#submitter.settle(batch)) this.#rejections.cleared(batch);
    } catch (error) {
      if (!(error instanceof BatchRejected)) throw error;
      if (error.scope === 'verifying-key') this.#keys.forget();
      await this.#rejections.reject({ batch, reason: error.message, by: error.scope === 'vaults' ? 'chain' : error.scope });
    }
    return true;
  }

  /** Moves the first Confirmed batch on once it is final, and all that a fork took back to Submitted again. */
  async #finalizeNext(): Promise<boolean> {
    const { unfinished, chain, clock } = this.#o;
    const confirmed = unfinished.all.filter(({ state }) => state === 'Confirmed');
    const first = confirmed[0];
    if (!first) return false;
    if (await this.#submitter.isFinal(first)) {
      const progress = { finalizedAtMs: clock.nowMs() };
      await unfinished.move(first, { to: 'Finalized', reason: 'finalized on chain', progress });
      return true;
    }
    // Numbers have no gaps: a house that lacks one of them lacks all after it.
    const lastBatch = await chain.lastBatch();
    const lost = confirmed.filter(({ batchNumber }) => batchNumber > lastBatch);
    if (lost.length === 0) return false;
    await unfinished.rollBack(lost);
    return true;
  }

  /** Takes back a batch that a forced exit has made impossible; the other vaults' bets go into new ones. */
  async #withdrawVoided(): Promise<boolean> {
    const batch = batchOfVoidedVault(this.#o.unfinished, this.#o.book);
    if (!batch) return false;
    await this.#rejections.reject({ batch, reason: 'one of its vaults has left by a forced exit', by: 'exit' });
    return true;
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
        const reason = messageOf(error);
        if (failures >= FAILURES_TO_REPORT) this.#failing.set(name, `${name} keeps failing: ${reason}`);
        const alert = failures === FAILURES_TO_REPORT ? { alert: 'settlement-failing' } : {};
        this.#o.log[failures === FAILURES_TO_REPORT ? 'error' : 'warn'](
          { ...alert, loop: name, failures, reason },
          'settlement step failed, trying again',
        );
        await this.#sleep(this.#backoffMs(failures)).catch(() => {});
      }
    }
  }

  #sleep(durationMs: number): Promise<void> {
    return this.#o.clock.sleep(durationMs, this.#stopping.signal);
  }

  #backoffMs(failures: number): number {
    return backoffMs(failures, { firstMs: FIRST_RETRY_MS, mostMs: MAX_RETRY_MS, random: this.#o.clock.random() });
  }
}
