import type { Address } from '@solana/kit';
import { LayoutReader } from './reader.ts';

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

type OfHouse<Name extends string, Fields = object> = { name: Name; house: Address } & Fields;
type OfVault<Name extends string, Fields = object> = OfHouse<Name, { vault: Address } & Fields>;

export type VaultOpened = OfVault<'VaultOpened', { owner: Address; accountId: bigint; sessionKeyHash: bigint }>;
export type Deposited = OfVault<'Deposited', { amount: bigint }>;
export type WithdrawalRequested = OfVault<'WithdrawalRequested', { amount: bigint; deadline: bigint }>;
export type Claimed = OfVault<'Claimed', { amount: bigint }>;
export type HouseFunded = OfHouse<'HouseFunded', { amount: bigint }>;
export type VaultExited = OfVault<'VaultExited', { amount: bigint; lastBet: bigint }>;
export type SessionKeyRotated = OfVault<'SessionKeyRotated', { sessionKeyHash: bigint; from: bigint; previousUntil: bigint }>;
export type ChallengeOpened = OfVault<'ChallengeOpened', { betNumber: bigint; reserved: bigint; receiptKey: Address }>;
export type ChallengeOverdue = OfVault<'ChallengeOverdue', { betNumber: bigint }>;
export type VerifyingKeyRetired = OfHouse<'VerifyingKeyRetired', { verifyingKeyId: number; retiredFromSlot: bigint }>;
export type HouseWithdrawalRequested = OfHouse<'HouseWithdrawalRequested', { amount: bigint; payableFromSlot: bigint }>;
export type HousePaid = OfHouse<'HousePaid', { amount: bigint }>;
export type SettlerSet = OfHouse<'SettlerSet', { settler: Address }>;
/** `value` has 32 bytes; of delays it is `exit u64, change u64` and zeros. */
export type ChangeScheduled = OfHouse<'ChangeScheduled', { kind: number; value: Uint8Array; dueSlot: bigint }>;
export type ChangeApplied = OfHouse<'ChangeApplied', { kind: number; value: Uint8Array }>;
export type PausedSet = OfHouse<'PausedSet', { paused: boolean }>;

/** Everything the program says about a house, layouts.md section 8. */
export type HouseEvent =
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
  | VerifyingKeyRetired
  | HouseWithdrawalRequested
  | HousePaid
  | SettlerSet
  | ChangeScheduled
  | ChangeApplied
  | PausedSet;

const vaultHead = (r: LayoutReader) => ({ house: r.address(), vault: r.address() });

const DECODERS = new Map<string, (reader: LayoutReader) => HouseEvent>([
  [
    'evopen',
    (r) => ({ name: 'VaultOpened', ...vaultHead(r), owner: r.address(), accountId: r.field(), sessionKeyHash: r.field() }),
  ],
  ['evdepos', (r) => ({ name: 'Deposited', ...vaultHead(r), amount: r.u64() })],
  ['evreqst', (r) => ({ name: 'WithdrawalRequested', ...vaultHead(r), amount: r.u64(), deadline: r.u64() })],
  ['evclaim', (r) => ({ name: 'Claimed', ...vaultHead(r), amount: r.u64() })],
  ['evfund', (r) => ({ name: 'HouseFunded', house: r.address(), amount: r.u64() })],
  ['evbatch', readBatchSettled],
  ['evtrans', readTransfersSettled],
  ['evexit', (r) => ({ name: 'VaultExited', ...vaultHead(r), amount: r.u64(), lastBet: r.u64() })],
  [
    'evrotat',
    (r) => ({ name: 'SessionKeyRotated', ...vaultHead(r), sessionKeyHash: r.field(), from: r.u64(), previousUntil: r.u64() }),
  ],
  [
    'evchall',
    (r) => ({ name: 'ChallengeOpened', ...vaultHead(r), betNumber: r.u64(), reserved: r.u64(), receiptKey: r.address() }),
  ],
  ['evchdue', (r) => ({ name: 'ChallengeOverdue', ...vaultHead(r), betNumber: r.u64() })],
  ['evretir', (r) => ({ name: 'VerifyingKeyRetired', house: r.address(), verifyingKeyId: r.u16(), retiredFromSlot: r.u64() })],
  ['evhoreq', (r) => ({ name: 'HouseWithdrawalRequested', house: r.address(), amount: r.u64(), payableFromSlot: r.u64() })],
  ['evhopay', (r) => ({ name: 'HousePaid', house: r.address(), amount: r.u64() })],
  ['evsettl', (r) => ({ name: 'SettlerSet', house: r.address(), settler: r.address() })],
  ['evsched', (r) => ({ name: 'ChangeScheduled', house: r.address(), kind: r.u8(), value: r.bytes(32), dueSlot: r.u64() })],
  ['evapply', (r) => ({ name: 'ChangeApplied', house: r.address(), kind: r.u8(), value: r.bytes(32) })],
  ['evpause', (r) => ({ name: 'PausedSet', house: r.address(), paused: r.bool('paused') })],
]);

/** Decodes one event; a `ProtocolError` if it is none of the program's, or malformed. */
export function decodeEvent(bytes: Uint8Array): HouseEvent {
  const reader: LayoutReader = new LayoutReader(bytes);
  const tag = new TextDecoder('latin1').decode(reader.bytes(8)).replace(/\0+$/, '');
  const decode = DECODERS.get(tag);
  if (decode === undefined) reader.fail(`${JSON.stringify(tag)} is no event of the program`);
  const event = decode(reader);
  reader.finish();
  return event;
}

function readBatchSettled(r: LayoutReader): BatchSettled {
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
  const outcomes = readOutcomes(r.bytes(Math.ceil(betCount / 8)), betCount);
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

function readTransfersSettled(r: LayoutReader): TransfersSettled {
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

/** The first `count` bits, row i in bit i mod 8 of byte i div 8; a bit beyond them must be zero. */
export function readOutcomes(bytes: Uint8Array, count: number): (0 | 1)[] {
  const bits = Array.from({ length: 8 * bytes.length }, (_, row) => (((bytes[row >> 3] as number) >> (row & 7)) & 1) as 0 | 1);
  if (count > bits.length || bits.slice(count).some((bit) => bit === 1)) {
    new LayoutReader(bytes).fail('an outcome bit beyond the bets is set');
  }
  return bits.slice(0, count);
}
