import type { Address } from '@solana/kit';
import type { KeySlotView } from '../../sequencer/chain/view.ts';

/** The program's accounts as far as a simulation needs them. Amounts in base units; never changed in place once in a block. */
export interface ModelHouse {
  balance: bigint;
  liabilities: bigint;
  /** What the escrow holds above its rent minimum. */
  escrow: bigint;
  lastBatch: bigint;
  lastBlobHash: Uint8Array;
  lastTransfer: bigint;
  leaderEpoch: bigint;
  leaderNonce: bigint;
  exitDelaySlots: bigint;
}

export interface ModelVault {
  address: Address;
  owner: Address;
  accountId: bigint;
  frozen: boolean;
  lastTerms: number;
  keys: readonly [KeySlotView, KeySlotView];
  balance: bigint;
  pendingDeposit: bigint;
  claimable: bigint;
  requestAmount: bigint;
  requestDeadline: bigint;
  lastBet: bigint;
}

export interface ModelState {
  house: ModelHouse;
  vaults: ReadonlyMap<Address, ModelVault>;
}

export const FOREVER = (1n << 64n) - 1n;

/** Why the books do not balance, or undefined: what is owed is the sum of its parts, and the escrow covers it. */
export function imbalance({ house, vaults }: ModelState): string | undefined {
  let sum = house.balance;
  for (const { balance, pendingDeposit, claimable } of vaults.values()) sum += balance + pendingDeposit + claimable;
  if (sum !== house.liabilities) return `liabilities are ${house.liabilities}, their parts ${sum}`;
  if (house.escrow < house.liabilities) return `the escrow holds ${house.escrow} for ${house.liabilities}`;
  return undefined;
}
