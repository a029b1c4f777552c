import type { Logger } from 'pino';
import { SYSTEM_CLOCK } from '../clock.ts';
import { messageOf } from '../errors.ts';
import { describeReport, type ReconcileInput, type ReconciliationReport, reconcileChain, reportJson } from './reconcile.ts';
import { ChainUnsteadyError } from './reconcile-chain.ts';
import { FROM_THE_NEWEST, type SignatureCursor } from './reconcile-signatures.ts';

/** Pages of 256 stored signatures that one run asks for at most, of batches and of transfers each. */
const MAX_SIGNATURE_PAGES = 8;
/** Runs that may fail in a row, because the chain does not answer say, before that is a problem of its own. */
const MAX_FAILURES = 3;
/** Longest pause before the first report, as no bets are taken until then. */
const FIRST_RETRY_MS = 2_000;

export interface ReconcilerOptions extends Pick<ReconcileInput, 'chain' | 'read' | 'nowMs'> {
  /** From the end of one run to the beginning of the next. */
  everyMs: number;
  log: Logger;
  /** Keeps the newest report; may fail. */
  save(report: ReconciliationReport): void | Promise<void>;
}

/**
 * Reconciles on a schedule, with bounded work a run: everything but the signatures of old batches and transfers, which are gone through piece
 * by piece. A difference in funds stands until a later run finds none.
 */
export class Reconciler {
  readonly #o: ReconcilerOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #cursor: SignatureCursor = FROM_THE_NEWEST;
  #report: ReconciliationReport | undefined;
  #failures = 0;
  #failure = '';

  constructor(options: ReconcilerOptions) {
    this.#o = options;
  }

  /** The newest report; undefined before the first. */
  get report(): ReconciliationReport | undefined {
    return this.#report;
  }

  /** Whether the newest report found money missing, undefined before the first: no bets are taken in either case. */
  get fundsDiffer(): boolean | undefined {
    return this.#report?.fundsDiffer;
  }

  /** Why there has been no report for a while, or undefined. */
  get overdue(): string | undefined {
    return this.#failures >= MAX_FAILURES ? `reconciliation keeps failing: ${this.#failure}` : undefined;
  }

  /** Compares once; rejects if the chain can not be read. */
  async run(): Promise<ReconciliationReport> {
    const { log, save } = this.#o;
    const input = { ...this.#o, cursor: this.#cursor, maxSignaturePages: MAX_SIGNATURE_PAGES, sleep: this.#sleep };
    const { report, cursor } = await reconcileChain(input);
    const before = this.#report;
    this.#report = report;
    this.#cursor = cursor;
    this.#failures = 0;
    const found = report.discrepancies.length > 0;
    const alert = report.fundsDiffer ? 'FUNDS_DIFFER' : 'RECORDS_DIFFER';
    if (found) log.error({ alert, report: reportJson(report) }, describeReport(report));
    else if (!before || before.discrepancies.length > 0) log.info(describeReport(report));
    try {
      await save(report);
    } catch (error) {
      log.error({ reason: messageOf(error) }, 'the reconciliation report could not be stored');
    }
    return report;
  }

  /**
   * Compares at the start. A chain that moves all the time is no reason to end: settlement, exits and payments need no comparison, and the
   * schedule makes up for it. Rejects if the chain can not be read.
   */
  async runFirst(): Promise<void> {
    try {
      await this.run();
    } catch (error) {
      if (!(error instanceof ChainUnsteadyError)) throw error;
      this.#failed(error);
    }
  }

  /** Begins the schedule; the next run is one interval from now, or sooner if none has succeeded. */
  start(): void {
    this.#running = this.#loop();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #loop(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        const { everyMs } = this.#o;
        await this.#sleep(this.#report ? everyMs : Math.min(everyMs, FIRST_RETRY_MS));
        await this.run();
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        this.#failed(error);
      }
    }
  }

  #failed(error: unknown): void {
    this.#failures += 1;
    this.#failure = messageOf(error);
    this.#o.log.warn({ failures: this.#failures, reason: this.#failure }, 'could not reconcile, trying again');
  }

  /** Rejects once the service stops. */
  readonly #sleep = (durationMs: number): Promise<void> => SYSTEM_CLOCK.sleep(durationMs, this.#stopping.signal);
}
