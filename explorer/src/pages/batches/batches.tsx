import { useLocation } from 'preact-iso';
import { api } from '../../api.ts';
import type { BatchState, BatchSummary } from '../../api-types.ts';
import { BatchTable } from '../../components/batch-table.tsx';
import { Pager } from '../../components/pager.tsx';
import { Empty, Problem } from '../../components/problem.tsx';
import { BATCH_PATH } from '../../components/states.tsx';
import { gather } from '../../gather.ts';
import { useFollowed } from '../../hooks/use-followed.ts';
import { usePage } from '../../hooks/use-page.ts';
import { useResource } from '../../hooks/use-resource.ts';
import { hrefOf, known } from '../../query.ts';

const ROWS = 25;

/** `/batches`: all batches, newest first, by state if the address asks for one. */
export function Batches() {
  usePage('Batches');
  const { query, route } = useLocation();
  const { status, cursor } = known(query, ['status', 'cursor']);
  const batches = useResource(hrefOf('/batches', { status, cursor }), (signal) =>
    gather<BatchSummary>({
      cursor,
      limit: ROWS,
      read: async (page) => {
        const { batches: rows, next } = await api.batches({ status: status as BatchState | undefined, ...page }, signal);
        return { rows, next };
      },
    }),
  );
  useFollowed(batches, cursor === undefined);
  const { rows = [], next = null } = batches.value ?? {};
  return (
    <>
      <div class="page-head">
        <h1>Batches</h1>
        <label class="field field-inline">
          <span>State</span>
          <select value={status ?? ''} onChange={(event) => route(hrefOf('/batches', { status: event.currentTarget.value }))}>
            <option value="">Any</option>
            {[...BATCH_PATH.map(({ state }) => state), 'Failed'].map((state) => (
              <option key={state} value={state}>
                {state}
              </option>
            ))}
          </select>
        </label>
      </div>
      {batches.error !== undefined && !batches.value ? (
        <Problem title="The batches can not be read" error={batches.error} onRetry={batches.reload} />
      ) : (
        <section class="card card-table" aria-label="Batches">
          {batches.value && rows.length === 0 ? (
            <NoBatches filtered={status !== undefined} more={next !== null} />
          ) : (
            <BatchTable batches={rows} caption="Batches, newest first" waitingFor={batches.value ? 0 : ROWS} />
          )}
          <Pager path="/batches" query={{ status, cursor }} next={next} />
        </section>
      )}
    </>
  );
}

function NoBatches({ filtered, more }: { filtered: boolean; more: boolean }) {
  if (more) return <Empty title="None among the batches looked through so far">There are older ones to look through.</Empty>;
  if (!filtered) return <Empty title="No batches yet">Bets are gathered in one as soon as there are some.</Empty>;
  return (
    <Empty title="No batch is in this state">
      <a href="/batches">Show all batches</a>
    </Empty>
  );
}
