import type { Address } from '@solana/kit';
import type { CoinSide } from '../../protocol/bet.ts';
import { blobCid } from '../../protocol/blob.ts';
import { STAKE_UNIT } from '../../protocol/constants.ts';
import { fieldToBytes } from '../../protocol/field.ts';
import type { BetAnswer } from '../admission/admission.ts';
import type { SignedMessage } from '../admission/signer.ts';
import type { VaultState } from '../admission/vault-state.ts';
import { addressOf } from '../ledger/addresses.ts';
import type { AuditRecord, BatchRecord, BetRecord, QuarantineRecord } from '../ledger/records.ts';

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

export function betJson(input: {
  bet: BetRecord;
  owner: Address;
  receipt: SignedMessage;
  batch: BatchRecord | undefined;
  quarantine: QuarantineRecord | undefined;
}) {
  const { bet, owner, receipt, batch } = input;
  const held = !batch && input.quarantine && bet.betNumber >= input.quarantine.firstBet ? input.quarantine : undefined;
  return {
    bet_id: hexOf(bet.head),
    user: owner,
    nonce: bet.betNumber.toString(),
    terms_id: bet.termsId,
    amount: (bet.stakeUnits * STAKE_UNIT).toString(),
    guess: sideOf(bet.choice),
    outcome: sideOf(bet.outcome),
    payout: bet.payout.toString(),
    balance: bet.balanceAfter.toString(),
    time: Number(bet.timeMs),
    receipt: signedJson(receipt),
    status: held ? ('Failed' as const) : (batch?.state ?? ('acknowledged' as const)),
    failed_reason: held?.reason ?? null,
    batch: batch?.batchNumber.toString() ?? null,
    l1_signature: batch?.signature ?? null,
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
    limit: signedJson(limit),
  };
}

export function batchJson(batch: BatchRecord) {
  return {
    number: batch.batchNumber.toString(),
    status: batch.state,
    terms_id: batch.termsId,
    size: batch.size,
    bets: batch.betCount,
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
