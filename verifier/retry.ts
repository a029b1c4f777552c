const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 5_000;
const MAX_RETRY_AFTER_MS = 60_000;

/** How one request went: an answer, or why to ask again and after how long (undefined: as the pauses go). */
export type Attempt<T> = { answer: T } | { reason: string; retryAfterMs?: number | undefined };

/**
 * Asks until there is an answer, with exponential pauses and jitter on their upper half. After `tries` failures `onGiveUp` makes the
 * error that is thrown. What `ask` throws is thrown at once.
 */
export async function askAgain<T>(options: {
  tries: number;
  ask(): Promise<Attempt<T>>;
  onGiveUp(reason: string): Error;
}): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    const attempt = await options.ask();
    if ('answer' in attempt) return attempt.answer;
    if (tried >= options.tries) throw options.onGiveUp(attempt.reason);
    await new Promise((resolve) => setTimeout(resolve, attempt.retryAfterMs ?? backoffMs(tried)));
  }
}

/** What a `Retry-After` header of seconds asks for, bounded. */
export function retryAfterMs(header: string | null): number | undefined {
  const seconds = header === null ? Number.NaN : Number(header);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(MAX_RETRY_AFTER_MS, 1_000 * seconds) : undefined;
}

function backoffMs(tried: number): number {
  const ceiling = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (tried - 1));
  return ceiling / 2 + (Math.random() * ceiling) / 2;
}
