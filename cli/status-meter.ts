/** A bet as it was heard of. */
export interface HeardBet {
  user: string;
  betNumber: bigint;
  outcome: 'heads' | 'tails';
  payout: bigint;
}

/** Bets a second are counted over so long. */
const WINDOW_MS = 10_000;
const NEWEST = 8;

/** Counts the bets that the service tells of. */
export class BetMeter {
  readonly #nowMs: () => number;
  readonly #startedMs: number;
  #times: number[] = [];
  #newest: HeardBet[] = [];

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#startedMs = nowMs();
  }

  bet(heard: HeardBet): void {
    this.#times.push(this.#nowMs());
    this.#newest = [heard, ...this.#newest].slice(0, NEWEST);
    this.#forget();
  }

  /** Bets a second over the window, or over the time since the start if that is shorter; the newest bets first. */
  read(): { perSecond: number; newest: readonly HeardBet[] } {
    this.#forget();
    const overMs = Math.max(1_000, Math.min(WINDOW_MS, this.#nowMs() - this.#startedMs));
    return { perSecond: (this.#times.length * 1_000) / overMs, newest: this.#newest };
  }

  #forget(): void {
    const oldest = this.#nowMs() - WINDOW_MS;
    const first = this.#times.findIndex((time) => time >= oldest);
    this.#times = first === -1 ? [] : this.#times.slice(first);
  }
}
