import type { Address } from '@solana/kit';
import type { CoinSide } from '../../protocol/bet.ts';
import { blobCid } from '../../protocol/blob.ts';
import { STAKE_UNIT } from '../../protocol/constants.ts';
import { fieldToBytes } from '../../protocol/field.ts';
import type { BetAnswer } from '../admission/admission.ts';
import type { SignedMessage } from '../admission/signer.ts';
import type { VaultChange } from '../admission/vault-changes.ts';
import type { VaultState } from '../admission/vault-state.ts';
import { addressOf } from '../ledger/addresses.ts';
import type { AuditRecord, BatchRecord, BetRecord, QuarantineRecord, VoidRecord } from '../ledger/records.ts';

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
const sideOf = (side: CoinSide): 'heads' | 'tails' => (side === 1 ? 'heads' : 'tails');

export const signedJson = ({ message, signature }: SignedMessage) => ({ message: hexOf(message), signature: hexOf(signature) });

export function betAnswerJson(answer: BetAnswer) {
  const { bet, seed } = answer;
  return {
    bet_id: hexOf(bet.head),
    nonce: bet.betNumber.toString(),
    outcome: sideOf(bet.outcome),
    payout: bet.payout.toString(),
    balance: bet.balanceAfter.toString(),
    status: 'acknowledged' as const,
    vrf: { server_seed: hexOf(bet.serverSeed), path: seed.path.map(hexOf), commitment: signedJson(seed.commitment) },
    limit: signedJson(answer.limit),
    receipt: signedJson(answer.receipt),
  };
}

/** What decides how far a bet is: whatever of it applies. A batch that took the bet counts before a quarantine of its vault. */
export interface BetStanding {
  batch?: Pick<BatchRecord, 'batchNumber' | 'state' | 'signature' | 'blobHash'> | undefined;
  quarantine?: QuarantineRecord | undefined;
  voided?: VoidRecord | undefined;
}

/** What of its vault's standing applies to a bet. */
function standingOf(bet: BetRecord, { batch, quarantine, voided }: BetStanding): BetStanding {
  if (voided && bet.betNumber >= voided.fromBet) return { voided };
  if (batch) return { batch };
  return quarantine && bet.betNumber >= quarantine.firstBet ? { quarantine } : {};
}

/** A bet as lists and events show it. */
export function betSummaryJson(bet: BetRecord, owner: Address, standing: BetStanding = {}) {
  const { batch, quarantine, voided } = standingOf(bet, standing);
  return {
    bet_id: hexOf(bet.head),
    user: owner,
    vault: addressOf(bet.vault),
    nonce: bet.betNumber.toString(),
    terms_id: bet.termsId,
    amount: (bet.stakeUnits * STAKE_UNIT).toString(),
    guess: sideOf(bet.choice),
    outcome: sideOf(bet.outcome),
    won: bet.outcome === bet.choice,
    payout: bet.payout.toString(),
    balance: bet.balanceAfter.toString(),
    time: Number(bet.timeMs),
    status: voided ? ('Voided' as const) : quarantine ? ('Failed' as const) : (batch?.state ?? ('acknowledged' as const)),
    batch: batch?.batchNumber.toString() ?? null,
    l1_signature: batch?.signature ?? null,
  };
}

/** A bet with all that its outcome follows from. `headBefore`: the vault's head before it. */
export function betJson(input: {
  bet: BetRecord;
  owner: Address;
  receipt: SignedMessage;
  standing: BetStanding;
  headBefore: bigint;
  seed: BetAnswer['seed'];
}) {
  const { bet, owner, receipt, seed } = input;
  const { batch, quarantine, voided } = standingOf(bet, input.standing);
  return {
    ...betSummaryJson(bet, owner, input.standing),
    balance_before: (bet.balanceAfter + bet.stakeUnits * STAKE_UNIT - bet.payout).toString(),
    head_before: hexOf(fieldToBytes(input.headBefore)),
    client_seed: hexOf(bet.clientSeed),
    server_seed: hexOf(bet.serverSeed),
    session_key: hexOf(bet.sessionKey),
    sig: hexOf(bet.signature),
    vrf: { path: seed.path.map(hexOf), commitment: signedJson(seed.commitment) },
    blob_cid: batch ? blobCid(batch.blobHash) : null,
    finalized: batch?.state === 'Finalized',
    receipt: signedJson(receipt),
    failed_reason: quarantine?.reason ?? null,
    void_reason: voided?.reason ?? null,
  };
}

export function balanceJson(vault: VaultState) {
  const { balance, pendingDeposit, claimable } = vault.finalized;
  return {
    user: vault.owner,
    available: vault.available.toString(),
    settled: balance.toString(),
    pending_deposit: pendingDeposit.toString(),
    claimable: claimable.toString(),
    open_bets: vault.openBets.length,
  };
}

export function vaultJson(vault: VaultState, limit: SignedMessage) {
  return {
    user: vault.owner,
    vault: vault.address,
    account_id: hexOf(fieldToBytes(vault.accountId)),
    next_nonce: (vault.lastBet + 1n).toString(),
    head: hexOf(fieldToBytes(vault.head)),
    last_settled_nonce: vault.finalizedThrough.toString(),
    held: vault.heldBecause() ?? null,
    frozen: vault.confirmed.frozen || vault.closed,
    claimable: vault.finalized.claimable.toString(),
    request: requestJson(vault),
    voided: voidedJson(vault.voided),
    limit: signedJson(limit),
  };
}

/** The open withdrawal request: the finalized one, else one that is confirmed alone. */
function requestJson({ finalized, confirmed }: VaultState) {
  const final = finalized.requestAmount > 0n;
  const { requestAmount, requestDeadline } = final ? finalized : confirmed;
  if (requestAmount === 0n) return null;
  return { amount: requestAmount.toString(), deadline_slot: requestDeadline.toString(), final };
}

function voidedJson(voided: VoidRecord | undefined) {
  if (!voided) return null;
  const { fromBet, throughBet, slot, reason } = voided;
  return { from_nonce: fromBet.toString(), through_nonce: throughBet.toString(), slot: slot.toString(), reason };
}

/** An event of a vault, as the feed tells it. */
export function vaultChangeJson(vault: VaultState, change: VaultChange) {
  const { type, amount } = change;
  const { address, voided } = vault;
  const money = { user: vault.owner, vault: address, amount: amount.toString() };
  switch (type) {
    case 'withdrawal_requested':
      return { type, ...money, deadline_slot: change.deadlineSlot.toString() };
    case 'vault_closed':
      return { type, ...money, voided: voidedJson(voided) };
    default:
      return { type, ...money };
  }
}

/** How many of a batch's outcomes are heads: bits of 1. */
function headsOf({ outcomes, betCount }: BatchRecord): number {
  let heads = 0;
  for (let row = 0; row < betCount; row += 1) heads += ((outcomes[row >> 3] ?? 0) >> (row & 7)) & 1;
  return heads;
}

export function batchJson(batch: BatchRecord) {
  return {
    number: batch.batchNumber.toString(),
    status: batch.state,
    terms_id: batch.termsId,
    size: batch.size,
    bets: batch.betCount,
    heads: headsOf(batch),
    blob_hash: hexOf(batch.blobHash),
    blob_cid: blobCid(batch.blobHash),
    attempts: batch.attempt,
    prove_ms: batch.proveMs ?? null,
    compute_units: batch.computeUnits ?? null,
    signature: batch.signature ?? null,
    created_at: batch.createdAtMs,
    updated_at: batch.updatedAtMs,
    confirmed_at: batch.confirmedAtMs ?? null,
    finalized_at: batch.finalizedAtMs ?? null,
    vaults: batch.runs.map((run) => ({
      vault: addressOf(run.vault),
      start: run.start.toString(),
      after: run.after.toString(),
      first_nonce: run.firstBet.toString(),
      bets: run.betCount,
    })),
  };
}

export const historyJson = (trail: readonly AuditRecord[]) =>
  trail.map(({ timeMs, from, to, reason, attempt, signature }) => ({ time: timeMs, from, to, reason, attempt, signature }));

export function quarantineJson(vault: VaultState, quarantine: QuarantineRecord) {
  const { firstBet, reason, sinceMs, attempts, retryAtMs } = quarantine;
  const held = { user: vault.owner, vault: vault.address, first_nonce: firstBet.toString(), open_bets: vault.openBets.length };
  return { ...held, reason, since: sinceMs, attempts, retry_at: retryAtMs };
}
