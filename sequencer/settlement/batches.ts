import type { Clock } from '../clock.ts';
import type { LedgerPort } from '../ledger/ledger.ts';
import type { BatchProgress, BatchRecord, BatchState } from '../ledger/records.ts';

/** The batches that are not finalized, in order, in memory and in the ledger alike. Every change is one durable transaction. */
export class UnfinishedBatches {
  readonly #ledger: LedgerPort;
  readonly #clock: Clock;
  readonly #onChange: (batch: BatchRecord) => void;
  #batches: BatchRecord[];
  #withdrawing: Promise<void> | undefined;

  constructor(options: { ledger: LedgerPort; clock: Clock; onChange(batch: BatchRecord): void }) {
    this.#ledger = options.ledger;
    this.#clock = options.clock;
    this.#onChange = options.onChange;
    this.#batches = options.ledger.read.unfinishedBatches();
  }

  get all(): readonly BatchRecord[] {
    return this.#batches;
  }

  /** The first batch in one of these states. */
  first(...states: BatchState[]): BatchRecord | undefined {
    return this.#batches.find((batch) => states.includes(batch.state));
  }

  /** Whether the batch is still to be settled; a withdrawn one is not. */
  has(batch: BatchRecord): boolean {
    return this.#batches.includes(batch);
  }

  /** Runs of a vault in batches that `settledThrough` does not cover, in order. */
  runsOf(vault: Uint8Array, settledThrough: bigint) {
    const key = Buffer.from(vault);
    return this.#batches
      .flatMap((batch) => batch.runs)
      .filter((run) => key.equals(run.vault) && run.firstBet + BigInt(run.betCount) - 1n > settledThrough);
  }

  /** Resolves once the ledger shows what memory shows: no batch is being taken back. */
  async steady(): Promise<void> {
    while (this.#withdrawing) await this.#withdrawing;
  }

  async add(batch: BatchRecord): Promise<void> {
    this.#batches.push(batch);
    await this.#ledger.commit([{ kind: 'batch-created', batch }]);
    this.#onChange(batch);
  }

  /** Moves a batch to its next state, with what it gained on the way. */
  async move(
    batch: BatchRecord,
    change: { to: BatchState; reason: string; progress?: Partial<BatchProgress>; attempt?: number },
  ): Promise<void> {
    const timeMs = this.#clock.nowMs();
    const attempt = change.attempt ?? batch.attempt;
    const { batchNumber, state: from } = batch;
    await this.#ledger.commit([{ kind: 'batch-moved', batchNumber, from, timeMs, ...change, attempt }]);
    Object.assign(batch, change.progress, { state: change.to, updatedAtMs: timeMs, attempt });
    if (change.to === 'Finalized') this.#batches = this.#batches.filter((other) => other !== batch);
    this.#onChange(batch);
  }

  /** Takes a batch and all after it back; their bets are owed as before and go into new batches. */
  async withdrawFrom(batch: BatchRecord, reason: string): Promise<void> {
    const withdrawn = this.#batches.filter((other) => other.batchNumber >= batch.batchNumber);
    this.#batches = this.#batches.filter((other) => other.batchNumber < batch.batchNumber);
    const timeMs = this.#clock.nowMs();
    const entries = withdrawn
      .reverse()
      .map(({ batchNumber }) => ({ kind: 'batch-withdrawn' as const, batchNumber, reason, timeMs }));
    const withdrawing = this.#ledger.commit(entries).finally(() => {
      if (this.#withdrawing === withdrawing) this.#withdrawing = undefined;
    });
    this.#withdrawing = withdrawing;
    await withdrawing;
  }
}
