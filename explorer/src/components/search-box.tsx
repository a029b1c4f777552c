import { useEffect, useRef, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { placeOf } from '../search.ts';
import { Icon } from './icons.tsx';

/** Takes a bet id, a batch number or an address; `/` anywhere on the page brings the keyboard here. */
export function SearchBox() {
  const { route } = useLocation();
  const input = useRef<HTMLInputElement>(null);
  const [error, setError] = useState('');
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener('keydown', focus);
    return () => removeEventListener('keydown', focus);
  }, []);
  const submit = (event: Event) => {
    event.preventDefault();
    const place = placeOf(input.current?.value ?? '');
    if (place === undefined) return setError('Enter a bet id (64 hex digits), a batch number or an address.');
    setError('');
    if (input.current) input.current.value = '';
    input.current?.blur();
    route(place);
  };
  return (
    <search class="search">
      <form onSubmit={submit}>
        <Icon name="search" />
        <input
          ref={input}
          type="search"
          name="q"
          aria-label="Find a bet, a batch or a bettor"
          aria-describedby="search-error"
          aria-keyshortcuts="/"
          placeholder="Bet id, batch number, address"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          maxLength={100}
          onInput={() => setError('')}
        />
        <span class="search-key" aria-hidden="true">
          /
        </span>
      </form>
      <p id="search-error" class="search-error" role="alert">
        {error}
      </p>
    </search>
  );
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]');
}
