import { api } from '../../api.ts';
import { BetResult } from './bet-result.tsx';
import { usePlaces } from './sources.ts';
import { SourcesForm } from './sources-form.tsx';
import { useBetVerification } from './use-bet-verification.ts';
import '../../styles/forms.css';
import './verify.css';

/** The panel of a bet's page in which its receipt is verified; `id` is the bet's, in hex. */
export function VerifyBet({ id }: { id: string }) {
  // Another bet begins anew: what was found of the one before is none of its business.
  return <Panel key={id} id={id} />;
}

function Panel({ id }: { id: string }) {
  const places = usePlaces();
  const { state, start } = useBetVerification();
  const run = () => {
    if (places.places) void start(places.places, () => receiptOf(id));
  };
  return (
    <section class="card stack verify-panel" aria-labelledby="verify-bet">
      <div class="panel-head">
        <div>
          <h2 id="verify-bet">Verify in this browser</h2>
          <p class="muted">
            Runs all of the verifier here: signatures, seed, outcome, the published batch and its zero-knowledge proof, against
            the chain.
          </p>
        </div>
        <button class="button button-primary" type="button" disabled={!places.places || state.phase === 'running'} onClick={run}>
          {state.phase === 'running' ? 'Verifying…' : 'Verify this bet'}
        </button>
      </div>
      <SourcesForm state={places} />
      <BetResult verification={state} betId={id} onRetry={run} />
      <p class="muted small">
        The receipt comes from the service here, and this page from its operator. What counts in a quarrel is a receipt that you
        kept yourself: check that on the <a href="/verify">verify page</a>, which also says how to do without this page.
      </p>
    </section>
  );
}

/** As a file has it: the text that is checked is the one that can be saved. */
async function receiptOf(id: string): Promise<string> {
  return `${JSON.stringify(await api.receiptFile(id), null, 2)}\n`;
}
