import type { Logger } from 'pino';
import { TermsBook } from '../admission/seeds.ts';
import type { Leader } from '../chain/settlement-chain.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { fencedEntries, type StaleMark } from '../ledger/stale.ts';
import { openNextTerms } from '../operations/house-making.ts';
import type { HouseOptions, OpenedHouse } from '../operations/house-setup.ts';
import type { BlobPlaces } from './blobs.ts';
import { catchUp } from './catch-up.ts';

/**
 * Makes a stale ledger fit to take bets again: learns what the chain knows and it does not, opens new terms with a fresh secret, and bars the
 * old ones, in this order (docs/decisions/0030-backups-and-stale-ledgers.md). The mark goes last, so that a start after a crash does all
 * of it again. Resolves to the house with its new terms.
 */
export async function recoverStale(input: {
  stale: StaleMark;
  house: HouseOptions;
  opened: OpenedHouse;
  leader: Leader;
  ledger: Ledger;
  blobs: BlobPlaces;
  nowMs(): number;
  log: Logger;
}): Promise<OpenedHouse> {
  const { stale, house, opened, leader, ledger, blobs, nowMs, log } = input;
  const { onProgress } = house;
  log.warn({ stale }, 'the ledger is stale: it learns from the chain and opens new terms before it takes a bet');
  onProgress('the ledger is stale: learning from the chain');
  const { reader, domain } = opened;
  const terms = new TermsBook(opened.terms, opened.currentTerms);
  const learnt = await catchUp({ reader, ledger, blobs, terms, domain, leader, nowMs, onProgress });
  const renewed = await openNextTerms(house, opened);
  const fence = renewed.currentTerms - 1;
  await ledger.commit(fencedEntries(fence));
  log.warn({ learnt, fence, terms: renewed.currentTerms }, 'the ledger is current again');
  const { batches, transfers, takenBack } = learnt;
  const found = `${batches} batches and ${transfers} transfers learnt, ${takenBack} unsettled batches taken back`;
  onProgress(`the ledger is current again: ${found}; bets are taken under terms ${renewed.currentTerms}`);
  return renewed;
}
