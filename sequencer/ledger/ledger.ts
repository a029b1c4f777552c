import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { CasinoError, messageOf } from '../errors.ts';
import { LedgerReader } from './reader.ts';
import type { LedgerEntry } from './records.ts';

/** Most entries of one transaction: a backlog beyond it goes into the next. */
const MAX_ENTRIES_PER_COMMIT = 2_048;

/** What the stages ask of the ledger. */
export type LedgerPort = Pick<Ledger, 'read' | 'backlog' | 'commit'>;

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
 * the truth from disk.
 */
export class Ledger {
  readonly read: LedgerReader;
  readonly #worker: Worker;
  readonly #lock: DatabaseSync;
  readonly #onFailure: (error: CasinoError) => void;
  #waiting: Waiting[] = [];
  #waitingEntries = 0;
  #committing: Waiting[] | undefined;
  #failure: CasinoError | undefined;
  #closed = false;

  private constructor(options: { read: LedgerReader; worker: Worker; lock: DatabaseSync; onFailure(error: CasinoError): void }) {
    this.read = options.read;
    this.#worker = options.worker;
    this.#lock = options.lock;
    this.#onFailure = options.onFailure;
    this.#worker.on('message', (message: { committed?: boolean; failed?: string }) => this.#onReply(message));
    this.#worker.on('error', (error) => this.#fail(messageOf(error)));
    this.#worker.on('exit', () => {
      if (!this.#closed) this.#fail('the ledger writer ended');
    });
  }

  /** Opens or creates the ledger at `path`; `LEDGER_LOCKED` if another process has it. */
  static async open(options: { path: string; onFailure(error: CasinoError): void }): Promise<Ledger> {
    const lock = takeLock(`${options.path}.lock`);
    const worker = new Worker(new URL('./writer-worker.ts', import.meta.url), { workerData: { path: options.path } });
    try {
      await new Promise<void>((resolve, reject) => {
        worker.once('message', () => resolve());
        worker.once('error', reject);
      });
      return new Ledger({ read: new LedgerReader(options.path), worker, lock, onFailure: options.onFailure });
    } catch (error) {
      lock.close();
      throw new CasinoError('LEDGER_FAILED', `the ledger does not open: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Entries handed over and not yet durable. */
  get backlog(): number {
    return this.#waitingEntries;
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

  /** Waits for what is under way, then closes. */
  async close(): Promise<void> {
    if (this.#closed) return;
    if (!this.#failure) await this.commit([]);
    this.#closed = true;
    const ended = new Promise((resolve) => this.#worker.once('exit', resolve));
    this.#worker.postMessage({ close: true });
    await ended;
    this.read.close();
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

  #onReply(message: { committed?: boolean; failed?: string }): void {
    if (message.failed !== undefined) return this.#fail(message.failed);
    const group = this.#committing ?? [];
    this.#committing = undefined;
    if (this.#waiting.length > 0) this.#commitNext();
    for (const waiting of group) {
      this.#waitingEntries -= waiting.entries.length;
      waiting.resolve();
    }
  }

  #fail(reason: string): void {
    if (this.#failure) return;
    this.#failure = new CasinoError('LEDGER_FAILED', `the ledger can not be written: ${reason}`);
    for (const waiting of [...(this.#committing ?? []), ...this.#waiting]) waiting.reject(this.#failure);
    this.#committing = undefined;
    this.#waiting = [];
    this.#onFailure(this.#failure);
  }
}

/** Holds an exclusive lock that the operating system releases when the process ends, however it ends. */
function takeLock(path: string): DatabaseSync {
  const lock = new DatabaseSync(path);
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE;');
    return lock;
  } catch (error) {
    lock.close();
    throw new CasinoError('LEDGER_LOCKED', 'another process has this data directory open', { cause: error });
  }
}
