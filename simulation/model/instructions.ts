import type { Address } from '@solana/kit';
import type { BatchInstruction } from '../../sequencer/settlement/chain-port.ts';

interface Leading {
  leaderEpoch: bigint;
  leaderNonce: bigint;
}

export interface ModelTransfer {
  vault: Address;
  consume: bigint;
  pay: boolean;
}

export type BatchOrder = BatchInstruction & Leading;

/** The instructions of the program that move a running house, accounts and signers taken as right. */
export type ModelInstruction =
  | { kind: 'deposit' | 'request'; vault: Address; amount: bigint }
  | { kind: 'claim' | 'exit'; vault: Address }
  | { kind: 'fund'; amount: bigint }
  | { kind: 'advance'; from: bigint; to: bigint; nonce: bigint }
  | { kind: 'batch'; batch: BatchOrder }
  | ({ kind: 'transfers'; transferNumber: bigint; transfers: readonly ModelTransfer[] } & Leading);

/** One vault's part of a settled batch, as `BatchSettled` names it. */
export interface ModelRun {
  vault: Address;
  start: bigint;
  after: bigint;
  firstBet: bigint;
  betCount: number;
  consumed: bigint;
  paid: bigint;
}

/** What the program logs, as far as a checker needs it. */
export type ModelEvent =
  | { name: 'BatchSettled'; batchNumber: bigint; blobHash: Uint8Array; outcomes: readonly (0 | 1)[]; runs: ModelRun[] }
  | { name: 'Paid' | 'Deposited' | 'Exited'; vault: Address; amount: bigint };
