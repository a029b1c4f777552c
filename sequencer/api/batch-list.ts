import type { BatchColumns } from '../ledger/lists.ts';
import type { LedgerReader } from '../ledger/reader.ts';
import type { BatchState } from '../ledger/records.ts';
import { numberCursor, readNumberCursor } from './cursor.ts';
import { batchJson } from './json.ts';

/** What one page may read, so that it holds up the bets for a few milliseconds at most (bench/bet-lists.ts): batches, */
const MAX_SCANNED = 200;
/** and runs of those that it shows: one more batch may go over it. */
const MAX_RUNS = 200;
/** Rows of a read after the first, which is as long as the page. */
const ROWS_A_READ = 50;
/** SQLite compares its integers with their sign. */
const BEYOND_ALL_BATCHES = (1n << 63n) - 1n;

/** Which batches are asked for. Times in ms since the epoch, both included, of when a batch was built. */
export interface BatchQuery {
  before: bigint | undefined;
  status: BatchState | undefined;
  fromMs: bigint;
  toMs: bigint;
  cursor: string | undefined;
  limit: number;
}

/** A page of batches, newest first, all of one moment. */
export function batchPage(
  read: LedgerReader,
  query: BatchQuery,
): { batches: ReturnType<typeof batchJson>[]; next: string | null } {
  return read.together(() => {
    const batches: ReturnType<typeof batchJson>[] = [];
    let [scanned, runsRead] = [0, 0];
    let last: BatchColumns | undefined;
    for (const batch of downwards(read, query)) {
      if (last && (batches.length === query.limit || scanned === MAX_SCANNED || runsRead >= MAX_RUNS)) {
        return { batches, next: numberCursor(last.batchNumber) };
      }
      last = batch;
      scanned += 1;
      if (!matches(batch, query)) continue;
      const runs = read.lists.runs(batch.batchNumber);
      runsRead += runs.length;
      batches.push(batchJson({ ...batch, runs }));
    }
    return { batches, next: null };
  });
}

const matches = ({ state, createdAtMs }: BatchColumns, { status, fromMs, toMs }: BatchQuery): boolean =>
  (status === undefined || state === status) && BigInt(createdAtMs) >= fromMs && BigInt(createdAtMs) <= toMs;

/** Batches from the newest asked for down. */
function* downwards(read: LedgerReader, { before, cursor, limit }: BatchQuery): Generator<BatchColumns> {
  const bounds = [BEYOND_ALL_BATCHES, before, cursor === undefined ? undefined : readNumberCursor(cursor)];
  let below = bounds.reduce((least: bigint, bound) => (bound !== undefined && bound < least ? bound : least), BEYOND_ALL_BATCHES);
  for (let rows = limit + 1; ; rows = ROWS_A_READ) {
    const batches = read.lists.batches({ before: below, limit: rows });
    yield* batches;
    const last = batches.at(-1);
    if (!last || batches.length < rows) return;
    below = last.batchNumber;
  }
}
