import { api } from '../../api.ts';
import type { Notice } from '../../api-types.ts';
import { Problem } from '../../components/problem.tsx';
import { Fact, Facts } from '../../components/values.tsx';
import { duration, grouped } from '../../format.ts';
import { useResource } from '../../hooks/use-resource.ts';

/** Whether the service is well, and what is wrong if it is not. */
export function HealthCard() {
  const health = useResource('health', api.health);
  const { value } = health;
  return (
    <section class="card" aria-labelledby="health">
      <h2 id="health">Health</h2>
      {health.error !== undefined && !value ? (
        <Problem title="The service does not say how it is" error={health.error} onRetry={health.reload} />
      ) : (
        value && (
          <>
            <p class={value.status === 'ok' ? 'verdict verdict-good' : 'verdict verdict-bad'}>
              {value.status === 'ok'
                ? 'All is well.'
                : `Something is wrong: ${value.problems.length} ${value.problems.length === 1 ? 'problem' : 'problems'}.`}
            </p>
            <Notices notices={value.problems} />
            <Facts>
              <Fact name="Bets">{value.ready ? 'are taken' : 'are not taken now'}</Fact>
              <Fact name="Leads the house">{value.leading ? 'yes' : 'no'}</Fact>
              <Fact name="Chain seen up to" note="finalized">
                Slot {grouped(value.chain.slot)}, {duration(value.chain.age_ms)} ago
              </Fact>
            </Facts>
            {value.notices.length > 0 && (
              <>
                <h3 class="card-subhead">To be known</h3>
                <Notices notices={value.notices} />
              </>
            )}
          </>
        )
      )}
    </section>
  );
}

function Notices({ notices }: { notices: readonly Notice[] }) {
  if (notices.length === 0) return null;
  return (
    <ul class="notices">
      {notices.map(({ code, message }) => (
        <li key={`${code} ${message}`}>
          {message} <span class="problem-code">{code}</span>
        </li>
      ))}
    </ul>
  );
}
