import { useEffect } from 'preact/hooks';

let first = true;

/** Names the page, and brings a screen reader to its beginning when it was come to by a link. */
export function usePage(title: string): void {
  useEffect(() => {
    document.title = `${title} · ZK Casino`;
  }, [title]);
  useEffect(() => {
    if (!first && !location.hash) document.getElementById('content')?.focus({ preventScroll: true });
    first = false;
  }, []);
}
