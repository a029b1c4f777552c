import type { BatchSummary } from '../../api-types.ts';

/** Standard deviations that 95 % of a normal distribution lie within. */
const Z_95 = 1.96;
/** Points along an axis of time: more than that is only ink. */
const BUCKETS = 60;
/** Steps of time that people count in, in seconds. */
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 86_400];

/** Columns of equal length, as the chart takes them; the first is the horizontal axis. */
export type Columns = (number | null)[][];

/** Bets a minute by when their batches were formed. `stepS`: seconds that a point stands for. */
export function betsOverTime(batches: readonly BatchSummary[]): { columns: Columns; stepS: number } {
  const times = batches.map(({ created_at: timeMs }) => timeMs / 1_000);
  const first = Math.min(...times);
  const span = Math.max(...times) - first;
  const stepS = STEPS_S.find((step) => span / step <= BUCKETS) ?? Math.ceil(span / BUCKETS);
  const start = Math.floor(first / stepS) * stepS;
  const counts = new Array<number>(batches.length === 0 ? 0 : Math.floor((first + span - start) / stepS) + 1).fill(0);
  for (const [index, timeS] of times.entries()) {
    const bucket = Math.floor((timeS - start) / stepS);
    counts[bucket] = (counts[bucket] ?? 0) + (batches[index]?.bets ?? 0);
  }
  return { columns: [counts.map((_, index) => start + index * stepS), counts.map((count) => (60 * count) / stepS)], stepS };
}

/** Seconds from a batch's forming to its finality, and to its proof, by when it was formed. */
export function latencyOverTime(batches: readonly BatchSummary[]): Columns {
  const final = oldestFirst(batches).filter(({ finalized_at: at }) => at !== null);
  return [
    final.map(({ created_at: at }) => at / 1_000),
    final.map(({ created_at: from, finalized_at: to }) => ((to ?? from) - from) / 1_000),
  ];
}

/** Milliseconds of proving by the number of bets; a column for each size of circuit, the smallest first. */
export function proveTimes(batches: readonly BatchSummary[]): { sizes: string[]; columns: Columns } {
  const proved = batches.filter(({ prove_ms: ms }) => ms !== null).sort((a, b) => a.bets - b.bets);
  const sizes = [...new Set(proved.map(({ size }) => size))];
  return {
    sizes,
    columns: [
      proved.map(({ bets }) => bets),
      ...sizes.map((wanted) => proved.map(({ size, prove_ms: ms }) => (size === wanted ? ms : null))),
    ],
  };
}

/** By bets: the edges of the band in which a fair coin's share of heads is 95 % of the time, and the share up to each batch. */
export function outcomeBalance(batches: readonly BatchSummary[]): Columns {
  const columns: number[][] = [[], [], [], []];
  let bets = 0;
  let heads = 0;
  for (const batch of oldestFirst(batches)) {
    bets += batch.bets;
    heads += batch.heads;
    const half = Z_95 * Math.sqrt(0.25 / bets);
    for (const [index, value] of [bets, 0.5 - half, 0.5 + half, heads / bets].entries()) columns[index]?.push(value);
  }
  return columns;
}

/** Whether the last share of heads is within the band. */
export function isBalanced(columns: Columns): boolean {
  const [low = 0, high = 1, share = 0.5] = columns.slice(1).map((column) => column.at(-1) ?? undefined);
  return low <= share && share <= high;
}

/** The value that a share of them is at most; undefined of none. */
export function quantile(values: readonly (number | null)[], share: number): number | undefined {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

function oldestFirst(batches: readonly BatchSummary[]): BatchSummary[] {
  return batches.toSorted((a, b) => (BigInt(a.number) < BigInt(b.number) ? -1 : 1));
}
