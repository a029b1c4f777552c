import { useRoute } from 'preact-iso';
import { api } from '../../api.ts';
import type { BatchDetail } from '../../api-types.ts';
import { BlobLink } from '../../components/blob-link.tsx';
import { Copyable } from '../../components/copyable.tsx';
import { Problem } from '../../components/problem.tsx';
import { StateBadge } from '../../components/states.tsx';
import { Timeline } from '../../components/timeline.tsx';
import { TransactionLink } from '../../components/transaction-link.tsx';
import { ExactTime, Fact, Facts } from '../../components/values.tsx';
import { duration, grouped, percent } from '../../format.ts';
import { useFollowed } from '../../hooks/use-followed.ts';
import { usePage } from '../../hooks/use-page.ts';
import { useResource } from '../../hooks/use-resource.ts';
import { batchSteps } from '../bet/steps.ts';
import { BatchBets } from './batch-bets.tsx';
import { BatchVaults } from './batch-vaults.tsx';

/** `/batches/:number`: one batch, its way to the chain, its vaults and its bets. */
export function Batch() {
  const { number = '' } = useRoute().params;
  usePage(`Batch ${number}`);
  const batch = useResource(`batch ${number}`, (signal) => api.batch(number, signal));
  useFollowed(batch, batch.value !== undefined && batch.value.status !== 'Finalized');
  const { value } = batch;
  return (
    <>
      <div class="page-head">
        <h1>Batch {number}</h1>
        <div class="page-tools">{value && <StateBadge state={value.status} />}</div>
      </div>
      {batch.error !== undefined && !value ? (
        <Problem title="This batch can not be shown" error={batch.error} onRetry={batch.reload} />
      ) : value ? (
        <BatchPage batch={value} />
      ) : (
        <div class="card card-waiting" aria-busy="true" />
      )}
    </>
  );
}

function BatchPage({ batch }: { batch: BatchDetail }) {
  const number = BigInt(batch.number);
  const house = useResource('house', api.house);
  return (
    <div class="stack">
      <div class="columns">
        <section class="card" aria-labelledby="batch-facts">
          <h2 id="batch-facts">The batch</h2>
          <BatchFacts batch={batch} genesisHash={house.value?.genesis_hash} />
        </section>
        <section class="card" aria-labelledby="history">
          <h2 id="history">Its way to the chain</h2>
          <Timeline steps={batchSteps(batch)} />
        </section>
      </div>
      <section class="card card-table" aria-labelledby="vaults">
        <div class="card-head">
          <h2 id="vaults">Vaults</h2>
          <span class="muted">{batch.vaults.length}</span>
        </div>
        <BatchVaults runs={batch.vaults} />
      </section>
      <section class="card card-table" aria-labelledby="bets">
        <div class="card-head">
          <h2 id="bets">Bets</h2>
          <a href={`/bets?batch=${batch.number}`}>Filter them</a>
        </div>
        <BatchBets batch={batch} />
      </section>
      <nav class="pager" aria-label="Neighbouring batches">
        {number > 1n && (
          <a class="button" href={`/batches/${number - 1n}`} rel="prev">
            Batch {String(number - 1n)}
          </a>
        )}
        {number < BigInt(house.value?.last_batch ?? 0) && (
          <a class="button" href={`/batches/${number + 1n}`} rel="next">
            Batch {String(number + 1n)}
          </a>
        )}
      </nav>
    </div>
  );
}

function BatchFacts({ batch, genesisHash }: { batch: BatchDetail; genesisHash: string | undefined }) {
  return (
    <Facts>
      <Fact name="Bets">
        {grouped(batch.bets)}, of {batch.vaults.length} {batch.vaults.length === 1 ? 'vault' : 'vaults'}
      </Fact>
      <Fact name="Heads">
        {grouped(batch.heads)} <span class="muted">({percent(batch.heads / Math.max(1, batch.bets))})</span>
      </Fact>
      <Fact name="Circuit size" note="the most that one proof takes">
        {batch.size}
      </Fact>
      <Fact name="Proved in">{batch.prove_ms === null ? 'Not yet' : duration(batch.prove_ms)}</Fact>
      <Fact name="Compute units" note="of the settling transaction">
        {batch.compute_units === null ? 'Not yet' : grouped(batch.compute_units)}
      </Fact>
      <Fact name="Attempts">{batch.attempts}</Fact>
      <Fact name="Terms">{batch.terms_id}</Fact>
      <Fact name="Formed">
        <ExactTime timeMs={batch.created_at} />
      </Fact>
      <Fact name="Transaction">
        {batch.signature ? <TransactionLink signature={batch.signature} genesisHash={genesisHash} /> : 'None yet'}
      </Fact>
      <Fact name="Blob" note="its bets, published">
        <BlobLink cid={batch.blob_cid} />
      </Fact>
      <Fact name="Blob's hash" note="SHA-256">
        <Copyable text={batch.blob_hash} what="blob's hash" whole />
      </Fact>
    </Facts>
  );
}
