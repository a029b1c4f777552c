import { STAKE_UNIT } from '../../protocol/constants.ts';
import { addressOf } from '../ledger/addresses.ts';
import type { Numbered } from '../ledger/pages.ts';
import type {
  AuditRecord,
  BatchRecord,
  BetRecord,
  ConfigurationRecord,
  ReconciliationRecord,
  RunRecord,
  VoidRecord,
} from '../ledger/records.ts';
import { columnsOf, type Table } from './columns.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
const sideOf = (side: 0 | 1): string => (side === 1 ? 'heads' : 'tails');

let lastBytes: Uint8Array = new Uint8Array(0);
let lastAddress = '';

/** Rows come by vault: its address, which is slow to encode, is the one before nearly always. */
function vaultAddress(bytes: Uint8Array): string {
  if (Buffer.compare(bytes, lastBytes) !== 0) {
    lastBytes = bytes;
    lastAddress = addressOf(bytes);
  }
  return lastAddress;
}

export const BETS: Table<BetRecord> = {
  name: 'bets',
  version: 1,
  columns: columnsOf({
    vault: 'base58',
    bet_number: 'u64',
    bet_id: 'hex',
    time: 'time',
    terms_id: 'int',
    stake: 'u64',
    guess: 'text',
    outcome: 'text',
    payout: 'u64',
    balance_after: 'u64',
    cumulative_delta: 'i64',
    client_seed: 'hex',
    server_seed: 'hex',
    session_key: 'hex',
    signature: 'hex',
    receipt_signature: 'hex',
  }),
  sums: [
    { name: 'staked', column: 'stake' },
    { name: 'paid_out', column: 'payout' },
  ],
  cells: (bet) => [
    vaultAddress(bet.vault),
    bet.betNumber,
    hex(bet.head),
    Number(bet.timeMs),
    bet.termsId,
    bet.stakeUnits * STAKE_UNIT,
    sideOf(bet.choice),
    sideOf(bet.outcome),
    bet.payout,
    bet.balanceAfter,
    bet.cumulativeDelta,
    hex(bet.clientSeed),
    hex(bet.serverSeed),
    hex(bet.sessionKey),
    hex(bet.signature),
    hex(bet.receiptSignature),
  ],
};

export const BATCHES: Table<BatchRecord> = {
  name: 'batches',
  version: 1,
  columns: columnsOf({
    batch_number: 'u64',
    state: 'text',
    terms_id: 'int',
    verifying_key_id: 'int',
    size: 'text',
    bets: 'int',
    vaults: 'int',
    blob_hash: 'hex',
    outcomes: 'hex',
    attempts: 'int',
    created_at: 'time',
    updated_at: 'time',
    confirmed_at: 'time?',
    finalized_at: 'time?',
    prove_ms: 'int?',
    compute_units: 'int?',
    leader_epoch: 'u64?',
    leader_nonce: 'u64?',
    signature: 'base58?',
    proof: 'hex?',
  }),
  sums: [
    { name: 'bets', column: 'bets' },
    { name: 'vaults', column: 'vaults' },
  ],
  cells: (batch) => [
    batch.batchNumber,
    batch.state,
    batch.termsId,
    batch.vkId,
    batch.size,
    batch.betCount,
    batch.runs.length,
    hex(batch.blobHash),
    hex(batch.outcomes),
    batch.attempt,
    batch.createdAtMs,
    batch.updatedAtMs,
    batch.confirmedAtMs ?? null,
    batch.finalizedAtMs ?? null,
    batch.proveMs ?? null,
    batch.computeUnits ?? null,
    batch.leaderEpoch ?? null,
    batch.leaderNonce ?? null,
    batch.signature ?? null,
    batch.proof ? hex(batch.proof) : null,
  ],
};

export const BATCH_RUNS: Table<RunRecord & { batchNumber: bigint }> = {
  name: 'batch_runs',
  version: 1,
  columns: columnsOf({
    batch_number: 'u64',
    position: 'int',
    vault: 'base58',
    start: 'u64',
    consumed: 'u64',
    after: 'u64',
    first_bet: 'u64',
    bets: 'int',
    key_slot: 'int',
    pays_request: 'flag',
  }),
  sums: [{ name: 'bets', column: 'bets' }],
  cells: (run) => [
    run.batchNumber,
    run.slot,
    vaultAddress(run.vault),
    run.start,
    run.consume,
    run.after,
    run.firstBet,
    run.betCount,
    run.keySlot,
    run.payRequest,
  ],
};

export const BATCH_HISTORY: Table<Numbered<AuditRecord>> = {
  name: 'batch_history',
  version: 1,
  columns: columnsOf({
    entry: 'u64',
    batch_number: 'u64',
    time: 'time',
    from_state: 'text',
    to_state: 'text',
    reason: 'text',
    attempt: 'int',
    signature: 'base58?',
  }),
  sums: [],
  cells: ({ id, batchNumber, timeMs, from, to, reason, attempt, signature }) => [
    ...[id, batchNumber, timeMs, from, to, reason, attempt],
    signature === '' ? null : signature,
  ],
};

export const VOIDED: Table<VoidRecord> = {
  name: 'voided',
  version: 1,
  columns: columnsOf({ vault: 'base58', from_bet: 'u64', through_bet: 'u64', slot: 'u64', reason: 'text' }),
  sums: [],
  cells: ({ vault, fromBet, throughBet, slot, reason }) => [vaultAddress(vault), fromBet, throughBet, slot, reason],
};

export const RECONCILIATIONS: Table<Numbered<ReconciliationRecord>> = {
  name: 'reconciliations',
  version: 1,
  columns: columnsOf({
    entry: 'u64',
    time: 'time',
    slot: 'u64',
    vaults_checked: 'int',
    batches_checked: 'int',
    transfers_checked: 'int',
    complete: 'flag',
    funds_differ: 'flag',
    omitted: 'int',
    discrepancies: 'json',
  }),
  sums: [],
  cells: (report) => [
    report.id,
    report.timeMs,
    report.slot,
    report.vaultsChecked,
    report.batchesChecked,
    report.transfersChecked,
    report.complete,
    report.fundsDiffer,
    report.omitted,
    report.discrepancies,
  ],
};

export const CONFIGURATIONS: Table<Numbered<ConfigurationRecord>> = {
  name: 'configurations',
  version: 1,
  columns: columnsOf({ entry: 'u64', time: 'time', settings: 'json' }),
  sums: [],
  cells: ({ id, timeMs, settings }) => [id, timeMs, settings],
};
