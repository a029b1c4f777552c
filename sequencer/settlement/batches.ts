import type { Clock } from '../clock.ts';
import type { LedgerPort } from '../ledger/ledger.ts';
import type { BatchProgress, BatchRecord, BatchState, LedgerEntry } from '../ledger/records.ts';

/** What became of a batch: it is in its next state, or it is no more. */
export type BatchChange = 'moved' | 'withdrawn';

/** The batches that are not finalized, in order, in memory and in the ledger alike. Every change is one durable transaction. */
export class UnfinishedBatches {
  readonly #ledger: LedgerPort;
  readonly #clock: Clock;
  readonly #onChange: (batch: BatchRecord, change: BatchChange) => void;
  #batches: BatchRecord[];
  #withdrawing = 0;

  constructor(options: { ledger: LedgerPort; clock: Clock; onChange(batch: BatchRecord, change: BatchChange): void }) {
    this.#ledger = options.ledger;
    this.#clock = options.clock;
    this.#onChange = options.onChange;
    this.#batches = options.ledger.read.unfinishedBatches();
  }

  get all(): readonly BatchRecord[] {
    return this.#batches;
  }

  /** The first batch that the chain has not confirmed: the next to be submitted. */
  get next(): BatchRecord | undefined {
    return this.#batches.find(({ state }) => state !== 'Confirmed');
  }

  /** Whether the batch is still to be settled; a withdrawn one is not. */
  has(batch: BatchRecord): boolean {
    return this.#batches.includes(batch);
  }

  /** A batch and all after it. */
  from(batch: BatchRecord): BatchRecord[] {
    return this.#batches.filter((other) => other.batchNumber >= batch.batchNumber);
  }

  /** Runs of a vault in batches that `settledThrough` does not cover, in order. */
  runsOf(vault: Uint8Array, settledThrough: bigint) {
    const key = Buffer.from(vault);
    return this.#batches
      .flatMap((batch) => batch.runs)
      .filter((run) => key.equals(run.vault) && run.firstBet + BigInt(run.betCount) - 1n > settledThrough);
  }

  /** Whether the ledger shows what memory shows: no batch is being taken back. */
  get isSteady(): boolean {
    return this.#withdrawing === 0;
  }

  async add(batch: BatchRecord): Promise<void> {
    this.#batches.push(batch);
    await this.#ledger.commit([{ kind: 'batch-created', batch }]);
    this.#onChange(batch, 'moved');
  }

  /** Moves a batch to its next state, with what it gained on the way; one that was taken back meanwhile stays as it is. */
  async move(
    batch: BatchRecord,
    change: { to: BatchState; reason: string; progress?: Partial<BatchProgress>; attempt?: number },
  ): Promise<void> {
    if (!this.has(batch)) return;
    const timeMs = this.#clock.nowMs();
    const attempt = change.attempt ?? batch.attempt;
    const { batchNumber, state: from } = batch;
    await this.#ledger.commit([{ kind: 'batch-moved', batchNumber, from, timeMs, ...change, attempt }]);
    Object.assign(batch, change.progress, { state: change.to, updatedAtMs: timeMs, attempt });
    if (change.to === 'Finalized') this.#batches = this.#batches.filter((other) => other !== batch);
    this.#onChange(batch, 'moved');
  }

  /** Confirmed batches that a fork took back are to be submitted again, all of them in one transaction. */
  async rollBack(batches: readonly BatchRecord[]): Promise<void> {
    const timeMs = this.#clock.nowMs();
    const reason = 'a fork took the confirmation back';
    const change = { kind: 'batch-moved', from: 'Confirmed', to: 'Submitted', reason, timeMs } as const;
    await this.#ledger.commit(batches.map(({ batchNumber, attempt }) => ({ ...change, batchNumber, attempt })));
    for (const batch of batches) {
      Object.assign(batch, { state: change.to, updatedAtMs: timeMs });
      this.#onChange(batch, 'moved');
    }
  }

  /**
   * Takes a batch and all after it back; their bets are owed as before and go into new batches. `also` is made durable in the same
   * transaction. The caller knows that none of their bytes can land any more.
   */
  async withdrawFrom(batch: BatchRecord, reason: string, also: readonly LedgerEntry[] = []): Promise<void> {
    const withdrawn = this.from(batch);
    this.#batches = this.#batches.filter((other) => other.batchNumber < batch.batchNumber);
    const timeMs = this.#clock.nowMs();
    const entries: LedgerEntry[] = withdrawn
      .reverse()
      .map(({ batchNumber }) => ({ kind: 'batch-withdrawn', batchNumber, reason, timeMs }));
    this.#withdrawing += 1;
    await this.#ledger.commit([...entries, ...also]).finally(() => {
      this.#withdrawing -= 1;
    });
    for (const taken of withdrawn) this.#onChange(taken, 'withdrawn');
  }
}
