import { betPack } from '../protocol/bet.ts';
import { compareBytes } from '../protocol/bytes.ts';
import { GAME_COIN_FLIP } from '../protocol/constants.ts';
import { decodeReceipt } from '../protocol/messages.ts';
import type { ApiClient } from './api.ts';
import { betBody } from './bet-signing.ts';
import { checkReceipt, signedFraud, type VaultContext } from './checks.ts';
import { ClientError, FraudEvidenceError } from './errors.ts';
import type { RecordBook } from './signing-record.ts';

/** Where receipts are kept, and where they go. */
export interface ReceiptBearer {
  api: ApiClient;
  book: RecordBook;
  owner: string;
  context: VaultContext;
}

/**
 * Sends a house whose ledger was restored the receipts of this store's answered bets that it lacks, in order: by them alone it takes these
 * bets again, as they were. Returns how many it took, none where it lacks none. `RECEIPT_INCOMPLETE` if the store kept less of one than
 * that needs; `CasinoApiError` as of a bet, after which it can be done again; `FraudEvidenceError`, its evidence stored, if the house
 * answers with another receipt.
 */
export function bringReceipts(bearer: ReceiptBearer): Promise<number> {
  const { api, book, owner } = bearer;
  return book.alone(async () => {
    const record = await book.load();
    if (!record) throw new ClientError('NO_SIGNING_RECORD', 'this store has no record of the vault');
    const { nextBet: first } = await api.vault(owner);
    let brought = 0;
    for (let betNumber = first; betNumber < record.nextBet; betNumber += 1n) {
      await bringReceipt(bearer, betNumber);
      brought += 1;
    }
    return brought;
  });
}

async function bringReceipt({ api, book, owner, context }: ReceiptBearer, betNumber: bigint): Promise<void> {
  const kept = await book.keptReceipt(betNumber);
  if (!kept?.bet) throw new ClientError('RECEIPT_INCOMPLETE', `the store did not keep all of bet ${betNumber}`);
  const first = kept.receipt;
  const bet = { ...kept.bet, packed: betPack({ ...kept.bet, game: GAME_COIN_FLIP }), head: decodeReceipt(first.message).head };
  const { receipt: second } = await api.postBet(betBody(owner, bet, first));
  try {
    checkReceipt(context, { bet, signed: second });
    if (compareBytes(second.message, first.message) === 0) return;
    throw signedFraud('second-receipt', 'the house signed two receipts for one bet', { messages: { first, second }, bet });
  } catch (error) {
    if (error instanceof FraudEvidenceError) await book.saveEvidence(`${betNumber}-${error.kind}`, error.evidence);
    throw error;
  }
}
