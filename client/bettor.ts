import { type CoinSide, stakeUnitsOf } from '../protocol/bet.ts';
import { fieldToHex } from '../protocol/bytes.ts';
import { STAKE_UNIT } from '../protocol/constants.ts';
import type { ApiClient } from './api.ts';
import { BetAnswers } from './bet-answers.ts';
import { type BetResult, BetRun, type BetRunPlace, type Order } from './bet-run.ts';
import { BetSigner, type BetSignerOptions } from './bet-signer.ts';
import type { Clock } from './clock.ts';
import type { BetPost } from './flight.ts';
import { MAX_PENDING_BETS } from './record.ts';
import { SeedRoots } from './seed-roots.ts';

/** A bet that is signed and has no answer yet. */
export interface UnansweredBet {
  betNumber: bigint;
  /** The bet's id in the service, hex. */
  head: string;
  /** Base units. */
  amount: bigint;
  guess: 'heads' | 'tails';
}

export interface BettorOptions extends Omit<BetSignerOptions, 'roots'> {
  api: Pick<ApiClient, 'vault' | 'balance' | 'health' | 'seedCommitment'>;
  /** Takes the signed bets to the service. */
  post: BetPost;
  clock: Clock;
  /** Most bets on their way at once, up to the default of 32. */
  maxInFlight?: number | undefined;
  /** Hears of a bet that an earlier run had signed and this one got answered. */
  onRecovered?: ((result: BetResult) => void) | undefined;
}

/** Bets that are signed while the lock is held once: then others that share the store have their turn. */
const TURN_BETS = 256;

/** Places the bets of one vault: many at once, each durable in the store before it is sent, the answers checked in order. */
export class Bettor {
  readonly #o: BettorOptions;
  readonly #place: BetRunPlace;
  /** Bets that are not signed yet, in the order of the calls. */
  readonly #orders: Order[] = [];
  #busy = false;
  #change = Promise.withResolvers<void>();

  constructor(options: BettorOptions) {
    this.#o = options;
    const roots = new SeedRoots(options);
    const maxInFlight = options.maxInFlight ?? MAX_PENDING_BETS;
    if (!(maxInFlight >= 1 && maxInFlight <= MAX_PENDING_BETS)) {
      throw new RangeError(`1 to ${MAX_PENDING_BETS} bets may be on their way at once, not ${maxInFlight}`);
    }
    this.#place = {
      ...options,
      maxInFlight,
      answers: new BetAnswers({ ...options, roots }),
      signer: new BetSigner({ ...options, roots }),
      onChange: () => this.#change.resolve(),
    };
  }

  /**
   * Places one bet, without waiting for those before it unless it needs their winnings. Those of an earlier run that are still unanswered go
   * first. Throws `BetRefusedError`, and `BetDroppedError` for a bet behind a refused one: both numbers may be bet anew, and neither bet
   * can ever count; `FraudEvidenceError`; `CasinoApiError` and `ClientError`, after which the bet, once signed, stays pending
   * and is sent again, byte for byte, by the next call or by `resume`: `unanswered` lists it.
   */
  async bet(input: { amount: bigint; choice: CoinSide }): Promise<BetResult> {
    const stakeUnits = stakeUnitsOf(input.amount);
    return new Promise((resolve, reject) => {
      this.#orders.push({ stakeUnits, choice: input.choice, resolve, reject });
      this.#change.resolve();
      void this.#work();
    });
  }

  /** Sends the bets again that were signed and not answered, and gives their results; one that is refused and those behind it have none. */
  resume(): Promise<BetResult[]> {
    return this.#o.book.alone(async () => this.#recover(await BetRun.begin(this.#place)));
  }

  /** The bets of this store that are signed and not answered, in order. */
  async unanswered(): Promise<UnansweredBet[]> {
    const record = await this.#o.book.load();
    return (record?.pending ?? []).map(({ betNumber, head, stakeUnits, choice }) => {
      return { betNumber, head: fieldToHex(head), amount: stakeUnits * STAKE_UNIT, guess: choice === 1 ? 'heads' : 'tails' };
    });
  }

  async #work(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (this.#orders.length > 0) await this.#o.book.alone(() => this.#turn()).catch((error) => this.#rejectOrders(error));
    } finally {
      this.#busy = false;
    }
  }

  /** Throws what keeps bets from being signed at all; what befalls those that are on their way, their callers hear. */
  async #turn(): Promise<void> {
    const run = await BetRun.begin(this.#place);
    await this.#recover(run);
    try {
      for (let left = TURN_BETS; ; ) {
        this.#change = Promise.withResolvers();
        const { promise } = this.#change;
        left -= await run.sign(this.#orders, left);
        if (run.inFlight === 0) return;
        if (!(await run.settle())) await promise;
      }
    } catch (error) {
      run.end(error);
    }
  }

  async #recover(run: BetRun): Promise<BetResult[]> {
    const results: BetResult[] = [];
    let failure: { error: unknown } | undefined;
    await run.sendPending({
      resolve: (result) => results.push(result),
      reject: () => undefined,
    });
    try {
      while (run.inFlight > 0) {
        this.#change = Promise.withResolvers();
        const { promise } = this.#change;
        if (!(await run.settle())) await promise;
      }
    } catch (error) {
      failure = { error };
      run.end(error);
    }
    for (const result of results) this.#o.onRecovered?.(result);
    if (failure) throw failure.error;
    return results;
  }

  #rejectOrders(error: unknown): void {
    for (const order of this.#orders.splice(0)) order.reject(error);
  }
}
