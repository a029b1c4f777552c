import { useEffect, useRef, useState } from 'preact/hooks';
import { type Connection, events, type LiveEvent } from '../events.ts';

/** Calls `onEvents` with what has happened, at most every `everyMs`, so that a thousand bets a second are no thousand drawings. */
export function useEvents(onEvents: (happened: LiveEvent[]) => void, everyMs = 250): void {
  const latest = useRef(onEvents);
  latest.current = onEvents;
  useEffect(() => {
    let waiting: LiveEvent[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const flush = () => {
      timer = undefined;
      const happened = waiting;
      waiting = [];
      latest.current(happened);
    };
    const stop = events.listen((event) => {
      // A page in the background has its timers slowed down: what is too much to keep is told as a gap.
      if (waiting.length >= MAX_WAITING) waiting = [{ type: 'gap', reason: 'too much happened at once' }];
      waiting.push(event);
      timer ??= setTimeout(flush, everyMs);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [everyMs]);
}

const MAX_WAITING = 5_000;

/** How the connection that events come over is. */
export function useConnection(): Connection {
  const [state, setState] = useState(events.state);
  useEffect(() => events.onState(setState), []);
  return state;
}
