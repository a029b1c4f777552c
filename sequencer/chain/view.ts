import type { Address } from '@solana/kit';

/** What the chain says of the house, at one commitment. Amounts in base units. */
export interface HouseView {
  address: Address;
  settler: Address;
  receiptKey: Address;
  balance: bigint;
  reserved: bigint;
  /** What the house has asked for itself, 0 for nothing, and the first slot in which that can be paid. */
  requestAmount: bigint;
  requestSlot: bigint;
  liabilities: bigint;
  currentTerms: number;
  lastBatch: bigint;
  lastTransfer: bigint;
  leaderEpoch: bigint;
  leaderNonce: bigint;
  exitDelaySlots: bigint;
  paused: boolean;
  /** What nothing is decided by, and everyone may know. */
  published: PublishedHouse;
}

export interface PublishedHouse {
  authority: Address;
  /** Zero for native lamports. */
  mint: Address;
  changeDelaySlots: bigint;
  /** Vaults that were ever opened. */
  vaults: bigint;
  /** Challenges past their delay. */
  overdue: bigint;
  pending: readonly PendingChange[];
}

/** A change that the operator has announced, and the first slot in which it can be applied. */
export type PendingChange =
  | { kind: 'authority' | 'receiptKey'; key: Address; dueSlot: bigint }
  | { kind: 'delays'; exitDelaySlots: bigint; changeDelaySlots: bigint; dueSlot: bigint };

export interface KeySlotView {
  /** Poseidon hash of the session key; 0 for an empty slot. */
  hash: bigint;
  from: bigint;
  until: bigint;
}

/** What the chain says of a vault. */
export interface VaultView {
  address: Address;
  owner: Address;
  accountId: bigint;
  frozen: boolean;
  lastTerms: number;
  lastBet: bigint;
  balance: bigint;
  pendingDeposit: bigint;
  claimable: bigint;
  requestAmount: bigint;
  requestDeadline: bigint;
  /** Bet of an open challenge, 0 for none, and the slot in which it was made. */
  challengeBet: bigint;
  challengeSlot: bigint;
  keys: readonly [KeySlotView, KeySlotView];
}

/** The house and its vaults as one slot shows them. */
export interface ChainSnapshot {
  slot: bigint;
  house: HouseView;
  vaults: Map<Address, VaultView>;
}

/**
 * Two looks at the chain. Credits count from `finalized`, so that no fork takes back what a bettor staked; debits (requests, key
 * changes, another's leader pair) count from `confirmed`, at first sight.
 */
export interface ChainView {
  /** By the process's monotonic clock: when these slots were first seen. */
  observedAtMs: number;
  finalized: ChainSnapshot;
  confirmed: ChainSnapshot;
}
