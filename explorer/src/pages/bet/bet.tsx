import './bet.css';
import { useRoute } from 'preact-iso';
import { api } from '../../api.ts';
import type { BetDetail } from '../../api-types.ts';
import { Copyable } from '../../components/copyable.tsx';
import { DevelopmentKeys } from '../../components/development-keys.tsx';
import { Empty, Problem } from '../../components/problem.tsx';
import { StateBadge } from '../../components/states.tsx';
import { Timeline } from '../../components/timeline.tsx';
import { shortened } from '../../format.ts';
import { useFollowed } from '../../hooks/use-followed.ts';
import { usePage } from '../../hooks/use-page.ts';
import { useResource } from '../../hooks/use-resource.ts';
import { VerifyBet } from '../verify/verify-bet.tsx';
import { Randomness, Settlement, Signatures, Stake } from './bet-facts.tsx';
import { BetOutcome } from './bet-outcome.tsx';
import { ReceiptButton } from './receipt-button.tsx';
import { stepsOf } from './steps.ts';

/** `/bets/:id`: all that is known of one bet. */
export function Bet() {
  const { id = '' } = useRoute().params;
  usePage(`Bet ${shortened(id)}`);
  const bet = useResource(`bet ${id}`, (signal) => api.bet(id, signal));
  const isFinal = bet.value?.status === 'Finalized' || bet.value?.status === 'Voided';
  useFollowed(bet, bet.value !== undefined && !isFinal);
  const { value } = bet;
  if (bet.error !== undefined && !value) {
    return (
      <>
        <h1>Bet {shortened(id)}</h1>
        <Problem title="This bet can not be shown" error={bet.error} onRetry={bet.reload} />
      </>
    );
  }
  return (
    <>
      <div class="page-head">
        <h1>
          Bet <Copyable text={id} what="bet id" />
        </h1>
        <div class="page-tools">
          {value && <StateBadge state={value.status} />}
          {value?.receipt && <ReceiptButton id={id} />}
        </div>
      </div>
      {value ? <BetPage bet={value} /> : <div class="card card-waiting" aria-busy="true" />}
    </>
  );
}

function BetPage({ bet }: { bet: BetDetail }) {
  const house = useResource('house', api.house);
  // Read again with the bet's state: the batch's history has moved on with it.
  const batch = useResource(`batch ${bet.batch} ${bet.status}`, async (signal) =>
    bet.batch === null ? undefined : api.batch(bet.batch, signal),
  );
  return (
    <div class="stack">
      <DevelopmentKeys house={house.value} />
      <BetOutcome bet={bet} />
      {(bet.failed_reason ?? bet.void_reason) && (
        <Empty title={bet.void_reason ? 'Voided' : 'Can not be settled for now'}>{bet.void_reason ?? bet.failed_reason}</Empty>
      )}
      <VerifyBet id={bet.bet_id} />
      <div class="columns">
        <section class="card" aria-labelledby="stake">
          <h2 id="stake">Money</h2>
          <Stake bet={bet} />
        </section>
        <section class="card" aria-labelledby="way">
          <h2 id="way">Its way to the chain</h2>
          <Timeline steps={stepsOf(bet, batch.value)} />
        </section>
      </div>
      <section class="card" aria-labelledby="settlement">
        <h2 id="settlement">Settlement</h2>
        <Settlement bet={bet} batch={batch.value} genesisHash={house.value?.genesis_hash} />
      </section>
      <section class="card" aria-labelledby="randomness">
        <h2 id="randomness">Randomness</h2>
        <Randomness bet={bet} />
      </section>
      <section class="card" aria-labelledby="signatures">
        <h2 id="signatures">Signatures and heads</h2>
        <Signatures bet={bet} />
      </section>
    </div>
  );
}
