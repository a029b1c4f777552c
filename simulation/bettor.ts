import type { Address } from '@solana/kit';
import { betPack, type CoinSide, nextHead } from '../protocol/bet.ts';
import { compareBytes, fieldToHex } from '../protocol/bytes.ts';
import { STAKE_UNIT } from '../protocol/constants.ts';
import { fieldToBytes } from '../protocol/field.ts';
import { decodeReceipt, type Receipt } from '../protocol/messages.ts';
import type { BetAnswer, BetRequest } from '../sequencer/admission/admission.ts';
import { CasinoError } from '../sequencer/errors.ts';
import type { ModelInstruction } from './model/instructions.ts';
import type { ModelVault } from './model/state.ts';
import { type Person, signatureOf } from './people.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { RunningSequencer } from './sequencer.ts';

/** Largest stake that the house promises, and a little more: some bets are to be refused. */
const MAX_STAKE_UNITS = 52;
const PROMISED_UNITS = 50n;
const FIRST_RETRY_MS = 300;
const MAX_RETRY_MS = 4_000;

/** What surrounds a bettor. */
export interface BettorWorld {
  readonly scheduler: Scheduler;
  /** Whether new bets are placed. */
  readonly playing: boolean;
  /** Whether somebody else is going to lead the house for good, and whether it does. */
  readonly doomed: boolean;
  readonly usurped: boolean;
  /** A vault as the finalized chain shows it. */
  vault(address: Address): ModelVault;
  canExit(address: Address): boolean;
  /** Somebody's transaction goes to the network, and may get lost there. */
  send(instruction: ModelInstruction): void;
  /** A request to whichever sequencer answers; copies and answers get lost and are late. */
  ask<T>(name: string, act: (running: RunningSequencer) => Promise<T>): Promise<T>;
  violate(text: string): void;
}

interface SignedBet {
  request: BetRequest;
  head: bigint;
}

export interface HeldReceipt extends Receipt {
  message: Uint8Array;
  signature: Uint8Array;
}

/** A bettor with its own durable store: it signs one bet a number, sends the same bytes until they are answered, keeps all receipts. */
export class SimulatedBettor {
  readonly person: Person;
  readonly receipts = new Map<bigint, HeldReceipt>();
  /** Signed and not answered. */
  pending: SignedBet | undefined;
  readonly #world: BettorWorld;
  readonly #random: Random;
  readonly #refused = new Set<bigint>();
  readonly #answered: SignedBet[] = [];
  #nextBet = 1n;
  #head: bigint;
  #seeds = 0n;
  #hasLimit = false;
  /** Whether money may have left, so that a receipt's balance may be above the present one. */
  #withdrew = false;

  constructor(person: Person, world: BettorWorld, random: Random) {
    this.person = person;
    this.#world = world;
    this.#random = random;
    this.#head = person.accountId;
  }

  /** Bets, pays in, withdraws and leaves until the world has enough; then has its last bet answered. */
  async play(): Promise<void> {
    while (this.#world.playing) {
      await this.#pause(100, 1_200);
      if (this.#vault().frozen) return this.#leave();
      await this.#doSomething();
    }
    while (this.#world.doomed) await this.#pause(1_000, 2_000);
    while (this.pending && !this.#vault().frozen && !this.#world.usurped) await this.#deliver();
    await this.#leave();
  }

  #vault() {
    return this.#world.vault(this.person.vault);
  }

  #pause(leastMs: number, mostMs: number): Promise<void> {
    return this.#world.scheduler.sleep(this.#random.between(leastMs, mostMs), 'pause');
  }

  async #doSomething(): Promise<void> {
    const what = this.#random.fraction();
    const { vault } = this.person;
    if (this.#mayExit()) return;
    if (what < 0.06) return this.#world.send({ kind: 'deposit', vault, amount: 10_000n * BigInt(this.#random.between(1, 50)) });
    if (what < 0.12) return this.requestWithdrawal();
    if (what < 0.14) return this.#world.send({ kind: 'claim', vault });
    if (what < 0.17) return this.#bother();
    if (!this.pending) this.pending = await this.#signNext();
    await this.#deliver();
  }

  /** Leaves by force, or bears with the house for another while. */
  #mayExit(): boolean {
    const { vault } = this.person;
    if (!this.#world.canExit(vault) || this.#random.chance(0.7)) return false;
    this.#world.send({ kind: 'exit', vault });
    return true;
  }

  requestWithdrawal(): void {
    this.#withdrew = true;
    const amount = 10_000n * BigInt(this.#random.between(1, 400));
    this.#world.send({ kind: 'request', vault: this.person.vault, amount });
  }

  /** With the operator gone for good: asks for everything, and leaves by force. What was answered must stay so after that. */
  async #leave(): Promise<void> {
    while (this.#world.usurped || this.#vault().frozen) {
      const { frozen, claimable, requestAmount } = this.#vault();
      const { vault } = this.person;
      if (frozen && !this.#world.usurped) await this.#bother();
      if (frozen && claimable === 0n) return;
      if (frozen) this.#world.send({ kind: 'claim', vault });
      else if (requestAmount === 0n) this.requestWithdrawal();
      else if (this.#world.canExit(vault)) this.#world.send({ kind: 'exit', vault });
      await this.#pause(4_000, 8_000);
    }
  }

  async #signNext(): Promise<SignedBet> {
    while (!this.#hasLimit && this.#world.playing) {
      await this.#world
        .ask('limit', async ({ admission }) => admission.limitOf(admission.vaultOf(this.person.owner)))
        .then(() => {
          this.#hasLimit = true;
        })
        .catch(() => this.#pause(FIRST_RETRY_MS, MAX_RETRY_MS));
    }
    const stakeUnits = BigInt(this.#random.between(1, MAX_STAKE_UNITS));
    return this.#sign({ stakeUnits, choice: this.#random.chance(0.5) ? 1 : 0, betNumber: this.#nextBet, headBefore: this.#head });
  }

  #sign(bet: { stakeUnits: bigint; choice: CoinSide; betNumber: bigint; headBefore: bigint }): SignedBet {
    const { accountId, owner, sessionKey } = this.person;
    const { stakeUnits, choice, betNumber, headBefore } = bet;
    this.#seeds += 1n;
    const clientSeed = 1_000_000n * this.#seeds + betNumber;
    const packed = betPack({ stakeUnits, choice, game: 0, betNumber, termsId: 1 });
    const head = nextHead({ headBefore, packed, clientSeed, accountId });
    const signature = signatureOf(sessionKey, fieldToBytes(head));
    const bytes = { clientSeed: fieldToBytes(clientSeed), sessionKey, signature };
    return { head, request: { owner, stakeUnits, choice, betNumber, termsId: 1, ...bytes } };
  }

  /** Sends the pending bet until it is answered, as long as the world goes on. */
  async #deliver(): Promise<void> {
    for (let delayMs = FIRST_RETRY_MS; this.pending; delayMs = Math.min(MAX_RETRY_MS, 2 * delayMs)) {
      const { pending } = this;
      try {
        this.#accept(pending, await this.#place(pending));
      } catch (error) {
        if (!(error instanceof CasinoError)) throw error;
        this.#failed(pending, error);
      }
      if (this.pending) await this.#pause(delayMs / 2, delayMs);
      this.#mayExit();
      if (this.#vault().frozen || this.#world.usurped) return;
    }
  }

  #failed(bet: SignedBet, error: CasinoError): void {
    if (error.code === 'REFUSED') return this.#drop(bet, error);
    const left = error.code === 'VAULT_CLOSED' && this.#vault().frozen;
    if (!left && (!error.retry || error.code === 'BET_GAP')) this.#world.violate(`${this.#name(bet)}: ${error.message}`);
  }

  #place(bet: SignedBet): Promise<BetAnswer> {
    return this.#world.ask(this.#name(bet), async ({ admission }) => {
      const answer = await admission.placeBet(bet.request);
      this.#compare(bet, answer);
      return answer;
    });
  }

  /** What a bettor may try: an old bet again, whose receipt must be the same, and another bet with an old number. */
  async #bother(): Promise<void> {
    if (this.#answered.length === 0) return;
    const old = this.#random.pick(this.#answered);
    if (this.#random.chance(0.5)) {
      await this.#place(old).catch((error: CasinoError) => {
        if (error.code === 'REFUSED') this.#world.violate(`${this.#name(old)} has a receipt and is refused`);
      });
      return;
    }
    const { stakeUnits, choice, betNumber } = old.request;
    const other = this.#sign({ stakeUnits, choice: choice === 1 ? 0 : 1, betNumber, headBefore: this.#head });
    await this.#place(other).then(
      () => this.#world.violate(`${this.person.name} was given a second receipt for bet ${betNumber}`),
      () => {},
    );
  }

  #name({ request }: SignedBet): string {
    return `${this.person.name}'s bet ${request.betNumber}`;
  }

  /** Whatever answers a bet answers it the same way for ever, whichever copy of it was answered. */
  #compare(bet: SignedBet, { receipt }: BetAnswer): void {
    const { betNumber } = bet.request;
    const { head } = decodeReceipt(receipt.message);
    if (head !== bet.head) this.#world.violate(`${this.#name(bet)} has the receipt of another bet`);
    if (this.#refused.has(head)) this.#world.violate(`${this.#name(bet)} was refused and has a receipt`);
    const first = this.receipts.get(betNumber);
    if (first && compareBytes(first.message, receipt.message) !== 0) {
      this.#world.violate(`${this.#name(bet)} has two receipts`);
    }
  }

  #accept(bet: SignedBet, answer: BetAnswer): void {
    const { message, signature } = answer.receipt;
    const receipt = { ...decodeReceipt(message), message, signature };
    this.receipts.set(bet.request.betNumber, receipt);
    this.#world.scheduler.trace(`${this.#name(bet)} is acknowledged, ${fieldToHex(bet.head).slice(0, 8)}`);
    this.#answered.push(bet);
    this.#head = bet.head;
    this.#nextBet += 1n;
    this.pending = undefined;
    this.#refused.clear();
  }

  #drop(bet: SignedBet, refusal: CasinoError): void {
    const { stakeUnits, betNumber } = bet.request;
    const { reason } = refusal.details;
    this.#world.scheduler.trace(`${this.#name(bet)} is refused: ${reason}`);
    if (this.receipts.has(betNumber)) this.#world.violate(`${this.#name(bet)} has a receipt and was refused`);
    const last = this.receipts.get(betNumber - 1n);
    const affordable = last && !this.#withdrew && stakeUnits * STAKE_UNIT <= last.balanceAfter;
    if (reason === 'outside-limit' && this.#hasLimit && stakeUnits <= PROMISED_UNITS)
      this.#world.violate(`${this.#name(bet)} was within its limit`);
    if (reason === 'insufficient-balance' && affordable) this.#world.violate(`${this.#name(bet)} was affordable`);
    this.#refused.add(bet.head);
    this.pending = undefined;
  }
}
