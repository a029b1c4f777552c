import type { Leader } from '../chain/settlement-chain.ts';
import type { ChainView } from '../chain/view.ts';
import { CasinoError } from '../errors.ts';
import type { Problem } from './problems.ts';

/** Decides whether bets may be taken at all. Exits, payments and settlement never ask it. */
export class Gate {
  readonly #leader: Leader;
  readonly #slotMs: number;
  readonly #nowMs: () => number;
  readonly #fundsDiffer: () => boolean | undefined;

  /** `fundsDiffer`: whether the newest reconciliation found money missing; undefined if there has been none. */
  constructor(options: { leader: Leader; slotMs: number; nowMs(): number; fundsDiffer(): boolean | undefined }) {
    this.#leader = options.leader;
    this.#slotMs = options.slotMs;
    this.#nowMs = options.nowMs;
    this.#fundsDiffer = options.fundsDiffer;
  }

  /** Why bets are not taken, or undefined: another leads, the view of the chain is too old, money is missing, or that is not known. */
  problem(view: ChainView | undefined): Problem | undefined {
    if (!view) return { code: 'CHAIN_UNSEEN', message: 'the chain has not been read yet' };
    const seen = [view.finalized.house, view.confirmed.house];
    if (seen.some((house) => house.leaderEpoch !== this.#leader.epoch || house.leaderNonce !== this.#leader.nonce)) {
      return { code: 'NOT_LEADING', message: 'another process leads the house' };
    }
    if (this.ageMs(view) > this.maxAgeMs(view)) {
      return { code: 'CHAIN_STALE', message: 'the chain has not been seen for too long' };
    }
    const fundsDiffer = this.#fundsDiffer();
    if (fundsDiffer === undefined) {
      return { code: 'NOT_RECONCILED', message: 'bets are stopped: ledger and chain have not been compared yet' };
    }
    if (fundsDiffer) {
      return { code: 'FUNDS_DIFFER', message: 'bets are stopped: reconciliation found money missing' };
    }
    return undefined;
  }

  /** The error that a bet is answered with while it is not taken. */
  stopped(view: ChainView): CasinoError | undefined {
    const problem = this.problem(view);
    const busy = problem?.code === 'FUNDS_DIFFER' || problem?.code === 'NOT_RECONCILED';
    return problem && new CasinoError(busy ? 'BUSY' : 'NOT_LEADING', problem.message);
  }

  ageMs(view: ChainView): number {
    return this.#nowMs() - view.observedAtMs;
  }

  /** A quarter of the exit delay: a bettor could else exit from a loss that is not settled yet. */
  maxAgeMs(view: ChainView): number {
    return (Number(view.finalized.house.exitDelaySlots) * this.#slotMs) / 4;
  }
}
