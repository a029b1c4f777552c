import { Worker } from 'node:worker_threads';
import { CasinoError, type ErrorCode, messageOf } from '../errors.ts';
import { ledgerFault } from './faults.ts';
import { type HeldLock, lockOf, takeLock } from './lock.ts';
import { LedgerReader } from './reader.ts';
import type { LedgerEntry } from './records.ts';

/** Most entries of one transaction: a backlog beyond it goes into the next. */
const MAX_ENTRIES_PER_COMMIT = 2_048;

/** What the stages ask of the ledger. */
export type LedgerPort = Pick<Ledger, 'read' | 'backlog' | 'commit'>;

interface Reply {
  ready?: true;
  committed?: true;
  failed?: { code: ErrorCode; message: string };
}

interface Waiting {
  entries: LedgerEntry[];
  resolve(): void;
  reject(error: Error): void;
}

/**
 * The durable ledger: SQLite in WAL mode with synchronous=FULL, written in group commits by one worker thread. Whatever waits
 * while a transaction is being synced goes into the next one, so that the cost of an fsync is shared.
 *
 * A failed commit is final: memory may then be ahead of the disk, so `onFailure` must end the process, and the next start reads
 * the truth from disk. So is a row that is not what was written (`LEDGER_CORRUPT`): whoever asked for it gets no answer.
 */
export class Ledger {
  readonly read: LedgerReader;
  readonly #worker: Worker;
  readonly #lock: HeldLock;
  readonly #onFailure: (error: CasinoError) => void;
  #waiting: Waiting[] = [];
  #waitingEntries = 0;
  #committing: Waiting[] | undefined;
  #failure: CasinoError | undefined;
  #closed = false;

  private constructor(options: { path: string; worker: Worker; lock: HeldLock; onFailure(error: CasinoError): void }) {
    this.read = new LedgerReader(options.path, (error) => {
      if (!this.#closed) this.#fail(error);
    });
    this.#worker = options.worker;
    this.#lock = options.lock;
    this.#onFailure = options.onFailure;
    const writerEnded = (reason: string) => this.#fail(ledgerFault(new Error(reason), options.path, 'written'));
    this.#worker.on('message', (reply: Reply) => this.#onReply(reply));
    this.#worker.on('error', (error) => writerEnded(messageOf(error)));
    this.#worker.on('exit', () => {
      if (!this.#closed) writerEnded('its writer ended');
    });
  }

  /**
   * Opens or creates the ledger at `path`; `LEDGER_LOCKED` if another process has it, `LEDGER_CORRUPT` or `LEDGER_STALE` if it is not
   * what was written, or not all of it.
   */
  static async open(options: { path: string; onFailure(error: CasinoError): void }): Promise<Ledger> {
    const lock = takeLock(lockOf(options.path));
    const worker = new Worker(new URL('./writer-worker.ts', import.meta.url), { workerData: { path: options.path } });
    try {
      const reply = await new Promise<Reply>((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
      });
      if (reply.failed) throw new CasinoError(reply.failed.code, reply.failed.message);
      return new Ledger({ ...options, worker, lock });
    } catch (error) {
      await worker.terminate();
      lock.close();
      throw error instanceof CasinoError ? error : ledgerFault(error, options.path, 'opened');
    }
  }

  /** Entries handed over and not yet durable. */
  get backlog(): number {
    return this.#waitingEntries;
  }

  /** Whether entries are taken: not after a failed commit, nor once it is closed. */
  get writable(): boolean {
    return !this.#failure && !this.#closed;
  }

  /** Resolves when the entries are on disk, all of them in one transaction; rejects with `LEDGER_FAILED` if they never will be. */
  commit(entries: LedgerEntry[]): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#closed) return Promise.reject(new CasinoError('LEDGER_FAILED', 'the ledger is closed'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entries, resolve, reject });
      this.#waitingEntries += entries.length;
      if (!this.#committing) this.#commitNext();
    });
  }

  /** Waits for what is under way, then closes. The writer goes last: it takes the write-ahead log back into the one file. */
  async close(): Promise<void> {
    if (this.#closed) return;
    if (!this.#failure) await this.commit([]);
    this.#closed = true;
    this.read.close();
    const ended = new Promise((resolve) => this.#worker.once('exit', resolve));
    this.#worker.postMessage({ close: true });
    await ended;
    this.#lock.close();
  }

  #commitNext(): void {
    const group: Waiting[] = [];
    const entries: LedgerEntry[] = [];
    while (this.#waiting.length > 0) {
      const next = this.#waiting[0] as Waiting;
      if (group.length > 0 && entries.length + next.entries.length > MAX_ENTRIES_PER_COMMIT) break;
      entries.push(...next.entries);
      group.push(next);
      this.#waiting.shift();
    }
    this.#committing = group;
    this.#worker.postMessage({ entries });
  }

  #onReply(reply: Reply): void {
    if (reply.failed) return this.#fail(new CasinoError(reply.failed.code, reply.failed.message));
    const group = this.#committing ?? [];
    this.#committing = undefined;
    if (this.#waiting.length > 0) this.#commitNext();
    for (const waiting of group) {
      this.#waitingEntries -= waiting.entries.length;
      waiting.resolve();
    }
  }

  #fail(failure: CasinoError): void {
    if (this.#failure) return;
    this.#failure = failure;
    for (const waiting of [...(this.#committing ?? []), ...this.#waiting]) waiting.reject(failure);
    this.#committing = undefined;
    this.#waiting = [];
    this.#onFailure(failure);
  }
}
