import { useRef, useState } from 'preact/hooks';
import { BetResult } from './bet-result.tsx';
import type { PlacesState } from './sources.ts';
import { useBetVerification } from './use-bet-verification.ts';

/** Larger than any receipt file: what is dropped by mistake is not read whole. */
const MAX_FILE_BYTES = 1_000_000;

/** Takes a receipt file, dropped, chosen or pasted, and checks it. */
export function ReceiptDrop({ places }: { places: PlacesState }) {
  const { state, start } = useBetVerification();
  const [over, setOver] = useState(false);
  const [name, setName] = useState('');
  const pasted = useRef<HTMLTextAreaElement>(null);
  const last = useRef<(() => Promise<string>) | undefined>(undefined);
  const check = (what: string, read: () => Promise<string>) => {
    if (!places.places) return;
    setName(what);
    last.current = read;
    void start(places.places, read);
  };
  const take = (file: File | undefined) => file && check(file.name, () => textOf(file));
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer?.files[0]);
  };
  const retry = () => last.current && check(name, last.current);
  return (
    <section class="card stack" aria-labelledby="verify-receipt">
      <div>
        <h2 id="verify-receipt">A bet, by its receipt file</h2>
        <p class="muted">
          The file holds what the house signed. It stays in this browser: only the chain and the place of the blobs are asked.
        </p>
      </div>
      <label
        class={over ? 'drop drop-over' : 'drop'}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <span class="drop-title">Drop a receipt file here, or choose one</span>
        <input
          type="file"
          accept=".json,application/json"
          disabled={!places.places}
          onChange={(event) => {
            take(event.currentTarget.files?.[0]);
            // The same file again, changed meanwhile, is another choice.
            event.currentTarget.value = '';
          }}
        />
      </label>
      <details class="fold">
        <summary>Or paste it</summary>
        <label class="field">
          <span>Text of a receipt file</span>
          <textarea ref={pasted} rows={6} spellcheck={false} class="mono" maxLength={MAX_FILE_BYTES} />
        </label>
        <p class="actions">
          <button
            class="button"
            type="button"
            disabled={!places.places}
            onClick={() => {
              const text = pasted.current?.value ?? '';
              check('the pasted text', async () => text);
            }}
          >
            Check the text
          </button>
        </p>
      </details>
      {name && state.phase !== 'idle' && <p class="muted small">{name}</p>}
      <BetResult verification={state} onRetry={() => void retry()} />
    </section>
  );
}

async function textOf(file: File): Promise<string> {
  if (file.size > MAX_FILE_BYTES) throw new Error(`${file.name} is too large for a receipt file.`);
  return file.text();
}
