import {
  createDefaultRpcTransport,
  isSolanaError,
  type RpcTransport,
  SOLANA_ERROR__RPC__TRANSPORT_HTTP_ERROR,
} from '@solana/kit';
import { backoffMs } from '../backoff.ts';

const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 2_000;
/** Longest that a node's `Retry-After` is obeyed. */
const MAX_RETRY_AFTER_MS = 60_000;
/** A slot that no answer reaches for this many calls' time was a broken node's, and is forgotten. */
const FORGET_AFTER_CALLS = 6;
/** Answers of a node that has not done what it was asked, and may soon. */
const TRY_LATER_STATUS = new Set([429, 503]);
/** `NodeUnhealthy` and `MinContextSlotNotReached` of Solana's `rpc-custom-error`. */
const BEHIND_CODES = new Set([-32005, -32016]);

const LEVELS = ['processed', 'confirmed', 'finalized'] as const;
type Level = (typeof LEVELS)[number];
type Request = Parameters<RpcTransport>[0];

/**
 * A node's JSON-RPC over HTTP, made steady. A node that asks for a pause (429, 503) gets it from every call; and time never goes back:
 * an answer from an earlier slot than an earlier answer has shown comes from a node that is behind (behind a load balancer, say), and is
 * asked for again until the call's time, `timeoutMs`, is over. Nothing else is tried again here: after a broken connection nobody knows what the
 * node did.
 */
export function steadyTransport(options: { url: string; timeoutMs: number }): RpcTransport {
  const inner = createDefaultRpcTransport({ url: options.url });
  const slots = new SeenSlots(FORGET_AFTER_CALLS * options.timeoutMs);
  let notBeforeMs = 0;
  return async <TResponse>(request: Request): Promise<TResponse> => {
    const limit = AbortSignal.timeout(options.timeoutMs);
    const signal = request.signal ? AbortSignal.any([request.signal, limit]) : limit;
    let reason: unknown = new Error('the node has asked for a pause');
    for (let tries = 1; ; tries += 1) {
      await pauseUntil(notBeforeMs, signal, () => reason);
      let pauseMs: number;
      try {
        const answer = await inner<TResponse>({ ...request, signal });
        const behind = slots.behind(request.payload, answer);
        if (behind === undefined) return answer;
        reason = new Error(behind);
        pauseMs = retryPauseMs(tries);
        await pauseUntil(performance.now() + pauseMs, signal, () => reason);
      } catch (error) {
        const asked = askedPauseMs(error, tries);
        if (asked === undefined) throw error;
        reason = error;
        notBeforeMs = Math.max(notBeforeMs, performance.now() + asked);
      }
    }
  };
}

/** The newest slot that answers have shown, for each commitment. */
class SeenSlots {
  readonly #newest: Record<Level, bigint> = { processed: 0n, confirmed: 0n, finalized: 0n };
  /** Since when no answer was new enough. */
  readonly #refusedSinceMs: Partial<Record<Level, number>> = {};
  readonly #forgetAfterMs: number;

  constructor(forgetAfterMs: number) {
    this.#forgetAfterMs = forgetAfterMs;
  }

  /** Why an answer shows that its node is behind, or undefined: then later answers must be as new. */
  behind(payload: unknown, answer: unknown): string | undefined {
    const { error, result } = (answer ?? {}) as { error?: { code?: unknown; message?: string }; result?: unknown };
    if (error) return BEHIND_CODES.has(Number(error.code)) ? `the node is behind: ${error.message}` : undefined;
    const { method, params } = payload as { method: string; params?: readonly unknown[] };
    const { context, absoluteSlot, value } = (result ?? {}) as {
      context?: { slot?: unknown };
      absoluteSlot?: unknown;
      value?: unknown;
    };
    const slot = context?.slot ?? absoluteSlot;
    // Some nodes run simulations against their newest state whatever commitment is asked for: that slot says nothing of the commitment.
    if (typeof slot !== 'bigint' || method === 'simulateTransaction') return undefined;
    const level = method === 'getSignatureStatuses' ? 'processed' : levelOf(params);
    const newest = this.#newest[level];
    if (slot < newest && !this.#isForgotten(level)) return `the node is behind: it answers from slot ${slot}, ${newest} was seen`;
    delete this.#refusedSinceMs[level];
    if (slot < newest) this.#newest[level] = slot;
    this.#saw(level, slot);
    if (method === 'getSignatureStatuses' && Array.isArray(value)) this.#learn(value);
    return undefined;
  }

  /** Whether answers have been refused for so long that the newest slot was a mistake, or the cluster went back. */
  #isForgotten(level: Level): boolean {
    const nowMs = performance.now();
    this.#refusedSinceMs[level] ??= nowMs;
    return nowMs - this.#refusedSinceMs[level] > this.#forgetAfterMs;
  }

  /** What is finalized is confirmed, and what is confirmed is processed. */
  #saw(level: Level, slot: bigint): void {
    for (const below of LEVELS.slice(0, LEVELS.indexOf(level) + 1)) {
      if (slot > this.#newest[below]) this.#newest[below] = slot;
    }
  }

  #learn(statuses: readonly unknown[]): void {
    for (const status of statuses) {
      const { slot, confirmationStatus } = (status ?? {}) as { slot?: unknown; confirmationStatus?: Level };
      if (typeof slot === 'bigint' && confirmationStatus && LEVELS.includes(confirmationStatus))
        this.#saw(confirmationStatus, slot);
    }
  }
}

/** The commitment that a request asks for; kit leaves the servers' default out. */
function levelOf(params: readonly unknown[] = []): Level {
  const config = params.at(-1);
  const asked = typeof config === 'object' && config !== null && 'commitment' in config ? config.commitment : undefined;
  return LEVELS.find((level) => level === asked) ?? 'finalized';
}

/** How long a node asks to be left alone; undefined if it does not. */
function askedPauseMs(error: unknown, tries: number): number | undefined {
  if (!isSolanaError(error, SOLANA_ERROR__RPC__TRANSPORT_HTTP_ERROR)) return undefined;
  const { statusCode, headers } = error.context;
  if (!TRY_LATER_STATUS.has(statusCode)) return undefined;
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(MAX_RETRY_AFTER_MS, 1_000 * seconds) : retryPauseMs(tries);
}

function retryPauseMs(tries: number): number {
  return backoffMs(tries, { firstMs: FIRST_PAUSE_MS, mostMs: MAX_PAUSE_MS, random: Math.random() });
}

/** Waits until a time of the monotonic clock; rejects with the reason at hand once the call's time is over. */
function pauseUntil(timeMs: number, signal: AbortSignal, reason: () => unknown): Promise<void> {
  const pauseMs = timeMs - performance.now();
  if (signal.aborted) return Promise.reject(reason());
  if (pauseMs <= 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(reason());
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, pauseMs);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
