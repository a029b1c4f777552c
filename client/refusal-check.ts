import type { Address } from '@solana/kit';
import { STAKE_UNIT } from '../protocol/constants.ts';
import { decodeReceipt, REFUSAL_CODES, type Refusal } from '../protocol/messages.ts';
import type { Chain } from './chain.ts';
import { checkLimit, covers, signedFraud, type VaultContext } from './checks.ts';
import { type HouseContext, loadHouse, loadVault } from './house.ts';
import type { SignedBytes } from './parse.ts';
import type { PendingBet, SigningRecord } from './record.ts';
import type { RecordBook } from './signing-record.ts';

export interface RefusedBet {
  chain: Chain;
  book: RecordBook;
  house: HouseContext;
  owner: Address;
  context: VaultContext;
  record: SigningRecord;
  bet: PendingBet;
  refusal: Refusal;
  signed: SignedBytes;
}

/** Unsettled bets whose receipts are added up; with more the refusal stands. */
const MAX_OPEN_BETS = 1_000n;

/**
 * Throws `refusal-within-limit` evidence if the house had no right to refuse the bet: it was within a signed limit, or the money was
 * there, or the house claims to have been restored and yet has opened no new terms. Resolves if the refusal stands.
 */
export async function contestRefusal(refused: RefusedBet): Promise<void> {
  const { context, record, bet, refusal, signed } = refused;
  if (refusal.code === REFUSAL_CODES['insufficient-balance']) return contestBalance(refused);
  const limit = record.limits.find((one) => covers(checkLimit(context, one), bet));
  if (!limit || (refusal.code === REFUSAL_CODES.restored && (await hasNewTerms(refused)))) return;
  const messages = { refusal: signed, limit };
  throw signedFraud('refusal-within-limit', 'the house refused a bet within its own irrevocable limit', { messages, bet });
}

/** Only a withdrawal can have made the balance smaller than the last receipt says, and the chain would show it. */
async function contestBalance(refused: RefusedBet): Promise<void> {
  const { book, record, bet, signed } = refused;
  const stake = bet.stakeUnits * STAKE_UNIT;
  if (record.balance === undefined || record.balance < stake) return;
  const last = await book.receipt(bet.betNumber - 1n);
  if (!last) return;
  for (const commitment of ['finalized', 'confirmed'] as const) {
    const funds = await fundsAt(refused, commitment);
    if (funds === undefined || funds < stake) return;
  }
  const messages = { refusal: signed, receipt: last };
  throw signedFraud('refusal-within-limit', 'the house refused a bet for a balance that was there', { messages, bet });
}

/** What the bettor could stake: the vault on chain and the receipts after its last settled bet. Undefined if that is not known. */
async function fundsAt(refused: RefusedBet, commitment: 'confirmed' | 'finalized'): Promise<bigint | undefined> {
  const { chain, book, house, owner, bet } = refused;
  const { state } = await loadVault(chain, { context: house, owner, commitment });
  if (!state || bet.betNumber - state.lastBet > MAX_OPEN_BETS) return undefined;
  let funds = state.balance + state.pendingDeposit;
  for (let betNumber = state.lastBet + 1n; betNumber < bet.betNumber; betNumber += 1n) {
    const signed = await book.receipt(betNumber);
    if (!signed) return undefined;
    const { payout, stake } = decodeReceipt(signed.message);
    funds += payout - stake;
  }
  return funds;
}

/** A restored house takes no bet before it has new terms with other seeds, which the finalized chain shows. */
async function hasNewTerms({ chain, house, bet }: RefusedBet): Promise<boolean> {
  return (await loadHouse(chain, house)).terms.id > bet.termsId;
}
