import type { CoinSide } from '../../protocol/bet.ts';

/** A durable bet. Byte fields are as in docs/reference/layouts.md, amounts in base units, times in ms since the epoch. */
export interface BetRecord {
  vault: Uint8Array;
  betNumber: bigint;
  termsId: number;
  stakeUnits: bigint;
  choice: CoinSide;
  clientSeed: Uint8Array;
  head: Uint8Array;
  sessionKey: Uint8Array;
  signature: Uint8Array;
  serverSeed: Uint8Array;
  outcome: CoinSide;
  payout: bigint;
  balanceAfter: bigint;
  /** Sum of the deltas of the vault's bets 1 to this one: what the bets changed, whatever was paid in or out. */
  cumulativeDelta: bigint;
  timeMs: bigint;
  receiptSignature: Uint8Array;
}

/** What the ledger knows of a vault beside its bets. */
export interface VaultRecord {
  vault: Uint8Array;
  owner: Uint8Array;
  accountId: Uint8Array;
  lastBet: bigint;
  head: Uint8Array;
  cumulativeDelta: bigint;
  lastTerms: number;
  /** Last bet that is in a batch; of a voided vault, its last bet. */
  batchedThrough: bigint;
  /** Last bet that the finalized chain has settled. */
  finalizedThrough: bigint;
}

export interface RefusalRecord {
  vault: Uint8Array;
  betNumber: bigint;
  head: Uint8Array;
  code: number;
  signature: Uint8Array;
}

export interface LimitRecord {
  vault: Uint8Array;
  termsId: number;
  maxStakeUnits: bigint;
  throughBet: bigint;
  signature: Uint8Array;
}

/** A vault whose bets from `firstBet` on can not be settled for now. They are owed as before, and tried again. */
export interface QuarantineRecord {
  vault: Uint8Array;
  firstBet: bigint;
  /** In words. */
  reason: string;
  sinceMs: number;
  /** How often settling it has been given up. */
  attempts: number;
  retryAtMs: number;
}

/** The bets of a vault that its forced exit has ended unsettled: they count for nobody, and their receipts say so. */
export interface VoidRecord {
  vault: Uint8Array;
  fromBet: bigint;
  throughBet: bigint;
  /** Finalized slot that showed the exit. */
  slot: bigint;
  /** In words, for the bettor. */
  reason: string;
}

export interface LeaderRecord {
  epoch: bigint;
  nonce: bigint;
  finalized: boolean;
}

/** `Pending -> Proving -> Proved -> Submitted -> Confirmed -> Finalized`. What fails is taken back; its vault may be quarantined. */
export type BatchState = 'Pending' | 'Proving' | 'Proved' | 'Submitted' | 'Confirmed' | 'Finalized';

/** One vault's run in a batch, by slot. */
export interface RunRecord {
  slot: number;
  vault: Uint8Array;
  start: bigint;
  consume: bigint;
  after: bigint;
  firstBet: bigint;
  betCount: number;
  keySlot: 0 | 1;
  payRequest: boolean;
}

/** What a batch gains on its way; absent until then. */
export interface BatchProgress {
  proof: Uint8Array;
  proveMs: number;
  /** The signed transaction's bytes. */
  transaction: Uint8Array;
  /** Base58. */
  signature: string;
  lastValidBlockHeight: bigint;
  leaderEpoch: bigint;
  leaderNonce: bigint;
  computeUnits: number;
  confirmedAtMs: number;
  finalizedAtMs: number;
}

export interface BatchRecord extends Partial<BatchProgress> {
  batchNumber: bigint;
  state: BatchState;
  termsId: number;
  vkId: number;
  size: string;
  betCount: number;
  blobHash: Uint8Array;
  /** One bit a bet, in row order. */
  outcomes: Uint8Array;
  attempt: number;
  createdAtMs: number;
  updatedAtMs: number;
  runs: RunRecord[];
}

/** One line of a batch's audit trail. */
export interface AuditRecord {
  batchNumber: bigint;
  timeMs: number;
  from: BatchState | '';
  to: BatchState | '';
  reason: string;
  attempt: number;
  signature: string;
}

/**
 * `Copied -> Moved`, and `-> Restoring -> Restored` by command. An archive is Copied while its bets are taken out of the ledger: each is
 * there or in a range of the archive, never in neither.
 */
export type ArchiveState = 'Copied' | 'Moved' | 'Restoring' | 'Restored';

/** A file with bets that have left the ledger, or are about to. */
export interface ArchiveRecord {
  archiveNumber: bigint;
  state: ArchiveState;
  /** SHA-256 of the file, and of its header and directory. */
  fileHash: Uint8Array;
  directoryHash: Uint8Array;
  bytes: number;
  bets: number;
  /** The batches that were gone through for it, from the first to the last. */
  fromBatch: bigint;
  throughBatch: bigint;
  createdAtMs: number;
}

/** Bets of a vault that are in an archive and no longer in the ledger: `firstBet` is row `firstRow`, and so on. */
export interface ArchivedRange {
  vault: Uint8Array;
  firstBet: bigint;
  lastBet: bigint;
  archiveNumber: bigint;
  firstRow: number;
}

/** A reconciliation as it was reported. `discrepancies` is the JSON of `ReconciliationReport`'s. */
export interface ReconciliationRecord {
  timeMs: number;
  slot: bigint;
  vaultsChecked: number;
  batchesChecked: number;
  transfersChecked: number;
  complete: boolean;
  fundsDiffer: boolean;
  omitted: number;
  discrepancies: string;
}

/** The settings that a start found, as JSON without secrets. */
export interface ConfigurationRecord {
  timeMs: number;
  settings: string;
}

/** A change that the ledger makes durable. Entries of one commit become durable together or not at all. */
export type LedgerEntry =
  | { kind: 'vault'; vault: VaultRecord }
  | { kind: 'bet'; bet: BetRecord }
  | { kind: 'refusal'; refusal: RefusalRecord }
  | { kind: 'limit'; limit: LimitRecord }
  | { kind: 'leader'; leader: LeaderRecord }
  | { kind: 'meta'; key: string; value: string }
  | { kind: 'batch-created'; batch: BatchRecord }
  | {
      kind: 'batch-moved';
      batchNumber: bigint;
      from: BatchState;
      to: BatchState;
      reason: string;
      timeMs: number;
      attempt: number;
      progress?: Partial<BatchProgress>;
    }
  | { kind: 'batch-withdrawn'; batchNumber: bigint; reason: string; timeMs: number }
  | {
      kind: 'transfer-signed';
      signature: string;
      transferNumber: bigint;
      vaults: readonly { vault: Uint8Array; lastBet: bigint }[];
    }
  | { kind: 'quarantined'; quarantine: QuarantineRecord }
  | { kind: 'quarantine-ended'; vault: Uint8Array }
  | { kind: 'settled-through'; vault: Uint8Array; betNumber: bigint }
  | { kind: 'vault-voided'; voided: VoidRecord }
  | { kind: 'archive-created'; archive: Omit<ArchiveRecord, 'state'> }
  | { kind: 'archive-became'; archiveNumber: bigint; from: ArchiveState; to: ArchiveState }
  | { kind: 'bets-archived'; range: ArchivedRange }
  | { kind: 'bets-restored'; archiveNumber: bigint; bets: readonly BetRecord[] }
  | { kind: 'reconciled'; reconciliation: ReconciliationRecord }
  | { kind: 'configured'; configuration: ConfigurationRecord };
