import assert from 'node:assert/strict';
import { NEVER, type ProgramErrorName } from '../client/index.ts';
import { LAMPORTS_PER_SOL } from './chain.ts';
import { CHANGE_DELAY_SLOTS, EXIT_DELAY_SLOTS } from './world.ts';

/** One vault's part of a settlement, in fractions of what is there when it is settled. */
export interface Part {
  /** 0 to 2. */
  vault: number;
  /** Of what could be consumed, in 1/255. */
  consume: number;
  /** Of what could be lost (below 128) or of 2 SOL to be won (from 128 on). */
  luck: number;
  bets: number;
  pay: boolean;
  /** Under the session key before the present one, if that is still good. */
  late: boolean;
}

interface Key {
  hash: bigint;
  from: bigint;
  until: bigint;
}

export interface Account {
  balance: bigint;
  pending: bigint;
  claimable: bigint;
  request: bigint;
  deadline: bigint;
  lastBet: bigint;
  frozen: boolean;
  keys: Key[];
  challenge: { bet: bigint; reserved: bigint; slot: bigint; overdue: boolean; promised: bigint; covered: bigint };
}

const SOL = LAMPORTS_PER_SOL;
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const NOTHING_ASKED = { amount: 0n, from: 0n };
const NO_CHALLENGE = { bet: 0n, reserved: 0n, slot: 0n, overdue: false, promised: 0n, covered: 0n };

type Refused = ProgramErrorName | undefined;

/** A house of 100 SOL (or as many tokens of nine decimals) and three vaults of 5 SOL pending, in plain arithmetic. A method tells the error that the program should. */
export class Model {
  slot: bigint;
  house = 100n * SOL;
  batches = 0n;
  transfers = 0n;
  paused = false;
  /** What the house asked for, and the first slot in which it is paid. */
  asked = NOTHING_ASKED;
  readonly accounts: Account[];

  /** `hashes`: the vaults' first session keys. */
  constructor(slot: bigint, hashes: bigint[]) {
    this.slot = slot;
    this.accounts = hashes.map((hash) => ({
      balance: 0n,
      pending: 5n * SOL,
      claimable: 0n,
      request: 0n,
      deadline: 0n,
      lastBet: 0n,
      frozen: false,
      keys: [
        { hash, from: slot, until: NEVER },
        { hash: 0n, from: 0n, until: 0n },
      ],
      challenge: NO_CHALLENGE,
    }));
  }

  at(index: number): Account {
    return this.accounts[index] ?? assert.fail();
  }

  get reserved(): bigint {
    return this.accounts.reduce((sum, { challenge }) => sum + challenge.reserved, 0n);
  }

  get overdue(): bigint {
    return BigInt(this.accounts.filter(({ challenge }) => challenge.overdue).length);
  }

  get liabilities(): bigint {
    return this.accounts.reduce((sum, { balance, pending, claimable }) => sum + balance + pending + claimable, this.house);
  }

  /** Of the present key, or of the one before it if `late` and that is still good. */
  keySlot(index: number, late: boolean): 0 | 1 {
    const { keys } = this.at(index);
    const present = keys[0]?.until === NEVER ? 0 : 1;
    const before = keys[1 - present] ?? assert.fail();
    return late && before.until >= this.slot ? ((1 - present) as 0 | 1) : present;
  }

  deposit(index: number, amount: bigint): Refused {
    const account = this.at(index);
    if (this.paused) return 'PAUSED_HOUSE';
    if (account.frozen) return 'FROZEN_VAULT';
    account.pending += amount;
    return undefined;
  }

  request(index: number, amount: bigint): Refused {
    const account = this.at(index);
    if (account.frozen) return 'FROZEN_VAULT';
    if (account.request > 0n) return 'EXISTING_REQUEST';
    account.request = amount;
    account.deadline = this.slot + EXIT_DELAY_SLOTS;
    return undefined;
  }

  claim(index: number): Refused {
    const account = this.at(index);
    if (account.claimable === 0n) return 'ZERO_CLAIMABLE';
    account.claimable = 0n;
    return undefined;
  }

  exit(index: number): Refused {
    const account = this.at(index);
    if (account.frozen) return 'FROZEN_VAULT';
    if (account.request === 0n) return 'EMPTY_REQUEST';
    if (this.slot <= account.deadline) return 'INACTIVE_EXIT';
    account.claimable += account.balance + account.pending;
    Object.assign(account, { balance: 0n, pending: 0n, request: 0n, deadline: 0n, frozen: true, challenge: NO_CHALLENGE });
    return undefined;
  }

  rotate(index: number, hash: bigint): Refused {
    const account = this.at(index);
    const present = this.keySlot(index, false);
    if (account.frozen) return 'FROZEN_VAULT';
    if (this.keySlot(index, true) !== present) return 'EXISTING_ROTATION';
    const key = account.keys[present] ?? assert.fail();
    account.keys[present] = { ...key, until: this.slot + EXIT_DELAY_SLOTS };
    account.keys[1 - present] = { hash, from: this.slot, until: NEVER };
    return undefined;
  }

  challenge(index: number, { bet, promise }: { bet: bigint; promise: bigint }): Refused {
    const account = this.at(index);
    if (account.frozen) return 'FROZEN_VAULT';
    if (bet <= account.lastBet) return 'STALE_RECEIPT';
    if (bet <= account.challenge.bet) return 'EXISTING_CHALLENGE';
    const covered = account.balance + account.pending;
    const reserved = this.#reservation(promise, covered);
    account.challenge = { bet, reserved, slot: this.slot, overdue: false, promised: promise, covered };
    return undefined;
  }

  escalate(index: number): Refused {
    const account = this.at(index);
    if (account.challenge.bet === 0n) return 'EMPTY_CHALLENGE';
    if (account.challenge.overdue) return 'EXISTING_ESCALATION';
    if (this.slot <= account.challenge.slot + EXIT_DELAY_SLOTS) return 'INACTIVE_ESCALATION';
    account.challenge = { ...account.challenge, overdue: true };
    return undefined;
  }

  /** The house asks for bankroll; for nothing, to ask no more. */
  ask(amount: bigint): Refused {
    if (amount === 0n && this.asked.amount === 0n) return 'EMPTY_HOUSE_REQUEST';
    this.asked = amount === 0n ? NOTHING_ASKED : { amount, from: this.slot + CHANGE_DELAY_SLOTS };
    return undefined;
  }

  /** The house takes what it asked for, as far as challenges leave it. */
  take(): Refused {
    const { amount, from } = this.asked;
    if (amount === 0n) return 'EMPTY_HOUSE_REQUEST';
    if (this.slot < from) return 'INACTIVE_HOUSE_REQUEST';
    if (this.slot > from + EXIT_DELAY_SLOTS) return 'STALE_HOUSE_REQUEST';
    if (this.overdue > 0n) return 'EXISTING_OVERDUE_CHALLENGE';
    if (this.house <= this.reserved) return 'ZERO_PAYMENT';
    this.house -= min(amount, this.house - this.reserved);
    this.asked = NOTHING_ASKED;
    return undefined;
  }

  consumable(entry: Part): bigint {
    return (this.at(entry.vault).pending * BigInt(entry.consume)) / 255n;
  }

  deltaOf(entry: Part): bigint {
    const start = this.at(entry.vault).balance + this.consumable(entry);
    return entry.luck < 128 ? -(start * BigInt(entry.luck)) / 127n : (2n * SOL * BigInt(entry.luck - 127)) / 128n;
  }

  /** A batch, or transfers: those without bets. */
  settle(parts: Part[], { isBatch }: { isBatch: boolean }): Refused {
    if (parts.some(({ vault }) => this.at(vault).frozen)) return 'FROZEN_VAULT';
    const gains = isBatch ? parts.reduce((sum, entry) => sum + this.deltaOf(entry), 0n) : 0n;
    if (gains > this.house) return 'INSUFFICIENT_HOUSE_BALANCE';
    if (isBatch) this.batches += 1n;
    else this.transfers += 1n;
    for (const entry of parts) {
      const account = this.at(entry.vault);
      const delta = isBatch ? this.deltaOf(entry) : 0n;
      const consume = this.consumable(entry);
      account.pending -= consume;
      account.balance += consume + delta;
      this.house -= delta;
      if (isBatch) account.lastBet += BigInt(entry.bets);
      if (account.lastBet >= account.challenge.bet) account.challenge = NO_CHALLENGE;
      else if (isBatch) this.#recount(account, delta);
      if (entry.pay) this.#pay(account);
    }
    return undefined;
  }

  #reservation(promised: bigint, covered: bigint): bigint {
    return promised > covered ? min(promised - covered, this.liabilities) : 0n;
  }

  /** After bets before the challenge's. */
  #recount({ challenge }: Account, delta: bigint): void {
    challenge.covered = challenge.covered + delta > 0n ? challenge.covered + delta : 0n;
    challenge.reserved = this.#reservation(challenge.promised, challenge.covered);
  }

  #pay(account: Account): void {
    const paid = min(account.request, account.balance + account.pending);
    const fromBalance = min(paid, account.balance);
    account.balance -= fromBalance;
    account.pending -= paid - fromBalance;
    account.claimable += paid;
    account.request = 0n;
    account.deadline = 0n;
  }
}
