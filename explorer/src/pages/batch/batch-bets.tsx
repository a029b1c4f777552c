import { useState } from 'preact/hooks';
import { api } from '../../api.ts';
import type { BatchDetail, BetSummary } from '../../api-types.ts';
import { BetTable } from '../../components/bet-table.tsx';
import { Problem } from '../../components/problem.tsx';
import { gather } from '../../gather.ts';
import { useResource } from '../../hooks/use-resource.ts';

const ROWS = 25;

/** The batch's bets, a page at a time. */
export function BatchBets({ batch }: { batch: BatchDetail }) {
  const [cursors, setCursors] = useState<readonly string[]>([]);
  const cursor = cursors.at(-1);
  // Read again with the batch's state, which is its bets' too.
  const bets = useResource(`bets of ${batch.number} ${batch.status} ${cursor}`, (signal) =>
    gather<BetSummary>({
      cursor,
      limit: ROWS,
      read: async (page) => {
        const { bets: rows, next } = await api.bets({ batch: batch.number, ...page }, signal);
        return { rows, next };
      },
    }),
  );
  if (bets.error !== undefined) return <Problem title="Its bets can not be read" error={bets.error} onRetry={bets.reload} />;
  const { rows = [], next = null } = bets.value ?? {};
  return (
    <>
      <BetTable bets={rows} caption="Bets of the batch" waitingFor={bets.value ? 0 : Math.min(ROWS, batch.bets)} />
      {(cursors.length > 0 || (next !== null && batch.bets > ROWS)) && (
        <nav class="pager" aria-label="Pages of the batch's bets">
          <button class="button" type="button" disabled={cursors.length === 0} onClick={() => setCursors(cursors.slice(0, -1))}>
            Newer
          </button>
          <button
            class="button"
            type="button"
            disabled={next === null}
            onClick={() => next !== null && setCursors([...cursors, next])}
          >
            Older
          </button>
        </nav>
      )}
    </>
  );
}
