import type { House } from '../../api-types.ts';
import { Amount, Fact, Facts } from '../../components/values.tsx';
import { grouped } from '../../format.ts';

const CHANGES: Record<string, string> = { authority: 'New authority', receipt_key: 'New receipt key', delays: 'New delays' };

/** What the operator has announced on chain and not done yet. */
export function Changes({ house }: { house: House }) {
  const { withdrawal, pending_changes: changes } = house;
  if (!withdrawal && changes.length === 0) return <p class="muted">The operator has announced nothing.</p>;
  return (
    <Facts>
      {withdrawal && (
        <Fact
          name="Withdrawal"
          note={`payable from slot ${grouped(withdrawal.payable_slot)} through ${grouped(withdrawal.lapses_after_slot)}`}
        >
          <Amount lamports={withdrawal.amount} detailed />
        </Fact>
      )}
      {changes.map((change, index) => (
        <Fact key={`${index}-${change.kind}`} name={CHANGES[String(change.kind)] ?? String(change.kind)}>
          {Object.entries(change)
            .filter(([name, value]) => name !== 'kind' && value !== null)
            .map(([name, value]) => (
              <div key={name}>
                <span class="muted">{name.replaceAll('_', ' ')}</span> {String(value)}
              </div>
            ))}
        </Fact>
      ))}
    </Facts>
  );
}
