import type { BatchState, BatchSummary, BetSummary } from '../../api-types.ts';
import type { LiveEvent } from '../../events.ts';

/** What the live page shows of, newest first; no more is kept than it can show or count. */
export interface LiveState {
  bets: readonly BetSummary[];
  batches: readonly BatchSummary[];
}

const MAX_BETS = 1_000;
const MAX_BATCHES = 100;
const MINUTE_MS = 60_000;
const byNumber = (a: BatchSummary, b: BatchSummary) => (BigInt(a.number) < BigInt(b.number) ? 1 : -1);

/** Takes what has happened into what is shown. */
export function withEvents(state: LiveState, happened: readonly LiveEvent[]): LiveState {
  const bets = new Map<string, BetSummary>();
  const batches = new Map(state.batches.map((batch) => [batch.number, batch]));
  const changed: BatchSummary[] = [];
  const withdrawn = new Set<string>();
  for (const event of happened) {
    if (event.type === 'bet_result') bets.set(event.bet_id, event);
    if (event.type === 'batch_withdrawn') {
      withdrawn.add(event.number);
      batches.delete(event.number);
    }
    if (event.type !== 'batch_changed' && event.type !== 'batch_finalized') continue;
    // What was read may be newer than what was told.
    if ((batches.get(event.batch.number)?.updated_at ?? 0) > event.batch.updated_at) continue;
    // A number may be given again.
    withdrawn.delete(event.batch.number);
    batches.set(event.batch.number, event.batch);
    changed.push(event.batch);
  }
  const fresh = [...bets.values()].reverse().filter(({ bet_id: id }) => !state.bets.some((bet) => bet.bet_id === id));
  const kept = [...fresh, ...state.bets].slice(0, MAX_BETS).map((bet) => outOf(bet, withdrawn));
  return {
    bets: changed.length === 0 ? kept : kept.map((bet) => inBatches(bet, changed)),
    batches: [...batches.values()].sort(byNumber).slice(0, MAX_BATCHES),
  };
}

/** Joins what was read with what has happened while it was read. */
export function withRead(state: LiveState, read: LiveState): LiveState {
  const told: LiveEvent[] = state.batches.map((batch) => ({ type: 'batch_changed', batch }));
  const newer = state.bets.map((bet) => ({ type: 'bet_result' as const, ...bet })).reverse();
  return withEvents(read, [...newer, ...told]);
}

/** A bet whose batch was withdrawn waits for another. */
function outOf(bet: BetSummary, withdrawn: ReadonlySet<string>): BetSummary {
  if (bet.batch === null || !withdrawn.has(bet.batch)) return bet;
  return { ...bet, status: 'acknowledged', batch: null, l1_signature: null };
}

/** A bet as the newest of the batches that hold it makes it. */
function inBatches(bet: BetSummary, batches: readonly BatchSummary[]): BetSummary {
  const nonce = BigInt(bet.nonce);
  const batch = batches.findLast(({ vaults }) =>
    vaults.some((run) => {
      const first = BigInt(run.first_nonce);
      return run.vault === bet.vault && first <= nonce && nonce < first + BigInt(run.bets);
    }),
  );
  return batch ? { ...bet, status: batch.status, batch: batch.number, l1_signature: batch.signature } : bet;
}

export interface Figures {
  /** Of the batches that are known, and how many batches these are. */
  bets: number;
  batches: number;
  betsPerMinute: number;
  /** Half of the bets were final this long after their batch was formed. */
  medianSettlementMs: number | undefined;
  headsShare: number | undefined;
}

export function figuresOf({ bets, batches }: LiveState, nowMs: number): Figures {
  const inBatched = batches.reduce((sum, batch) => sum + batch.bets, 0);
  const heads = batches.reduce((sum, batch) => sum + batch.heads, 0);
  return {
    bets: inBatched,
    batches: batches.length,
    betsPerMinute: rateOf(bets, nowMs),
    medianSettlementMs: medianSettlement(batches),
    headsShare: inBatched === 0 ? undefined : heads / inBatched,
  };
}

/** Bets of the last minute; where fewer are known than that, at the pace of those that are. */
function rateOf(bets: readonly BetSummary[], nowMs: number): number {
  const recent = bets.filter(({ time }) => time > nowMs - MINUTE_MS).length;
  const oldest = bets.at(-1);
  if (recent < MAX_BETS || !oldest) return recent;
  return Math.round((recent * MINUTE_MS) / Math.max(1, nowMs - oldest.time));
}

/** Counted by bets, not by batches: what a bettor meets. */
function medianSettlement(batches: readonly BatchSummary[]): number | undefined {
  const final = batches
    .flatMap(({ finalized_at: at, created_at: from, bets }) => (at === null ? [] : [{ ms: at - from, bets }]))
    .sort((a, b) => a.ms - b.ms);
  const half = final.reduce((sum, { bets }) => sum + bets, 0) / 2;
  let counted = 0;
  return final.find(({ bets }) => {
    counted += bets;
    return counted >= half;
  })?.ms;
}

/** Batches by the state that they are in, newest first. */
export function byState(batches: readonly BatchSummary[]): Map<BatchState, BatchSummary[]> {
  return Map.groupBy(batches, ({ status }) => status);
}
