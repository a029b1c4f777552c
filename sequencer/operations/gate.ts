import type { Leader } from '../chain/settlement-chain.ts';
import type { ChainView } from '../chain/view.ts';
import { CasinoError } from '../errors.ts';
import type { Discrepancy } from './reconcile.ts';

/** Decides whether bets may be taken at all. Exits and settlement never ask it. */
export class Gate {
  readonly #leader: Leader;
  readonly #slotMs: number;
  readonly #nowMs: () => number;
  readonly #discrepancies: readonly Discrepancy[];

  constructor(options: { leader: Leader; slotMs: number; nowMs(): number; discrepancies: readonly Discrepancy[] }) {
    this.#leader = options.leader;
    this.#slotMs = options.slotMs;
    this.#nowMs = options.nowMs;
    this.#discrepancies = options.discrepancies;
  }

  /** Why bets are not taken, or undefined: another leads, the view of the chain is too old, or money is missing. */
  stopped(view: ChainView): CasinoError | undefined {
    const seen = [view.finalized.house, view.confirmed.house];
    if (seen.some((house) => house.leaderEpoch !== this.#leader.epoch || house.leaderNonce !== this.#leader.nonce)) {
      return new CasinoError('NOT_LEADING', 'another process leads the house');
    }
    if (this.ageMs(view) > this.maxAgeMs(view)) {
      return new CasinoError('NOT_LEADING', 'the chain has not been seen for too long');
    }
    if (this.#discrepancies.some(({ funds }) => funds)) {
      return new CasinoError('BUSY', 'bets are stopped: reconciliation found money missing');
    }
    return undefined;
  }

  ageMs(view: ChainView): number {
    return this.#nowMs() - view.observedAtMs;
  }

  /** A quarter of the exit delay: a bettor could else exit from a loss that is not settled yet. */
  maxAgeMs(view: ChainView): number {
    return (Number(view.finalized.house.exitDelaySlots) * this.#slotMs) / 4;
  }
}
