import type { BetDetail } from '../../api-types.ts';
import { SideMark } from '../../components/states.tsx';
import { Amount, TimeAgo } from '../../components/values.tsx';

/** The bet in one sentence, and the coin as it fell. */
export function BetOutcome({ bet }: { bet: BetDetail }) {
  return (
    <section class="card bet-outcome" aria-label="Outcome">
      <div class={`coin coin-${bet.outcome}`} aria-hidden="true">
        {bet.outcome === 'heads' ? 'H' : 'T'}
      </div>
      <div>
        <p class="bet-sentence">
          <Amount lamports={bet.amount} /> on <strong>{bet.guess}</strong>, and it came up <strong>{bet.outcome}</strong>:{' '}
          {bet.won ? (
            <span class="won">
              won <Amount lamports={bet.payout} />
            </span>
          ) : (
            <span class="lost">lost</span>
          )}
        </p>
        <p class="muted">
          Bet number {bet.nonce} of its vault, <TimeAgo timeMs={bet.time} />
        </p>
      </div>
      <dl class="bet-sides">
        <div>
          <dt>Choice</dt>
          <dd>
            <SideMark side={bet.guess} />
          </dd>
        </div>
        <div>
          <dt>Outcome</dt>
          <dd>
            <SideMark side={bet.outcome} />
          </dd>
        </div>
      </dl>
    </section>
  );
}
