import type { BatchSummary } from '../../api-types.ts';
import { BATCH_PATH } from '../../components/states.tsx';
import { grouped } from '../../format.ts';
import { byState } from './live-state.ts';

/** Batches that a stage shows by their numbers. */
const SHOWN = 3;

/** The stages that a batch passes through, with the batches that are in each. */
export function Pipeline({ batches }: { batches: readonly BatchSummary[] }) {
  const states = byState(batches);
  const failed = states.get('Failed') ?? [];
  return (
    <>
      <ol class="pipeline">
        {BATCH_PATH.map(({ state, meaning }) => {
          const here = states.get(state) ?? [];
          const isBusy = here.length > 0 && state !== 'Finalized';
          return (
            <li key={state} class={`stage stage-${state.toLowerCase()} ${isBusy ? 'stage-busy' : ''}`}>
              <p class="stage-name">
                <span class="stage-dot" aria-hidden="true" />
                {state}
                {state !== 'Finalized' && <span class="stage-count">{here.length}</span>}
              </p>
              <p class="stage-meaning">{meaning}</p>
              <ul class="stage-batches">
                {here.slice(0, SHOWN).map(({ number, bets }) => (
                  <li key={number}>
                    <a class="batch-chip" href={`/batches/${number}`}>
                      #{number}{' '}
                      <span class="batch-chip-bets">
                        {grouped(bets)} {bets === 1 ? 'bet' : 'bets'}
                      </span>
                    </a>
                  </li>
                ))}
              </ul>
            </li>
          );
        })}
      </ol>
      {failed.length > 0 && (
        <p class="pipeline-failed">
          Held, and tried again:{' '}
          {failed.map(({ number }) => (
            <a key={number} href={`/batches/${number}`}>
              #{number}{' '}
            </a>
          ))}
        </p>
      )}
    </>
  );
}
