import { useState } from 'preact/hooks';
import { type Chosen, type PlaceName, type PlacesState, wrongPlace } from './sources.ts';

const FIELDS: readonly { name: PlaceName; label: string; hint: string }[] = [
  { name: 'rpcUrl', label: 'Node of the chain', hint: 'JSON-RPC that keeps the whole history, and that pages may ask (CORS).' },
  {
    name: 'blobsUrl',
    label: 'Blobs',
    hint: 'An address below which each blob lies by its CID, such as an IPFS gateway’s https://…/ipfs.',
  },
  { name: 'house', label: 'House', hint: 'The address that you know from elsewhere.' },
  { name: 'program', label: 'Program', hint: 'The address of the program, from elsewhere too.' },
];

/** Lets the reader look elsewhere than where the operator says. */
export function SourcesForm({ state }: { state: PlacesState }) {
  const { places, chosen, choose } = state;
  const [errors, setErrors] = useState<Chosen>({});
  const count = Object.keys(chosen).length;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const next: Chosen = {};
    const wrong: Chosen = {};
    for (const { name } of FIELDS) {
      const field = (event.currentTarget as HTMLFormElement).elements.namedItem(name);
      const text = field instanceof HTMLInputElement ? field.value.trim() : '';
      if (text === '') continue;
      const reason = wrongPlace(name, text);
      if (reason === undefined) next[name] = text;
      else wrong[name] = reason;
    }
    setErrors(wrong);
    if (Object.keys(wrong).length === 0) choose(next);
  };
  return (
    <details class="fold sources">
      <summary>
        Sources: {count === 0 ? 'the operator’s own' : `${count} of your own`}
        <span class="fold-note">Who does not trust the operator asks another node</span>
      </summary>
      <form onSubmit={submit}>
        {FIELDS.map(({ name, label, hint }) => (
          <label class="field" key={name}>
            <span>{label}</span>
            <input
              name={name}
              defaultValue={chosen[name] ?? ''}
              key={chosen[name] ?? ''}
              placeholder={places?.[name] ?? ''}
              aria-invalid={errors[name] !== undefined}
              aria-describedby={`hint-${name}`}
              autocomplete="off"
              autocapitalize="off"
              spellcheck={false}
              maxLength={300}
            />
            <span id={`hint-${name}`} class={errors[name] ? 'field-error' : 'field-hint'}>
              {errors[name] ?? hint}
            </span>
          </label>
        ))}
        <p class="actions">
          <button class="button" type="submit">
            Use these
          </button>
          {count > 0 && (
            <button class="button" type="button" onClick={() => choose({})}>
              Use the operator’s again
            </button>
          )}
        </p>
      </form>
    </details>
  );
}
