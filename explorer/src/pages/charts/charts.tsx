import './charts.css';
import { useMemo } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { api } from '../../api.ts';
import type { BatchSummary } from '../../api-types.ts';
import { Empty, Problem } from '../../components/problem.tsx';
import { grouped } from '../../format.ts';
import { usePage } from '../../hooks/use-page.ts';
import { useResource } from '../../hooks/use-resource.ts';
import { hrefOf } from '../../query.ts';
import { BalanceChart, BetsChart, LatencyChart, ProveChart } from './chart-list.tsx';

/** Batches of one request, and how many can be asked for. */
const PAGE = 100;
const SPANS = [100, 500, 2_000] as const;
const DEFAULT_SPAN = 500;

/** `/charts`: how the house has done over its last batches. */
export function Charts() {
  usePage('Charts');
  const { query, route } = useLocation();
  const span = SPANS.find((known) => String(known) === query.batches) ?? DEFAULT_SPAN;
  const batches = useResource(`charts ${span}`, (signal) => newest(span, signal));
  const { value } = batches;
  return (
    <>
      <div class="page-head">
        <h1>Charts</h1>
        <div class="page-tools">
          <label class="field field-inline">
            <span>The last</span>
            <select value={span} onChange={(event) => route(hrefOf('/charts', { batches: event.currentTarget.value }))}>
              {SPANS.map((count) => (
                <option key={count} value={count}>
                  {grouped(count)} batches
                </option>
              ))}
            </select>
          </label>
          <button class="button" type="button" disabled={batches.loading} onClick={batches.reload}>
            Refresh
          </button>
        </div>
      </div>
      {batches.error !== undefined && !value ? (
        <Problem title="The batches can not be read" error={batches.error} onRetry={batches.reload} />
      ) : value?.length === 0 ? (
        <section class="card">
          <Empty title="Nothing to draw yet">The charts begin with the first batch of bets.</Empty>
        </section>
      ) : value ? (
        <ChartList batches={value} />
      ) : (
        <div class="chart-grid" aria-busy="true">
          {['bets', 'latency', 'proofs', 'balance'].map((name) => (
            <div key={name} class="card chart-waiting" />
          ))}
        </div>
      )}
    </>
  );
}

function ChartList({ batches }: { batches: readonly BatchSummary[] }) {
  // The charts draw anew when what they are given changes, and a relative time somewhere is no change.
  return useMemo(
    () => (
      <div class="chart-grid">
        <BetsChart batches={batches} />
        <LatencyChart batches={batches} />
        <ProveChart batches={batches} />
        <BalanceChart batches={batches} />
      </div>
    ),
    [batches],
  );
}

async function newest(count: number, signal: AbortSignal): Promise<BatchSummary[]> {
  const found: BatchSummary[] = [];
  let cursor: string | undefined;
  while (found.length < count) {
    const { batches, next } = await api.batches({ cursor, limit: PAGE }, signal);
    found.push(...batches);
    if (next === null) break;
    cursor = next;
  }
  return found;
}
