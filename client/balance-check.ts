import type { Address } from '@solana/kit';
import { decodeReceipt, type Receipt } from '../protocol/messages.ts';
import type { Chain } from './chain.ts';
import { balanceEvidence } from './checks.ts';
import { type HouseContext, loadVault } from './house.ts';
import type { SignedBytes } from './parse.ts';
import type { RecordBook } from './signing-record.ts';

/** Unsettled bets that are added up; admission caps them far below. */
const MAX_OPEN_BETS = 10_000n;

/**
 * Called for the first receipt, and when a receipt's balance is below the one before it plus the bet: that is right only if money left
 * the vault on chain. Holds it against the vault there plus the receipts of the bets it has not settled; `balance` evidence if it is
 * below that too. Of the vault's deposits that wait for a batch, at most `depositsBefore` count: those that the service had
 * seen final before the bet. Another may be final now and not have been, or not been seen, when the service answered.
 */
export async function assertBalance(input: {
  chain: Chain;
  book: RecordBook;
  house: HouseContext;
  owner: Address;
  receipt: Receipt;
  /** In base units. */
  depositsBefore: bigint;
}): Promise<void> {
  const { chain, book, house, owner, receipt, depositsBefore } = input;
  const receipts: Record<string, SignedBytes> = {};
  for (const commitment of ['finalized', 'confirmed'] as const) {
    const { state } = await loadVault(chain, { context: house, owner, commitment });
    if (!state || receipt.betNumber - state.lastBet > MAX_OPEN_BETS) return;
    const { pendingDeposit } = state;
    let expected = state.balance + (pendingDeposit < depositsBefore ? pendingDeposit : depositsBefore);
    for (let betNumber = state.lastBet + 1n; betNumber <= receipt.betNumber; betNumber += 1n) {
      const signed = await book.receipt(betNumber);
      if (!signed) return;
      const { payout, stake } = decodeReceipt(signed.message);
      expected += payout - stake;
      if (betNumber + 1n >= receipt.betNumber) receipts[`receipt-${betNumber}`] = signed;
    }
    if (receipt.balanceAfter >= expected) return;
  }
  throw balanceEvidence(receipts);
}
