import type { BatchSummary } from '../../api-types.ts';
import { duration, grouped, percent } from '../../format.ts';
import { ChartCard } from './chart-card.tsx';
import { betsOverTime, type Columns, isBalanced, latencyOverTime, outcomeBalance, proveTimes, quantile } from './chart-data.ts';

interface ChartOf {
  batches: readonly BatchSummary[];
}

const SIZE_COLOURS = ['--sent', '--heads', '--busy', '--good', '--bad'];

export function BetsChart({ batches }: ChartOf) {
  const { columns, stepS } = betsOverTime(batches);
  const all = batches.reduce((sum, { bets }) => sum + bets, 0);
  return (
    <ChartCard
      id="bets-over-time"
      title="Bets over time"
      columns={columns}
      series={[{ label: 'Bets a minute', color: '--accent', kind: 'bars' }]}
      x="time"
      xLabel="From"
      format={(value) => grouped(Math.round(value))}
    >
      {grouped(all)} bets in {grouped(batches.length)} {batches.length === 1 ? 'batch' : 'batches'}, by when the batch was formed;
      a bar stands for {duration(1_000 * stepS)}.
    </ChartCard>
  );
}

export function LatencyChart({ batches }: ChartOf) {
  const columns = latencyOverTime(batches);
  const latencies = columns[1] ?? [];
  const median = quantile(latencies, 0.5);
  const late = quantile(latencies, 0.95);
  return (
    <ChartCard
      id="settlement-latency"
      title="Settlement latency"
      columns={columns}
      series={[{ label: 'From batch to final', color: '--sent', kind: 'points' }]}
      x="time"
      xLabel="Batch formed"
      format={seconds}
    >
      {median === undefined || late === undefined
        ? 'No batch is final yet.'
        : `Half of the batches were final within ${duration(1_000 * median)}, 95 % within ${duration(1_000 * late)}.`}
    </ChartCard>
  );
}

export function ProveChart({ batches }: ChartOf) {
  const { sizes, columns } = proveTimes(batches);
  const medians = sizes.map((size, index) => `${size}: ${duration(quantile(columns[index + 1] ?? [], 0.5) ?? 0)}`);
  return (
    <ChartCard
      id="prove-time"
      title="Prove time by size"
      columns={columns}
      series={sizes.map((size, index) => ({
        label: `Size ${size}`,
        color: SIZE_COLOURS[index % SIZE_COLOURS.length] ?? '--accent',
        kind: 'points' as const,
      }))}
      x="count"
      xLabel="Bets"
      format={(value) => duration(value)}
    >
      {medians.length === 0
        ? 'No batch is proved yet.'
        : `Across: bets of the batch. Median by size of the circuit: ${medians.join(', ')}.`}
    </ChartCard>
  );
}

export function BalanceChart({ batches }: ChartOf) {
  const columns = outcomeBalance(batches);
  const share = columns[3]?.at(-1) ?? 0.5;
  const all = columns[0]?.at(-1) ?? 0;
  return (
    <ChartCard
      id="outcome-balance"
      title="Outcome balance"
      columns={columns}
      series={[
        { label: 'Lower edge', color: '--line-strong', kind: 'edge' },
        { label: 'Upper edge', color: '--line-strong', kind: 'edge' },
        { label: 'Share of heads', color: '--heads', kind: 'line' },
      ]}
      x="count"
      xLabel="Bets"
      format={percent}
      range={around}
    >
      {percent(share)} of {grouped(all)} bets came up heads: {isBalanced(columns) ? 'within' : 'outside'} the band that a fair
      coin stays in 95 % of the time. One look is no test: the fairness report of the command line is.
    </ChartCard>
  );
}

const seconds = (value: number): string => duration(1_000 * value);
/** Of the widest band, which the first few bets make, no more is shown than this on either side of one half. */
const MOST_SHOWN = 0.25;

/** Symmetric about one half, wide enough for what is drawn after the first bets. */
function around([, ...shares]: Columns): [number, number] {
  const settled = shares.flatMap((column) => column.slice(Math.floor(column.length / 10)));
  const farthest = Math.max(0.01, ...settled.map((share) => Math.abs((share ?? 0.5) - 0.5)));
  const shown = Math.min(MOST_SHOWN, 1.15 * farthest);
  return [0.5 - shown, 0.5 + shown];
}
