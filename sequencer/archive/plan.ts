import { compareBytes, toHex } from '../../protocol/bytes.ts';
import type { LedgerReader } from '../ledger/reader.ts';
import type { BatchRecord } from '../ledger/records.ts';

/** Bets `first .. last` of a vault. */
export interface BetSpan {
  vault: Uint8Array;
  first: bigint;
  last: bigint;
}

/** What the next archive takes: the bets of these batches, in the order of vaults and numbers. */
export interface ArchivePlan {
  fromBatch: bigint;
  throughBatch: bigint;
  spans: BetSpan[];
  bets: number;
}

export interface PlanOptions {
  read: LedgerReader;
  /** Batches beyond this one are gone through. */
  afterBatch: bigint;
  /** Only what was final by then is taken. */
  finalByMs: number;
  /** Fewer bets are left for later, unless one has been final since `overdueMs`. */
  leastBets: number;
  overdueMs: number;
  mostBets: number;
  /** Called between steps of bounded work; rejects once the service stops. */
  pause(): Promise<void>;
}

/** Batches that are read in one step, each with its runs. */
const BATCHES_A_STEP = 8;

/**
 * Chooses the oldest settled bets. Of each run all but its last bet are taken, and the one before its first, which was left by the run before:
 * a vault's last settled bet, on which the next batch and the next start build, thus stays in the ledger. Undefined if too little is due.
 */
export async function planArchive(options: PlanOptions): Promise<ArchivePlan | undefined> {
  const { read, afterBatch, finalByMs, leastBets, overdueMs, mostBets } = options;
  const spans = new Map<string, BetSpan>();
  let [through, bets, oldestMs, done] = [afterBatch, 0, Number.POSITIVE_INFINITY, false];
  while (!done) {
    const batches = read.finalizedBatches({ after: through, limit: BATCHES_A_STEP });
    done = batches.length < BATCHES_A_STEP;
    for (const batch of batches) {
      const finalAtMs = batch.finalizedAtMs ?? batch.updatedAtMs;
      const tooMany = bets + batch.betCount + batch.runs.length > mostBets;
      if (finalAtMs > finalByMs || tooMany || !isSettled(batch, read)) {
        done = true;
        break;
      }
      bets += addRuns(spans, batch);
      through = batch.batchNumber;
      oldestMs = Math.min(oldestMs, finalAtMs);
    }
    await options.pause();
  }
  if (bets === 0 || (bets < leastBets && oldestMs > overdueMs)) return undefined;
  const sorted = [...spans.values()].sort((a, b) => compareBytes(a.vault, b.vault));
  return { fromBatch: afterBatch + 1n, throughBatch: through, spans: sorted, bets };
}

/** Whether the book, too, has seen all of a batch's bets settled: it looks at the chain by itself, a moment sooner or later. */
function isSettled({ runs }: BatchRecord, read: LedgerReader): boolean {
  return runs.every(({ vault, firstBet, betCount }) => {
    const record = read.vault(vault);
    return record !== undefined && record.finalizedThrough >= firstBet + BigInt(betCount) - 1n;
  });
}

function addRuns(spans: Map<string, BetSpan>, { runs }: BatchRecord): number {
  let added = 0;
  for (const { vault, firstBet, betCount } of runs) {
    const first = firstBet === 1n ? 1n : firstBet - 1n;
    const last = firstBet + BigInt(betCount) - 2n;
    if (last < first) continue;
    added += Number(last - first) + 1;
    const known = spans.get(toHex(vault));
    if (known) known.last = last;
    else spans.set(toHex(vault), { vault, first, last });
  }
  return added;
}
