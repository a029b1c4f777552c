import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import './live.css';
import { api } from '../../api.ts';
import { BetTable } from '../../components/bet-table.tsx';
import { DevelopmentKeys } from '../../components/development-keys.tsx';
import { Icon } from '../../components/icons.tsx';
import { Empty, Problem } from '../../components/problem.tsx';
import type { LiveEvent } from '../../events.ts';
import { useConnection, useEvents } from '../../hooks/use-events.ts';
import { useNow } from '../../hooks/use-now.ts';
import { usePage } from '../../hooks/use-page.ts';
import { useResource } from '../../hooks/use-resource.ts';
import { FigureRow } from './figure-row.tsx';
import { figuresOf, type LiveState, withEvents, withRead } from './live-state.ts';
import { Pipeline } from './pipeline.tsx';

const SHOWN_BETS = 15;
const READ = 100;
/** The house's money is read again at most so often. */
const HOUSE_EVERY_MS = 2_000;
const NOTHING: LiveState = { bets: [], batches: [] };

/** `/`: bets and batches as they happen. */
export function Live() {
  usePage('Live');
  const [state, setState] = useState<LiveState>(NOTHING);
  const [paused, setPaused] = useState<LiveState | undefined>();
  const house = useResource('house', api.house);
  const read = useResource('live', async (signal): Promise<LiveState & { all: boolean }> => {
    const [{ bets }, { batches, next }] = await Promise.all([
      api.bets({ limit: READ }, signal),
      api.batches({ limit: READ }, signal),
    ]);
    return { bets, batches, all: next === null };
  });
  const { value } = read;
  useEffect(() => {
    if (value) setState((before) => withRead(before, value));
  }, [value]);
  const reloadHouse = useThrottled(house.reload, HOUSE_EVERY_MS);
  useEvents((happened: LiveEvent[]) => {
    // What happened between the reading and the first event would be missing.
    if (happened.some(({ type }) => type === 'gap' || (type === 'position' && !read.loading))) read.reload();
    if (happened.some(({ type }) => type === 'batch_finalized')) reloadHouse();
    setState((before) => withEvents(before, happened));
  });
  const nowMs = useNow();
  const shown = paused ?? state;
  const loading = read.loading && shown.bets.length === 0;
  return (
    <>
      <div class="page-head">
        <h1>Live</h1>
        <div class="page-tools">
          <ConnectionState />
          <button
            class="button"
            type="button"
            aria-pressed={paused !== undefined}
            onClick={() => setPaused(paused ? undefined : state)}
          >
            <Icon name={paused ? 'play' : 'pause'} /> {paused ? 'Go on' : 'Pause'}
          </button>
        </div>
      </div>
      <div class="stack">
        <DevelopmentKeys house={house.value} />
        <FigureRow
          figures={value || shown.batches.length > 0 ? figuresOf(shown, nowMs) : undefined}
          all={value?.all ?? false}
          bankroll={house.value?.balance}
        />
        <section class="card" aria-labelledby="pipeline">
          <h2 id="pipeline">Batches on their way</h2>
          <Pipeline batches={shown.batches} />
        </section>
        <section class="card card-table live-bets" aria-labelledby="newest">
          <div class="card-head">
            <h2 id="newest">Newest bets</h2>
            <a href="/bets">All bets</a>
          </div>
          {read.error !== undefined && shown.bets.length === 0 ? (
            <Problem title="The house's bets can not be read" error={read.error} onRetry={read.reload} />
          ) : !loading && shown.bets.length === 0 ? (
            <Empty title="No bets yet">They appear here as soon as they are answered.</Empty>
          ) : (
            <BetTable bets={shown.bets.slice(0, SHOWN_BETS)} caption="Newest bets" waitingFor={loading ? SHOWN_BETS : 0} />
          )}
        </section>
      </div>
    </>
  );
}

const CONNECTION_WORDS = { connecting: 'Connecting', live: 'Live', waiting: 'Connection lost; trying again' };

function ConnectionState() {
  const connection = useConnection();
  return (
    <span class={`connection connection-${connection}`} role="status">
      {CONNECTION_WORDS[connection]}
    </span>
  );
}

/** `act`, at most every `everyMs`, and once more after the last call in between. */
function useThrottled(act: () => void, everyMs: number): () => void {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback(() => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      act();
    }, everyMs);
  }, [act, everyMs]);
}
