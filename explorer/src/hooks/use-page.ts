import { useEffect } from 'preact/hooks';

let first = true;

/** Names the page, and brings a screen reader to its beginning when it was come to by a link. */
export function usePage(title: string): void {
  useEffect(() => {
    document.title = `${title} · ZK Casino`;
  }, [title]);
  useEffect(() => {
    // Who is typing already is not interrupted.
    const isTyping = document.activeElement?.matches('input, select, textarea') ?? false;
    if (!first && !isTyping && !location.hash) document.getElementById('content')?.focus({ preventScroll: true });
    first = false;
  }, []);
}
