import type { Answer, Request } from './messages.ts';

/** Longest that a verifier that was told to stop may take to keep its state, before it is ended. */
const STOP_TIMEOUT_MS = 5_000;

export interface Running {
  /** Asks it to keep its state and end: `INTERRUPTED` is then the last answer. */
  stop(): void;
  /** Ends it at once; nothing is answered any more. */
  end(): void;
}

/** Runs one verification in a worker of its own, which ends with its last answer. */
export function runVerifier(request: Exclude<Request, { type: 'stop' }>, onAnswer: (answer: Answer) => void): Running {
  const worker = new Worker(new URL('./verify-worker.ts', import.meta.url), { type: 'module', name: 'verifier' });
  let ended = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = () => {
    ended = true;
    clearTimeout(timer);
    worker.terminate();
  };
  const take = (answer: Answer) => {
    if (ended) return;
    if (answer.type === 'bet' || answer.type === 'house' || answer.type === 'failed') end();
    onAnswer(answer);
  };
  const fail = (code: string, message: string) => take({ type: 'failed', failure: { code, message } });
  worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => take(data));
  // Its file did not load, or it threw outside of what it catches.
  worker.addEventListener('error', (event) => fail('UNEXPECTED', event.message || 'the verifier could not be loaded'));
  worker.postMessage(request);
  const stop = () => {
    worker.postMessage({ type: 'stop' } satisfies Request);
    timer = setTimeout(() => fail('INTERRUPTED', 'interrupted'), STOP_TIMEOUT_MS);
  };
  return { stop, end };
}
