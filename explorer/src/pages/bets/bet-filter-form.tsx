import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { BetFilters } from '../../api-types.ts';

const STATES = [
  'acknowledged',
  'Pending',
  'Proving',
  'Proved',
  'Submitted',
  'Confirmed',
  'Finalized',
  'Failed',
  'Voided',
] as const;

/** What bets are filtered by. A choice takes effect at once, a text when it is left or confirmed. */
export function BetFilterForm({ filters, onChange }: { filters: BetFilters; onChange: (filters: BetFilters) => void }) {
  const change = (event: Event) => {
    const form = (event.currentTarget as HTMLElement).closest('form');
    if (!form?.reportValidity()) return;
    onChange(filtersOf(new FormData(form)));
  };
  const submit = (event: Event) => {
    event.preventDefault();
    change(event);
  };
  const isWide = useWide();
  const used = Object.keys(filters).length;
  return (
    <form aria-label="Filters" onSubmit={submit} onChange={change}>
      <details class="filter-box" open={isWide || used > 0}>
        <summary hidden={isWide}>Filters{used > 0 ? ` (${used})` : ''}</summary>
        <div class="filters">
          <Field label="Bettor" wide>
            <input
              name="user"
              value={filters.user ?? ''}
              placeholder="Address"
              pattern="[1-9A-HJ-NP-Za-km-z]{32,44}"
              title="A Solana address"
              spellcheck={false}
              autocomplete="off"
            />
          </Field>
          <Field label="Outcome">
            <select name="outcome" value={filters.outcome ?? ''}>
              <option value="">Any</option>
              <option value="heads">Heads</option>
              <option value="tails">Tails</option>
            </select>
          </Field>
          <Field label="Result">
            <select name="won" value={filters.won ?? ''}>
              <option value="">Any</option>
              <option value="true">Won</option>
              <option value="false">Lost</option>
            </select>
          </Field>
          <Field label="Status">
            <select name="status" value={filters.status ?? ''}>
              <option value="">Any</option>
              {STATES.map((state) => (
                <option key={state} value={state}>
                  {state === 'acknowledged' ? 'Acknowledged' : state}
                </option>
              ))}
            </select>
          </Field>
          <Field label="Batch">
            <input
              name="batch"
              value={filters.batch ?? ''}
              inputMode="numeric"
              placeholder="Number"
              pattern="[1-9][0-9]{0,18}"
              title="A batch's number"
              autocomplete="off"
            />
          </Field>
          <Field label="From, in your time" wide>
            <input name="from" type="datetime-local" step="1" value={localOf(filters.from)} />
          </Field>
          <Field label="To, in your time" wide>
            <input name="to" type="datetime-local" step="1" value={localOf(filters.to)} />
          </Field>
          <div class="filter-buttons">
            <a class="button" href="/bets">
              Clear
            </a>
          </div>
        </div>
      </details>
    </form>
  );
}

/** Whether there is room for the filters beside the bets; where there is not, they fold away. */
function useWide(): boolean {
  const [isWide, setWide] = useState(() => matchMedia(WIDE).matches);
  useEffect(() => {
    const query = matchMedia(WIDE);
    const change = () => setWide(query.matches);
    query.addEventListener('change', change);
    return () => query.removeEventListener('change', change);
  }, []);
  return isWide;
}

const WIDE = '(min-width: 40rem)';

function Field({ label, wide = false, children }: { label: string; wide?: boolean; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is its child
    <label class={wide ? 'field field-wide' : 'field'}>
      <span>{label}</span>
      {children}
    </label>
  );
}

function filtersOf(data: FormData): BetFilters {
  const text = (name: string) => String(data.get(name) ?? '').trim();
  const filters: Record<string, string> = {};
  for (const name of ['user', 'outcome', 'won', 'status', 'batch']) if (text(name)) filters[name] = text(name);
  for (const name of ['from', 'to']) {
    const timeMs = new Date(text(name)).getTime();
    if (!Number.isNaN(timeMs)) filters[name] = String(timeMs);
  }
  return filters as BetFilters;
}

/** Milliseconds since the epoch as the field for date and time takes them, in the reader's zone. */
function localOf(timeMs: string | undefined): string {
  const time = Number(timeMs);
  if (!timeMs || !Number.isFinite(time)) return '';
  const offsetMs = new Date(time).getTimezoneOffset() * 60_000;
  return new Date(time - offsetMs).toISOString().slice(0, 19);
}
