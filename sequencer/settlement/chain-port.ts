import type { Address } from '@solana/kit';
import type { CoinSide } from '../../protocol/bet.ts';
import type { RunRecord } from '../ledger/records.ts';

/** What settlement asks of the chain. Calls reject with `CHAIN_UNREACHABLE` when the chain gives no answer. */
export interface SettlementChain {
  /** Signs, and does not send, the transaction that settles a batch. `NOT_LEADING` once the finalized house shows another leader pair. */
  signBatch(batch: BatchInstruction): Promise<SignedTransaction>;
  /** Signs the transaction that consumes deposits and pays requests of vaults without unsettled bets. */
  signTransfers(input: { transferNumber: bigint; transfers: readonly Transfer[] }): Promise<SignedTransaction>;
  /** Hands signed bytes over. Rejects with `SETTLEMENT_REJECTED` if the node's dry run fails; that alone proves nothing. */
  send(transaction: Uint8Array): Promise<void>;
  /** What the chain knows of a signature, its history included; undefined if nothing. */
  status(signature: string): Promise<SignatureState | undefined>;
  /** The confirmed block height. */
  blockHeight(): Promise<bigint>;
  /** The event and cost of a landed batch transaction, at confirmed; undefined if it is not there or failed. */
  landedBatch(signature: string): Promise<LandedBatch | undefined>;
  /** The signature that settled a batch of this house, searched through its history; undefined if none did. */
  findBatch(batchNumber: bigint): Promise<string | undefined>;
  /** The last batch that the house shows at confirmed. */
  lastBatch(): Promise<bigint>;
  /** The leader pair that the finalized house shows. */
  finalizedLeader(): Promise<{ epoch: bigint; nonce: bigint }>;
}

export interface BatchInstruction {
  vkId: number;
  batchNumber: bigint;
  termsId: number;
  blobHash: Uint8Array;
  proof: Uint8Array;
  /** Capacity of the batch's circuit. */
  maxBets: number;
  /** One a bet, in row order. */
  outcomes: readonly CoinSide[];
  runs: readonly RunRecord[];
}

/** One vault of a transfer, by strictly ascending address. */
export interface Transfer {
  vault: Address;
  /** Deposits to consume, in base units. */
  consume: bigint;
}

export interface SignedTransaction {
  bytes: Uint8Array;
  /** Base58. */
  signature: string;
  lastValidBlockHeight: bigint;
  leaderEpoch: bigint;
  leaderNonce: bigint;
}

export interface SignatureState {
  commitment: 'processed' | 'confirmed' | 'finalized';
  /** Why the transaction failed, if it landed and failed. */
  failure?: string;
}

export interface LandedBatch {
  batchNumber: bigint;
  blobHash: Uint8Array;
  computeUnits: number;
}
