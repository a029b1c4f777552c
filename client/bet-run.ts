import { fieldToHex } from '../protocol/bytes.ts';
import type { Receipt } from '../protocol/messages.ts';
import type { BetSigner, WantedStake } from './bet-signer.ts';
import { BetDroppedError, type BetRefusedError, CasinoApiError, ClientError } from './errors.ts';
import { Flight, type FlightOutcome, type FlightPlace } from './flight.ts';
import type { SignedBytes } from './parse.ts';
import type { PendingBet, SigningRecord } from './record.ts';
import type { RecordBook } from './signing-record.ts';

/** A bet that was answered, every check passed. Amounts in base units. */
export interface BetResult {
  betNumber: bigint;
  /** `head_n`, which is the bet's id in the service; hex. */
  head: string;
  outcome: 'heads' | 'tails';
  won: boolean;
  stake: bigint;
  /** Stake included; 0 for a loss. */
  payout: bigint;
  balanceAfter: bigint;
  receipt: SignedBytes;
  /** The revealed server seed, hex. */
  serverSeed: string;
  /** From the first sending of the bytes to their answer. */
  ackMs: number;
}

/** Someone waits for a bet. */
export interface Order extends WantedStake {
  resolve(result: BetResult): void;
  reject(error: unknown): void;
}

export interface BetRunPlace extends FlightPlace {
  book: RecordBook;
  signer: BetSigner;
  /** Most bets on their way at once. */
  maxInFlight: number;
  /** Called when there may be something to do. */
  onChange: () => void;
}

/** Errors after which the service may know of bets that this record does not. */
const DOUBTFUL: ReadonlySet<string> = new Set(['BET_CONFLICT', 'BAD_SIGNATURE', 'BET_GAP']);

/** What is signed, sent and answered while the vault's lock is held once: the record has no other writer. */
export class BetRun {
  readonly #o: BetRunPlace;
  /** As it is in the store. */
  #record: SigningRecord;
  /** The record's pending bets on their way, in order. */
  #flights: { flight: Flight; order: Order }[] = [];

  private constructor(place: BetRunPlace, record: SigningRecord) {
    this.#o = place;
    this.#record = record;
  }

  /** Call it with the vault's lock held. `NO_SIGNING_RECORD`. */
  static async begin(place: BetRunPlace): Promise<BetRun> {
    const record = await place.book.load();
    if (!record) throw new ClientError('NO_SIGNING_RECORD', 'this store has no record of the vault: open the vault first');
    return new BetRun(place, record);
  }

  get inFlight(): number {
    return this.#flights.length;
  }

  /**
   * Puts the bets that an earlier run had signed on their way again, byte for byte and in order. A receipt that came for one while an earlier
   * bet had no answer goes with it: without it a restored house would refuse the bet for good.
   */
  async sendPending(order: Omit<Order, keyof WantedStake>): Promise<void> {
    if (this.#record.pending.length === 0) return;
    // What was read may be visible and yet not durable: the run that wrote it can have ended before its sync.
    await this.#o.book.save(this.#record);
    const receipts = await Promise.all(this.#record.pending.map((bet) => this.#o.answers.keptReceipt(bet)));
    for (const [index, bet] of this.#record.pending.entries()) this.#send(bet, { ...order, ...bet }, receipts[index]);
  }

  /**
   * Takes orders from the front of the list, at most `most`, signs them, makes all durable at once and sends them. An order that can not
   * be signed hears why; one that has to wait for answers stays, with those behind it. Returns how many were signed.
   */
  async sign(orders: Order[], most: number): Promise<number> {
    const free = Math.min(most, this.#o.maxInFlight - this.#flights.length);
    const taken: Order[] = [];
    let record = this.#record;
    for (let order = orders[0]; order && taken.length < free; order = orders[0]) {
      const betNumber = record.nextBet + BigInt(record.pending.length);
      try {
        const next = await this.#o.answers.keepingEvidence(betNumber, () => this.#o.signer.sign(record, order));
        if (!next) break;
        record = next;
        taken.push(order);
      } catch (error) {
        order.reject(error);
      }
      orders.shift();
    }
    try {
      if (taken.length > 0) await this.#store(record);
    } catch (error) {
      for (const order of taken) order.reject(error);
      throw error;
    }
    for (const order of taken) this.#send(this.#record.pending[this.#flights.length] as PendingBet, order);
    return taken.length;
  }

  /** Deals with the answers that have come, in the order of the bets. False if the first one has not; throws if it can not go on. */
  async settle(): Promise<boolean> {
    const told: (() => void)[] = [];
    let record = this.#record;
    let failure: { error: unknown } | undefined;
    let refused: BetRefusedError | undefined;
    for (const { flight, order } of this.#flights) {
      if (!flight.outcome || refused) break;
      try {
        const step = await this.#step(record, flight.outcome);
        record = step.record;
        refused = 'refused' in step ? step.refused : undefined;
        told.push('refused' in step ? () => order.reject(step.refused) : () => order.resolve(step.result));
      } catch (error) {
        failure = { error };
        break;
      }
    }
    if (told.length > 0) {
      await this.#o.book.save(record);
      this.#record = record;
      this.#flights.splice(0, told.length);
    }
    for (const tell of told) tell();
    if (refused) this.#drop(refused);
    if (failure) throw failure.error;
    return told.length > 0;
  }

  /** Ends the run: who waits hears it, and the bets that are signed stay pending. */
  end(error: unknown): void {
    if (error instanceof CasinoApiError && DOUBTFUL.has(error.code)) this.#o.signer.doubt();
    const [first, ...others] = this.#flights;
    first?.flight.abandon();
    first?.order.reject(error);
    for (const { flight, order } of others) {
      flight.abandon();
      const { betNumber } = flight.bet;
      const message = `bet ${betNumber} is signed and stays pending, for an earlier one is not answered; the next call sends both again`;
      order.reject(new ClientError('BET_PENDING', message, { cause: error }));
    }
    this.#flights = [];
  }

  /** Tells those who wait for bets behind a refused one. */
  #drop(refused: BetRefusedError): void {
    for (const { flight, order } of this.#flights) {
      flight.abandon();
      const { betNumber, head } = flight.bet;
      order.reject(new BetDroppedError({ betNumber, head: fieldToHex(head), refused }));
    }
    this.#flights = [];
  }

  async #step(
    record: SigningRecord,
    outcome: FlightOutcome,
  ): Promise<{ record: SigningRecord } & ({ result: BetResult } | { refused: BetRefusedError })> {
    const { answers, signer } = this.#o;
    const [bet] = record.pending as readonly [PendingBet, ...PendingBet[]];
    return answers.keepingEvidence(bet.betNumber, async () => {
      if ('answer' in outcome) {
        const { answer, ackMs } = outcome;
        const accepted = await answers.accept(record, { answer, depositsBefore: signer.depositsBefore });
        const result = resultOf({ bet, receipt: accepted.receipt, signed: answer.receipt, ackMs });
        return { record: accepted.record, result };
      }
      const { error } = outcome;
      if (error instanceof CasinoApiError && error.code === 'REFUSED') return answers.refuse(record, error);
      throw error;
    });
  }

  #send(bet: PendingBet, order: Order, receipt?: SignedBytes): void {
    const before = this.#flights.at(-1)?.flight;
    const flight = new Flight(this.#o, { bet, before, receipt, onOutcome: this.#o.onChange });
    this.#flights.push({ flight, order });
  }

  async #store(record: SigningRecord): Promise<void> {
    const { book } = this.#o;
    // Read again at the last moment: only this lock's holder may have changed it.
    const now = await book.load();
    const last = (one: SigningRecord) => one.pending.at(-1)?.head ?? one.head;
    if (now?.nextBet !== this.#record.nextBet || last(now) !== last(this.#record)) {
      throw new ClientError('RECORD_CONFLICT', 'the signing record changed while a bet was being signed');
    }
    await book.save(record);
    this.#record = record;
  }
}

function resultOf(input: { bet: PendingBet; receipt: Receipt; signed: SignedBytes; ackMs: number }): BetResult {
  const { bet, receipt } = input;
  return {
    betNumber: receipt.betNumber,
    head: fieldToHex(receipt.head),
    outcome: receipt.outcome === 1 ? 'heads' : 'tails',
    won: receipt.outcome === bet.choice,
    stake: receipt.stake,
    payout: receipt.payout,
    balanceAfter: receipt.balanceAfter,
    receipt: input.signed,
    serverSeed: fieldToHex(receipt.serverSeed),
    ackMs: input.ackMs,
  };
}
