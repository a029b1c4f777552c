import { useEffect, useRef } from 'preact/hooks';
import { useEvents } from './use-events.ts';
import type { Resource } from './use-resource.ts';

/** Between two readings of what changes. */
const EVERY_MS = 500;

/** Reads something again when any batch has moved on, as long as it is `open`. */
export function useFollowed({ reload, loading }: Resource<unknown>, open: boolean): void {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  useEvents((happened) => {
    if (!open || loading || timer.current !== undefined) return;
    if (happened.every(({ type }) => type === 'bet_result' || type === 'position')) return;
    timer.current = setTimeout(() => {
      timer.current = undefined;
      reload();
    }, EVERY_MS);
  });
}
