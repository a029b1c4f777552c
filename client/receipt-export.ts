import { type Address, getAddressDecoder } from '@solana/kit';
import { SEED_TREE_DEPTH } from '../protocol/constants.ts';
import type { ReceiptFile, SettlementHint } from '../protocol/receipt-file.ts';
import { seedRangeOf } from '../protocol/seed-commitment.ts';
import { ClientError } from './errors.ts';
import type { HouseContext } from './house.ts';
import type { RecordBook } from './signing-record.ts';

/**
 * The receipt file of an answered bet, from the store alone: neither the service nor the chain is asked. `NO_RECEIPT` if the bet has
 * none here, `RECEIPT_INCOMPLETE` if an earlier version of the client kept less of it than the file needs.
 */
export async function exportReceipt(
  place: { book: RecordBook; house: HouseContext; owner: Address; vault: Address },
  input: { betNumber: bigint; settlement?: SettlementHint | undefined },
): Promise<ReceiptFile> {
  const { book, house, owner, vault } = place;
  const { betNumber } = input;
  const kept = await book.keptReceipt(betNumber);
  if (!kept) throw new ClientError('NO_RECEIPT', `this store has no receipt of bet ${betNumber}`);
  if (!kept.bet) {
    const where = 'GET /v1/bets/:id/receipt of the service has the rest';
    throw new ClientError('RECEIPT_INCOMPLETE', `only the house's message was kept of bet ${betNumber}, not the bet; ${where}`);
  }
  const { bet, seedPath } = kept;
  const commitment = await book.seedCommitment({ termsId: bet.termsId, rangeIndex: seedRangeOf(betNumber) });
  if (!commitment || bet.betNumber !== betNumber) {
    throw new ClientError('STORE_CORRUPT', `what the store holds of bet ${betNumber} does not fit together`);
  }
  if (seedPath.length !== SEED_TREE_DEPTH) {
    throw new ClientError('RECEIPT_INCOMPLETE', `the service answered bet ${betNumber} without the path of its seed`);
  }
  const key = getAddressDecoder().decode(kept.receiptKey);
  return {
    genesisHash: house.genesisHash,
    program: house.program,
    house: house.house,
    owner,
    vault,
    bet,
    receipt: { ...kept.receipt, key },
    seed: { path: seedPath, commitment: { ...commitment, key } },
    settlement: input.settlement,
  };
}
