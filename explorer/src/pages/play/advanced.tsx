import { grouped } from '../../format.ts';
import type { PlayerState } from './player-state.ts';

/** What is seldom needed: another session key, and the way out that needs nobody. */
export function Advanced({ state, onRotate, onForceExit }: { state: PlayerState; onRotate(): void; onForceExit(): void }) {
  const { request, activity, stage } = state;
  const isBusy = activity !== undefined;
  return (
    <details class="card fold">
      <summary>Advanced</summary>
      <div class="stack">
        {stage === 'ready' && (
          <div>
            <h3>Session key</h3>
            <p>
              Bets are signed by a key of this browser, so that the wallet need not be asked each time. A new one makes the old
              one worthless.
            </p>
            <button class="button" type="button" disabled={isBusy || request !== undefined} onClick={onRotate}>
              Change the session key
            </button>
          </div>
        )}
        <div>
          <h3>Forced exit</h3>
          <p>
            If the house does not pay a withdrawal in time, you can leave without it: the chain then pays out all that your
            settled bets and deposits come to, bets that are not settled yet are void, and the vault is closed for good.
          </p>
          {request ? (
            <>
              <p>The house has until slot {grouped(request.deadlineSlot)} to pay; after that this works.</p>
              <button class="button" type="button" disabled={isBusy} onClick={onForceExit}>
                Leave by force
              </button>
            </>
          ) : (
            <p class="muted">No withdrawal is open. It begins with one: its deadline opens this door.</p>
          )}
        </div>
      </div>
    </details>
  );
}
