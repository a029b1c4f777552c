import type { Address } from '@solana/kit';
import { type Change, readChange } from './changes.ts';
import type { AccountReader } from './reader.ts';

export interface VerifyingKeyRetired {
  name: 'VerifyingKeyRetired';
  house: Address;
  verifyingKeyId: number;
  retiredFromSlot: bigint;
}

/** `amount` and `payableFromSlot` 0: the open request was withdrawn. */
export interface HouseWithdrawalRequested {
  name: 'HouseWithdrawalRequested';
  house: Address;
  amount: bigint;
  payableFromSlot: bigint;
}

export interface HousePaid {
  name: 'HousePaid';
  house: Address;
  amount: bigint;
}

export interface SettlerSet {
  name: 'SettlerSet';
  house: Address;
  settler: Address;
}

/** `dueSlot` 0: the pending change was withdrawn, and the change's value is zero. */
export interface ChangeScheduled {
  name: 'ChangeScheduled';
  house: Address;
  change: Change;
  dueSlot: bigint;
}

export interface ChangeApplied {
  name: 'ChangeApplied';
  house: Address;
  change: Change;
}

export interface PausedSet {
  name: 'PausedSet';
  house: Address;
  paused: boolean;
}

/** What the authority does to its house. */
export type OperatorEvent =
  | VerifyingKeyRetired
  | HouseWithdrawalRequested
  | HousePaid
  | SettlerSet
  | ChangeScheduled
  | ChangeApplied
  | PausedSet;

export const OPERATOR_DECODERS: Record<string, (reader: AccountReader) => OperatorEvent> = {
  evretir: (r) => ({ name: 'VerifyingKeyRetired', house: r.address(), verifyingKeyId: r.u16(), retiredFromSlot: r.u64() }),
  evhoreq: (r) => ({ name: 'HouseWithdrawalRequested', house: r.address(), amount: r.u64(), payableFromSlot: r.u64() }),
  evhopay: (r) => ({ name: 'HousePaid', house: r.address(), amount: r.u64() }),
  evsettl: (r) => ({ name: 'SettlerSet', house: r.address(), settler: r.address() }),
  evsched: (r) => ({ name: 'ChangeScheduled', house: r.address(), change: readChange(r), dueSlot: r.u64() }),
  evapply: (r) => ({ name: 'ChangeApplied', house: r.address(), change: readChange(r) }),
  evpause: (r) => ({ name: 'PausedSet', house: r.address(), paused: r.bool('paused') }),
};
