import { useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { ApiError, api } from '../../api.ts';
import type { BetFilters, BetSummary } from '../../api-types.ts';
import { BetTable } from '../../components/bet-table.tsx';
import { Pager } from '../../components/pager.tsx';
import { Empty, Problem } from '../../components/problem.tsx';
import { gather } from '../../gather.ts';
import { useEvents } from '../../hooks/use-events.ts';
import { usePage } from '../../hooks/use-page.ts';
import { useResource } from '../../hooks/use-resource.ts';
import { hrefOf, known } from '../../query.ts';
import { BetFilterForm } from './bet-filter-form.tsx';

const ROWS = 25;
const FILTERS = ['user', 'outcome', 'won', 'status', 'batch', 'from', 'to'] as const;

/** `/bets`: all bets, by what the address asks for. */
export function Bets() {
  usePage('Bets');
  const { query, route } = useLocation();
  const filters = known(query, FILTERS) as BetFilters;
  const { cursor } = known(query, ['cursor']);
  const key = hrefOf('/bets', { ...filters, cursor });
  const bets = useResource(key, (signal) =>
    gather<BetSummary>({
      cursor,
      limit: ROWS,
      read: async (page) => {
        const { bets: rows, next } = await api.bets({ ...filters, ...page }, signal);
        return { rows, next };
      },
    }),
  );
  const fresh = useFresh(key, cursor === undefined ? filters : undefined);
  const showFresh = () => {
    fresh.reset();
    bets.reload();
  };
  const { rows = [], next = null } = bets.value ?? {};
  // Of a bettor or a batch that the house does not know.
  const unknown = bets.error instanceof ApiError && bets.error.status === 404 ? bets.error : undefined;
  return (
    <>
      <div class="page-head">
        <h1>Bets</h1>
        <div class="page-tools" aria-live="polite">
          {fresh.count > 0 && (
            <button class="button button-primary" type="button" onClick={showFresh}>
              Show {fresh.count} new {fresh.count === 1 ? 'bet' : 'bets'}
            </button>
          )}
        </div>
      </div>
      <div class="stack">
        <BetFilterForm
          key={hrefOf('', filters)}
          filters={filters}
          onChange={(changed) => route(hrefOf('/bets', { ...changed }))}
        />
        {unknown ? (
          <section class="card">
            <Empty title="No bet fits these filters">
              {unknown.message}. <a href="/bets">Show all bets</a>
            </Empty>
          </section>
        ) : bets.error !== undefined ? (
          <Problem title="The bets can not be read" error={bets.error} onRetry={bets.reload} />
        ) : (
          <section class="card card-table" aria-label="Bets">
            {bets.value && rows.length === 0 ? (
              <NoBets filtered={Object.keys(filters).length > 0} more={next !== null} />
            ) : (
              <BetTable bets={rows} caption="Bets, newest first" waitingFor={bets.value ? 0 : ROWS} />
            )}
            <Pager path="/bets" query={{ ...filters, cursor }} next={next} />
          </section>
        )}
      </div>
    </>
  );
}

function NoBets({ filtered, more }: { filtered: boolean; more: boolean }) {
  if (more) return <Empty title="None among the bets looked through so far">There are older ones to look through.</Empty>;
  if (!filtered) return <Empty title="No bets yet">The first one appears here as soon as it is answered.</Empty>;
  return (
    <Empty title="No bet fits these filters">
      <a href="/bets">Show all bets</a>
    </Empty>
  );
}

/** How many bets that fit the filters have been answered since the list was read. */
function useFresh(key: string, filters: BetFilters | undefined) {
  const [counted, setCounted] = useState({ key, count: 0 });
  const count = counted.key === key ? counted.count : 0;
  useEvents((happened) => {
    if (!filters) return;
    const more = happened.filter((event) => event.type === 'bet_result' && fits(event, filters)).length;
    if (more > 0) setCounted({ key, count: count + more });
  });
  return { count, reset: () => setCounted({ key, count: 0 }) };
}

/** A bet that was just answered is in no batch yet. */
function fits(bet: BetSummary, { user, outcome, won, status, batch, from, to }: BetFilters): boolean {
  if (user && bet.user !== user) return false;
  if (outcome && bet.outcome !== outcome) return false;
  if (won && String(bet.won) !== won) return false;
  if (status && bet.status !== status) return false;
  if (batch || to) return false;
  return !from || bet.time >= Number(from);
}
