import type { VaultBook } from '../admission/book.ts';
import { addressOf } from '../ledger/addresses.ts';
import type { BatchRecord } from '../ledger/records.ts';
import type { UnfinishedBatches } from './batches.ts';

/**
 * The first batch that can never land because the finalized chain shows a forced exit of one of its vaults, and not the run that the
 * batch holds of it. Whatever bytes of it are under way, the program refuses them for ever: a frozen vault stays frozen. One that is Confirmed
 * was seen to land; if a fork took that back it returns to Submitted first.
 */
export function batchOfVoidedVault(unfinished: UnfinishedBatches, book: VaultBook): BatchRecord | undefined {
  return unfinished.all.find(({ state, runs }) => {
    if (state === 'Confirmed') return false;
    return runs.some((run) => {
      const vault = book.byAddress(addressOf(run.vault))?.finalized;
      return vault?.frozen && vault.lastBet < run.firstBet + BigInt(run.betCount) - 1n;
    });
  });
}
