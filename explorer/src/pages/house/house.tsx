import './house.css';
import { api } from '../../api.ts';
import type { House as HouseFacts } from '../../api-types.ts';
import { Copyable } from '../../components/copyable.tsx';
import { DevelopmentKeys } from '../../components/development-keys.tsx';
import { Problem } from '../../components/problem.tsx';
import { Amount, Fact, Facts } from '../../components/values.tsx';
import { grouped, percent } from '../../format.ts';
import { usePage } from '../../hooks/use-page.ts';
import { useResource } from '../../hooks/use-resource.ts';
import { Changes } from './changes.tsx';
import { HealthCard } from './health-card.tsx';
import { ReconciliationCard } from './reconciliation-card.tsx';
import { SolvencyCard } from './solvency-card.tsx';
import { VerifyingKeys } from './verifying-keys.tsx';

/** `/house`: the house's money, keys and rules, and whether all is well. */
export function House() {
  usePage('House');
  const house = useResource('house', api.house);
  const { value } = house;
  return (
    <>
      <div class="page-head">
        <h1>House</h1>
        <div class="page-tools">{value?.paused && <span class="badge state-failed">Paused</span>}</div>
      </div>
      <div class="stack">
        <DevelopmentKeys house={value} />
        {house.error !== undefined && !value ? (
          <Problem title="The house can not be read" error={house.error} onRetry={house.reload} />
        ) : value ? (
          <HousePage house={value} />
        ) : (
          <div class="card card-waiting" aria-busy="true" />
        )}
      </div>
    </>
  );
}

function HousePage({ house }: { house: HouseFacts }) {
  return (
    <>
      <div class="columns">
        <div class="stack">
          <section class="card" aria-labelledby="money">
            <h2 id="money">Money</h2>
            <Money house={house} />
          </section>
          <section class="card" aria-labelledby="terms">
            <h2 id="terms">Terms and delays</h2>
            <Terms house={house} />
          </section>
        </div>
        <div class="stack">
          <SolvencyCard house={house} />
          <HealthCard />
          <ReconciliationCard />
          <section class="card" aria-labelledby="changes">
            <h2 id="changes">Announced changes</h2>
            <Changes house={house} />
          </section>
        </div>
      </div>
      <section class="card card-table" aria-labelledby="verifying-keys">
        <div class="card-head">
          <h2 id="verifying-keys">Verifying keys</h2>
        </div>
        <VerifyingKeys keys={house.verifying_keys} />
      </section>
      <section class="card" aria-labelledby="keys">
        <h2 id="keys">Accounts and keys</h2>
        <Keys house={house} />
      </section>
    </>
  );
}

function Money({ house }: { house: HouseFacts }) {
  return (
    <Facts>
      <Fact name="Bankroll" note="the house's own, final on chain">
        <Amount lamports={house.balance} detailed />
      </Fact>
      <Fact name="Exposure" note="the most that open bets could cost it">
        <Amount lamports={house.exposure} detailed />
      </Fact>
      <Fact name="Largest stake" note="that it takes now">
        <Amount lamports={house.max_stake} detailed />
      </Fact>
      <Fact name="Reserved" note="for challenges that are open">
        <Amount lamports={house.reserved} detailed />
      </Fact>
      <Fact name="Overdue challenges" note="the house is paid nothing while there are any">
        {grouped(house.overdue)}
      </Fact>
      <Fact name="Open bets">{grouped(house.open_bets)}</Fact>
      <Fact name="Last batch">
        {house.last_batch === '0' ? 'None yet' : <a href={`/batches/${house.last_batch}`}>Batch {house.last_batch}</a>}
      </Fact>
    </Facts>
  );
}

function Terms({ house }: { house: HouseFacts }) {
  return (
    <Facts>
      <Fact name="Terms">{house.terms.id}</Fact>
      <Fact name="A won bet pays" note="beside the stake">
        {percent(house.terms.profit_bps / 10_000)}{' '}
        <span class="muted">of the stake ({grouped(house.terms.profit_bps)} basis points)</span>
      </Fact>
      <Fact name="Randomness key" note="P1 of the house's secret">
        <Copyable text={house.terms.vrf_commitment} what="randomness key" whole />
      </Fact>
      <Fact name="Exit delay" note="then anyone may leave by force">
        {grouped(house.exit_delay_slots)} slots
      </Fact>
      <Fact name="Change delay" note="between an announcement and its effect">
        {grouped(house.change_delay_slots)} slots
      </Fact>
    </Facts>
  );
}

function Keys({ house }: { house: HouseFacts }) {
  const rows: [string, string, string][] = [
    ['House', 'its account on chain', house.house],
    ['Program', '', house.program],
    ['Authority', 'changes and withdraws', house.authority],
    ['Settler', 'sends batches', house.settler],
    ['Receipt key', 'signs receipts', house.receipt_key],
    ['Chain', 'genesis hash', house.genesis_hash],
  ];
  return (
    <Facts>
      {rows.map(([name, note, text]) => (
        <Fact key={name} name={name} note={note}>
          <Copyable text={text} what={name.toLowerCase()} whole />
        </Fact>
      ))}
      <Fact name="Money">{/^1+$/.test(house.mint) ? 'SOL' : <Copyable text={house.mint} what="mint" whole />}</Fact>
      <Fact name="Vaults" note="ever opened">
        {grouped(house.vaults)}
      </Fact>
    </Facts>
  );
}
