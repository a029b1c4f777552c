import type { Address } from '@solana/kit';
import { ProtocolError } from '../../protocol/errors.ts';
import { OPERATOR_DECODERS, type OperatorEvent } from './operator-events.ts';
import { AccountReader } from './reader.ts';

export interface VaultOpened {
  name: 'VaultOpened';
  house: Address;
  vault: Address;
  owner: Address;
  accountId: bigint;
  sessionKeyHash: bigint;
}

export interface Deposited {
  name: 'Deposited';
  house: Address;
  vault: Address;
  amount: bigint;
}

export interface WithdrawalRequested {
  name: 'WithdrawalRequested';
  house: Address;
  vault: Address;
  amount: bigint;
  /** Slot from which the owner can exit by force. */
  deadline: bigint;
}

export interface Claimed {
  name: 'Claimed';
  house: Address;
  vault: Address;
  amount: bigint;
}

export interface HouseFunded {
  name: 'HouseFunded';
  house: Address;
  amount: bigint;
}

/** One vault's part of a settled batch. `start` includes `consumed`; `after` does not yet lack `paid`. */
export interface SettledRun {
  vault: Address;
  start: bigint;
  after: bigint;
  firstBet: bigint;
  betCount: number;
  consumed: bigint;
  paid: bigint;
}

export interface BatchSettled {
  name: 'BatchSettled';
  house: Address;
  batchNumber: bigint;
  termsId: number;
  verifyingKeyId: number;
  blobHash: Uint8Array;
  houseBalanceAfter: bigint;
  /** One a bet, 1 heads; runs in order. */
  outcomes: (0 | 1)[];
  runs: SettledRun[];
}

/** One vault's part of a settlement of transfers; `balance` after it. */
export interface SettledTransfer {
  vault: Address;
  consumed: bigint;
  paid: bigint;
  balance: bigint;
}

export interface TransfersSettled {
  name: 'TransfersSettled';
  house: Address;
  transferNumber: bigint;
  transfers: SettledTransfer[];
}

/** The owner left by force: `amount` became claimable, bets after `lastBet` are void, and the vault is frozen. */
export interface VaultExited {
  name: 'VaultExited';
  house: Address;
  vault: Address;
  amount: bigint;
  lastBet: bigint;
}

/** From slot `from` on the vault has a new session key; the one before ends with slot `previousUntil`. */
export interface SessionKeyRotated {
  name: 'SessionKeyRotated';
  house: Address;
  vault: Address;
  sessionKeyHash: bigint;
  from: bigint;
  previousUntil: bigint;
}

/** The owner showed a receipt for a bet that is not settled; `reserved` is what the house may not withdraw until it is. */
export interface ChallengeOpened {
  name: 'ChallengeOpened';
  house: Address;
  vault: Address;
  betNumber: bigint;
  reserved: bigint;
  /** The ed25519 key that signed the receipt. */
  receiptKey: Uint8Array;
}

/** The house left a challenge unanswered for the exit delay: it is paid nothing until the bet is settled or the vault exits. */
export interface ChallengeOverdue {
  name: 'ChallengeOverdue';
  house: Address;
  vault: Address;
  betNumber: bigint;
}

export type CasinoEvent =
  | VaultOpened
  | Deposited
  | WithdrawalRequested
  | Claimed
  | HouseFunded
  | BatchSettled
  | TransfersSettled
  | VaultExited
  | SessionKeyRotated
  | ChallengeOpened
  | ChallengeOverdue
  | OperatorEvent;

const DECODERS: Record<string, (reader: AccountReader) => CasinoEvent> = {
  evopen: (r) => ({
    name: 'VaultOpened',
    house: r.address(),
    vault: r.address(),
    owner: r.address(),
    accountId: r.field(),
    sessionKeyHash: r.field(),
  }),
  evdepos: (r) => ({ name: 'Deposited', house: r.address(), vault: r.address(), amount: r.u64() }),
  evreqst: (r) => ({
    name: 'WithdrawalRequested',
    house: r.address(),
    vault: r.address(),
    amount: r.u64(),
    deadline: r.u64(),
  }),
  evclaim: (r) => ({ name: 'Claimed', house: r.address(), vault: r.address(), amount: r.u64() }),
  evfund: (r) => ({ name: 'HouseFunded', house: r.address(), amount: r.u64() }),
  evbatch: readBatchSettled,
  evtrans: readTransfersSettled,
  evexit: (r) => ({ name: 'VaultExited', house: r.address(), vault: r.address(), amount: r.u64(), lastBet: r.u64() }),
  evrotat: (r) => ({
    name: 'SessionKeyRotated',
    house: r.address(),
    vault: r.address(),
    sessionKeyHash: r.field(),
    from: r.u64(),
    previousUntil: r.u64(),
  }),
  evchall: (r) => ({
    name: 'ChallengeOpened',
    house: r.address(),
    vault: r.address(),
    betNumber: r.u64(),
    reserved: r.u64(),
    receiptKey: r.bytes(32),
  }),
  evchdue: (r) => ({ name: 'ChallengeOverdue', house: r.address(), vault: r.address(), betNumber: r.u64() }),
  ...OPERATOR_DECODERS,
};

/** Decodes one event; undefined if the tag is none of the program's. Throws a `ProtocolError` if the rest is malformed. */
export function decodeEvent(bytes: Uint8Array): CasinoEvent | undefined {
  if (bytes.length < 8) return undefined;
  const tag = new TextDecoder('latin1').decode(bytes.subarray(0, 8)).replace(/\0+$/, '');
  const decode = Object.hasOwn(DECODERS, tag) ? DECODERS[tag] : undefined;
  if (decode === undefined) return undefined;
  const reader = new AccountReader(bytes.subarray(8));
  const event = decode(reader);
  reader.finish();
  return event;
}

function readBatchSettled(r: AccountReader): BatchSettled {
  const head = {
    house: r.address(),
    batchNumber: r.u64(),
    termsId: r.u32(),
    verifyingKeyId: r.u16(),
    blobHash: r.bytes(32),
    houseBalanceAfter: r.u64(),
  };
  const betCount = r.u16();
  const vaultCount = r.u8();
  const bits = r.bytes(Math.ceil(betCount / 8));
  const outcomes = Array.from({ length: betCount }, (_, row) => (((bits[row >> 3] ?? 0) >> (row & 7)) & 1) as 0 | 1);
  const runs = Array.from({ length: vaultCount }, () => ({
    vault: r.address(),
    start: r.u64(),
    after: r.u64(),
    firstBet: r.u64(),
    betCount: r.u16(),
    consumed: r.u64(),
    paid: r.u64(),
  }));
  return { name: 'BatchSettled', ...head, outcomes, runs };
}

function readTransfersSettled(r: AccountReader): TransfersSettled {
  const house = r.address();
  const transferNumber = r.u64();
  const transfers = Array.from({ length: r.u8() }, () => ({
    vault: r.address(),
    consumed: r.u64(),
    paid: r.u64(),
    balance: r.u64(),
  }));
  return { name: 'TransfersSettled', house, transferNumber, transfers };
}

const INVOKE = /^Program (\S+) invoke \[\d+\]$/;
const RETURN = /^Program (\S+) (?:success|failed: .*)$/;
const DATA = /^Program data: ([A-Za-z0-9+/=]+)$/;

/**
 * The program's events in a transaction's log, in order. Only what was logged while this program ran counts: any program can log
 * the same bytes. Throws a `ProtocolError` (`BAD_VALUE`) if the log was cut short, since an event may be missing.
 */
export function eventsOf(logs: readonly string[], program: Address): CasinoEvent[] {
  const stack: string[] = [];
  const events: CasinoEvent[] = [];
  for (const line of logs) {
    if (line === 'Log truncated') throw new ProtocolError('BAD_VALUE', 'the transaction log is truncated');
    const invoked = INVOKE.exec(line)?.[1];
    const data = DATA.exec(line)?.[1];
    if (invoked !== undefined) stack.push(invoked);
    else if (RETURN.test(line)) stack.pop();
    else if (data !== undefined && stack.at(-1) === program) {
      const event = decodeEvent(fromBase64(data));
      if (event !== undefined) events.push(event);
    }
  }
  return events;
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
