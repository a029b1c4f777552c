import type { Address } from '@solana/kit';
import type { BetAnswer } from './api.ts';
import type { BetAnswers } from './bet-answers.ts';
import { betBody } from './bet-signing.ts';
import type { Clock } from './clock.ts';
import { CasinoApiError } from './errors.ts';
import type { SignedBytes } from './parse.ts';
import type { PendingBet } from './record.ts';

/** Sends the body of a bet until it is answered, byte for byte; throws `CasinoApiError` and `ClientError`. */
export interface BetPost {
  postBet(body: string): Promise<BetAnswer>;
}

export interface FlightPlace {
  post: BetPost;
  clock: Clock;
  owner: Address;
  answers: BetAnswers;
}

interface Sending {
  bet: PendingBet;
  /** The bet that it is chained on, if that is on its way too. */
  before: Flight | undefined;
  /** The receipt of the bet, if it was answered before. */
  receipt: SignedBytes | undefined;
  onOutcome: () => void;
}

/** What came of a bet that was sent. */
export type FlightOutcome = { answer: BetAnswer; ackMs: number } | { error: unknown };

/** A signed bet on its way to the service. */
export class Flight {
  readonly bet: PendingBet;
  /** Whether the service answered with a receipt of the bet, which is then kept; resolves, whatever happens. */
  readonly answered: Promise<boolean>;
  #outcome: FlightOutcome | undefined;
  #wanted = true;

  /** Sends a bet that is durable in the store. */
  constructor(place: FlightPlace, input: Sending) {
    this.bet = input.bet;
    this.answered = this.#fly(place, input).then((outcome) => {
      this.#outcome = outcome;
      input.onOutcome();
      return 'answer' in outcome;
    });
  }

  /** Undefined while it is on its way. */
  get outcome(): FlightOutcome | undefined {
    return this.#outcome;
  }

  /** Nobody waits for the answer any more; what still comes is not looked at. */
  abandon(): void {
    this.#wanted = false;
  }

  async #fly(place: FlightPlace, sending: Sending): Promise<FlightOutcome> {
    const sentAtMs = place.clock.nowMs();
    try {
      const answer = await this.#answer(place, sending);
      const ackMs = place.clock.nowMs() - sentAtMs;
      if (this.#wanted) await place.answers.keepReceipt(this.bet, answer);
      return { answer, ackMs };
    } catch (error) {
      return { error };
    }
  }

  /** A bet may overtake the one before on the way: such a gap closes once that one is answered, and the same bytes are sent again. */
  async #answer({ post, owner }: FlightPlace, { bet, before, receipt }: Sending): Promise<BetAnswer> {
    const body = betBody(owner, bet, receipt);
    for (;;) {
      const isAhead = before !== undefined && before.outcome === undefined;
      try {
        return await post.postBet(body);
      } catch (error) {
        const mayClose = isAhead && error instanceof CasinoApiError && error.code === 'BET_GAP';
        if (!mayClose || !(await before.answered) || !this.#wanted) throw error;
      }
    }
  }
}
