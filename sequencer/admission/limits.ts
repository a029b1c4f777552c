import { encodeLimit } from '../../protocol/messages.ts';
import type { LedgerEntry, LimitRecord } from '../ledger/records.ts';
import type { TermsBook } from './seeds.ts';
import type { ReceiptSigner, SignedMessage } from './signer.ts';
import type { VaultState } from './vault-state.ts';

/** Bets that a fresh limit covers. */
const LIMIT_BETS = 512n;
/** A limit with fewer bets left is followed by a fresh one. */
const REFRESH_BELOW_BETS = 256n;

/**
 * The limit to hand out with an answer: the vault's newest if it still covers enough bets at the present terms and stake, else a
 * fresh one, whose entry must be durable before it is handed out. Earlier limits stay in force: limits only add.
 */
export function currentLimit(
  vault: VaultState,
  options: { signer: ReceiptSigner; termsId: number; maxStakeUnits: bigint },
): { limit: SignedMessage; entries: LedgerEntry[] } {
  vault.limits = vault.limits.filter((limit) => limit.throughBet > vault.lastBet);
  const standing = vault.limits.find(
    (limit) =>
      limit.termsId === options.termsId &&
      limit.maxStakeUnits >= options.maxStakeUnits &&
      limit.throughBet - vault.lastBet >= REFRESH_BELOW_BETS,
  );
  if (standing) return { limit: { message: limitMessage(vault, standing), signature: standing.signature }, entries: [] };
  const draft = {
    vault: vault.context.vault,
    termsId: options.termsId,
    maxStakeUnits: options.maxStakeUnits,
    throughBet: vault.lastBet + LIMIT_BETS,
  };
  const message = limitMessage(vault, draft);
  const limit: LimitRecord = { ...draft, signature: options.signer.sign(message) };
  vault.limits.push(limit);
  return { limit: { message, signature: limit.signature }, entries: [{ kind: 'limit', limit }] };
}

/** Whether a bet lies within what the house has promised this vault, or promises now. A vault's terms never go back. */
export function withinLimits(
  vault: VaultState,
  bet: { betNumber: bigint; termsId: number; stakeUnits: bigint },
  terms: TermsBook,
): boolean {
  if (bet.termsId < vault.lastTerms || !terms.get(bet.termsId)) return false;
  return vault.limits.some(
    (limit) => limit.termsId === bet.termsId && bet.stakeUnits <= limit.maxStakeUnits && bet.betNumber <= limit.throughBet,
  );
}

function limitMessage(vault: VaultState, limit: Omit<LimitRecord, 'signature'>): Uint8Array {
  const { termsId, maxStakeUnits, throughBet } = limit;
  return encodeLimit({ ...vault.context, termsId, maxStakeUnits, throughBet });
}
