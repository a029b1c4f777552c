import { useEffect, useState } from 'preact/hooks';

const listeners = new Set<(nowMs: number) => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** The time, again every second: one timer for all that ask. */
export function useNow(): number {
  const [nowMs, setNowMs] = useState(Date.now);
  useEffect(() => {
    listeners.add(setNowMs);
    timer ??= setInterval(() => {
      const now = Date.now();
      for (const listener of listeners) listener(now);
    }, 1_000);
    return () => {
      listeners.delete(setNowMs);
      if (listeners.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    };
  }, []);
  return nowMs;
}
