import type { Clock } from './clock.ts';
import { CasinoApiError, ClientError } from './errors.ts';

/** How long the same request is sent again and again, and how far apart. */
export interface RetryLimits {
  /** No further attempt begins after this time. */
  maxElapsedMs: number;
  firstDelayMs: number;
  maxDelayMs: number;
}

export const DEFAULT_RETRY_LIMITS: RetryLimits = { maxElapsedMs: 60_000, firstDelayMs: 100, maxDelayMs: 5_000 };

/** Longest `Retry-After` that is obeyed; a longer one counts as this. */
const MAX_RETRY_AFTER_MS = 30_000;

/**
 * Calls `attempt` until it answers, fails for good, or the limit is reached; then throws the last error. Waits grow exponentially,
 * with full jitter (Brooker, "Exponential Backoff And Jitter", 2015), and are never shorter than the service asked for.
 */
export async function withRetries<T>(input: {
  clock: Clock;
  limits: RetryLimits;
  attempt: () => Promise<T>;
  mayRetry: (error: unknown) => boolean;
}): Promise<T> {
  const { clock, limits } = input;
  const deadlineMs = clock.nowMs() + limits.maxElapsedMs;
  for (let delayMs = limits.firstDelayMs; ; delayMs = Math.min(2 * delayMs, limits.maxDelayMs)) {
    try {
      return await input.attempt();
    } catch (error) {
      const waitMs = Math.max(delayMs * clock.random(), askedWaitMs(error));
      if (!input.mayRetry(error) || clock.nowMs() + waitMs > deadlineMs) throw error;
      await clock.sleep(waitMs);
    }
  }
}

/**
 * Whether the same request may succeed later: no answer at all, or an error that says so. `BET_GAP` says so for bets that are sent ahead:
 * whether the gap will close is known where they are sent (flight.ts).
 */
export function isTransient(error: unknown): boolean {
  if (error instanceof ClientError) return error.code === 'API_UNREACHABLE';
  return error instanceof CasinoApiError && error.retry && error.code !== 'BET_GAP';
}

function askedWaitMs(error: unknown): number {
  const askedMs = error instanceof CasinoApiError ? (error.retryAfterMs ?? 0) : 0;
  return Math.min(askedMs, MAX_RETRY_AFTER_MS);
}
