import { config } from '../../config.ts';
import { BetResult } from './bet-result.tsx';
import { usePlaces } from './sources.ts';
import { SourcesForm } from './sources-form.tsx';
import { useBetVerification } from './use-bet-verification.ts';
import '../../styles/forms.css';
import './verify.css';

const TIMEOUT_MS = 15_000;

/** The panel of a bet's page in which its receipt is verified; `id` is the bet's, in hex. */
export function VerifyBet({ id }: { id: string }) {
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
      <BetResult verification={state} betId={id} houseChosen={places.chosen.house !== undefined} onRetry={run} />
      <p class="muted small">
        The receipt comes from the service here, and this page from its operator. What counts in a quarrel is a receipt that you
        kept yourself: check that on the <a href="/verify">verify page</a>, which also says how to do without this page.
      </p>
    </section>
  );
}

async function receiptOf(id: string): Promise<string> {
  const { apiUrl } = await config();
  const url = `${apiUrl}/v1/bets/${encodeURIComponent(id)}/receipt`;
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => undefined);
  if (!response) throw new Error('The service does not answer.');
  const text = await response.text();
  if (response.ok) return text;
  throw new Error(`The service answers ${response.status}: ${messageIn(text) ?? 'no reason given'}`);
}

function messageIn(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { error?: { message?: string } }).error?.message;
  } catch {
    return undefined;
  }
}
