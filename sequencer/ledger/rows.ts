import type { CoinSide } from '../../protocol/bet.ts';
import { PROGRESS_COLUMNS } from './apply.ts';
import type {
  ArchivedRange,
  ArchiveRecord,
  ArchiveState,
  AuditRecord,
  BatchRecord,
  BatchState,
  BetRecord,
  ConfigurationRecord,
  QuarantineRecord,
  ReconciliationRecord,
  RunRecord,
  VaultRecord,
  VoidRecord,
} from './records.ts';
import { fromSql } from './schema.ts';

/** A row as SQLite gives it, integers as bigint. */
export type Row = Record<string, unknown>;

export function readVault(row: Row): VaultRecord {
  return {
    vault: row.vault as Uint8Array,
    owner: row.owner as Uint8Array,
    accountId: row.account_id as Uint8Array,
    lastBet: fromSql(row.last_bet),
    head: row.head as Uint8Array,
    cumulativeDelta: row.cumulative_delta as bigint,
    lastTerms: Number(row.last_terms),
    batchedThrough: fromSql(row.batched_through),
    finalizedThrough: fromSql(row.finalized_through),
  };
}

export function readQuarantine(row: Row): QuarantineRecord {
  return {
    vault: row.vault as Uint8Array,
    firstBet: fromSql(row.first_bet),
    reason: row.reason as string,
    sinceMs: Number(row.since_ms),
    attempts: Number(row.attempts),
    retryAtMs: Number(row.retry_at_ms),
  };
}

export function readVoid(row: Row): VoidRecord {
  return {
    vault: row.vault as Uint8Array,
    fromBet: fromSql(row.from_bet),
    throughBet: fromSql(row.through_bet),
    slot: fromSql(row.slot),
    reason: row.reason as string,
  };
}

export function readAudit(row: Row): AuditRecord {
  return {
    batchNumber: fromSql(row.batch_number),
    timeMs: Number(row.time_ms),
    from: row.from_state as BatchState | '',
    to: row.to_state as BatchState | '',
    reason: row.reason as string,
    attempt: Number(row.attempt),
    signature: row.signature as string,
  };
}

export function readReconciliation(row: Row): ReconciliationRecord {
  return {
    timeMs: Number(row.time_ms),
    slot: fromSql(row.slot),
    vaultsChecked: Number(row.vaults_checked),
    batchesChecked: Number(row.batches_checked),
    transfersChecked: Number(row.transfers_checked),
    complete: row.complete === 1n,
    fundsDiffer: row.funds_differ === 1n,
    omitted: Number(row.omitted),
    discrepancies: row.discrepancies as string,
  };
}

export function readConfiguration(row: Row): ConfigurationRecord {
  return { timeMs: Number(row.time_ms), settings: row.settings as string };
}

export function readBet(row: Row): BetRecord {
  return {
    vault: row.vault as Uint8Array,
    betNumber: fromSql(row.bet_number),
    termsId: Number(row.terms_id),
    stakeUnits: fromSql(row.stake_units),
    choice: Number(row.choice) as CoinSide,
    clientSeed: row.client_seed as Uint8Array,
    head: row.head as Uint8Array,
    sessionKey: row.session_key as Uint8Array,
    signature: row.signature as Uint8Array,
    serverSeed: row.server_seed as Uint8Array,
    outcome: Number(row.outcome) as CoinSide,
    payout: fromSql(row.payout),
    balanceAfter: fromSql(row.balance_after),
    cumulativeDelta: row.cumulative_delta as bigint,
    timeMs: row.time_ms as bigint,
    receiptSignature: row.receipt_signature as Uint8Array,
  };
}

export function readArchive(row: Row): ArchiveRecord {
  return {
    archiveNumber: fromSql(row.archive),
    state: row.state as ArchiveState,
    fileHash: row.file_hash as Uint8Array,
    directoryHash: row.directory_hash as Uint8Array,
    bytes: Number(row.bytes),
    bets: Number(row.bets),
    fromBatch: fromSql(row.from_batch),
    throughBatch: fromSql(row.through_batch),
    createdAtMs: Number(row.created_at_ms),
  };
}

export function readArchivedRange(row: Row): ArchivedRange {
  return {
    vault: row.vault as Uint8Array,
    firstBet: fromSql(row.first_bet),
    lastBet: fromSql(row.last_bet),
    archiveNumber: fromSql(row.archive),
    firstRow: Number(row.first_row),
  };
}

export function readRun(row: Row): RunRecord {
  return {
    slot: Number(row.slot),
    vault: row.vault as Uint8Array,
    start: fromSql(row.start),
    consume: fromSql(row.consume),
    after: fromSql(row.after),
    firstBet: fromSql(row.first_bet),
    betCount: Number(row.bet_count),
    keySlot: Number(row.key_slot) as 0 | 1,
    payRequest: row.pay_request === 1n,
  };
}

const WIDE_PROGRESS = new Set(['lastValidBlockHeight', 'leaderEpoch', 'leaderNonce']);

export function readBatchColumns(row: Row): Omit<BatchRecord, 'runs'> {
  const progress: Row = {};
  for (const [field, column] of Object.entries(PROGRESS_COLUMNS)) {
    const value = row[column.replaceAll('"', '')];
    if (value === null) continue;
    progress[field] = typeof value !== 'bigint' ? value : WIDE_PROGRESS.has(field) ? fromSql(value) : Number(value);
  }
  return {
    batchNumber: fromSql(row.batch_number),
    state: row.state as BatchState,
    termsId: Number(row.terms_id),
    vkId: Number(row.vk_id),
    size: row.size as string,
    betCount: Number(row.bet_count),
    blobHash: row.blob_hash as Uint8Array,
    outcomes: row.outcomes as Uint8Array,
    attempt: Number(row.attempt),
    createdAtMs: Number(row.created_at_ms),
    updatedAtMs: Number(row.updated_at_ms),
    ...progress,
  };
}
