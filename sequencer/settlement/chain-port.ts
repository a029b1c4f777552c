import type { Address } from '@solana/kit';
import type { CoinSide } from '../../protocol/bet.ts';
import type { VaultView } from '../chain/view.ts';
import type { RunRecord } from '../ledger/records.ts';

/**
 * What settlement asks of the chain. Calls reject with `CHAIN_UNREACHABLE` when the chain gives no answer. Answers about state at
 * confirmed never go back: a node that is behind what was seen before gives none.
 */
export interface SettlementChain {
  /** Runs a batch against the confirmed state without signing anything. Says why it would fail; undefined if it would not. */
  dryRun(batch: BatchInstruction): Promise<DryRunFailure | undefined>;
  /** Signs, and does not send, the transaction that settles a batch. `NOT_LEADING` once the finalized house shows another leader pair. */
  signBatch(batch: BatchInstruction): Promise<SignedTransaction>;
  /** Signs the transaction that consumes deposits and pays requests of vaults without unsettled bets. */
  signTransfers(input: { transferNumber: bigint; transfers: readonly Transfer[] }): Promise<SignedTransaction>;
  /** Hands signed bytes over. Rejects with `SETTLEMENT_REJECTED` if the node's dry run fails; that alone proves nothing. */
  send(transaction: Uint8Array): Promise<void>;
  /** What the chain knows of a signature, its history included; undefined if nothing. */
  status(signature: string): Promise<SignatureState | undefined>;
  /** The event and cost of a landed batch transaction, at confirmed; undefined if it is not there or failed. */
  landedBatch(signature: string): Promise<LandedBatch | undefined>;
  /** The signature that settled a batch of this house, searched through its history; undefined if none did. */
  findBatch(batchNumber: bigint): Promise<string | undefined>;
  /** The last batch that the house shows at confirmed. */
  lastBatch(): Promise<bigint>;
  /** The house as the finalized chain shows it, and a block height that was final before that. */
  finalizedHouse(): Promise<FinalizedHouse>;
  /** These vaults in one confirmed slot; undefined for one that is not there. */
  confirmedVaults(vaults: readonly Address[]): Promise<{ slot: bigint; vaults: readonly (VaultView | undefined)[] }>;
  /** The finalized slot and, by its number, each of these verifying keys that the house has. */
  verifyingKeys(ids: readonly number[]): Promise<{ slot: bigint; keys: ReadonlyMap<number, KeyLifetime> }>;
}

/**
 * What no fork takes back. Bytes whose last valid height is below `blockHeight` have landed in this state or never will, and so have
 * bytes of a leader pair before this one.
 */
export interface FinalizedHouse {
  blockHeight: bigint;
  lastBatch: bigint;
  /** Of the batch that is `lastBatch`. */
  lastBlobHash: Uint8Array;
  lastTransfer: bigint;
  leader: { epoch: bigint; nonce: bigint };
}

/**
 * Why a batch would fail, and whose matter that is: a vault's, the verifying key's, that of the packet which it does not fit (fewer vaults
 * would), or the house's (nobody else is to blame then).
 */
export interface DryRunFailure {
  reason: string;
  scope: 'vaults' | 'verifying-key' | 'packet' | 'house';
}

/** Slots in which a verifying key may be used: from the first, and before the second. */
export interface KeyLifetime {
  activeFromSlot: bigint;
  retiredFromSlot: bigint;
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
