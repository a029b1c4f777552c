import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

export interface Resource<T> {
  /** What was read last; stays while it is read again. */
  value: T | undefined;
  error: unknown;
  loading: boolean;
  /** Reads it again. */
  reload(): void;
}

/** What `read` answers, read again when `key` changes or `reload` is called; an answer that comes too late is dropped. */
export function useResource<T>(key: string, read: (signal: AbortSignal) => Promise<T>): Resource<T> {
  const [state, setState] = useState<{ key: string; value: T | undefined; error: unknown; loading: boolean }>(() => started(key));
  const [round, setRound] = useState(0);
  const latest = useRef(read);
  latest.current = read;
  useEffect(() => {
    const abort = new AbortController();
    setState((before) => (before.key === key ? { ...before, loading: true } : started(key)));
    latest.current(abort.signal).then(
      (value) => !abort.signal.aborted && setState({ key, value, error: undefined, loading: false }),
      (error: unknown) =>
        !abort.signal.aborted &&
        setState((before) => ({ key, value: before.key === key ? before.value : undefined, error, loading: false })),
    );
    return () => abort.abort();
  }, [key, round]);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  const { value, error, loading } = state.key === key ? state : started<T>(key);
  return { value, error, loading, reload };
}

const started = <T>(key: string) => ({ key, value: undefined as T | undefined, error: undefined, loading: true });
