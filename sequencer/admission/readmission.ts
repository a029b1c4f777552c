import { compareBytes } from '../../protocol/bytes.ts';
import { ProtocolError } from '../../protocol/errors.ts';
import { decodeReceipt, type Receipt } from '../../protocol/messages.ts';
import { CasinoError } from '../errors.ts';
import type { BetRecord } from '../ledger/records.ts';
import { receiptMessage } from './receipts.ts';
import type { ReceiptSigner, SignedMessage } from './signer.ts';
import type { VaultState } from './vault-state.ts';

/** What a receipt says that a bettor brings; `BAD_REQUEST` unless this house's key signed it, for this vault. */
export function ownReceipt(vault: VaultState, signed: SignedMessage, signer: ReceiptSigner): Receipt {
  let receipt: Receipt;
  try {
    receipt = decodeReceipt(signed.message);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new CasinoError('BAD_REQUEST', `the receipt can not be read: ${error.message}`, { cause: error });
  }
  const { domain, house, vault: address } = vault.context;
  const isHere =
    receipt.domain === domain && compareBytes(receipt.house, house) === 0 && compareBytes(receipt.vault, address) === 0;
  if (isHere && signer.hasSigned(signed)) return receipt;
  throw new CasinoError('BAD_REQUEST', "the receipt is not this house's for this vault");
}

/**
 * A bet as its receipt says, once everything in that has been computed anew but for the two things that only it knows: the time, and the
 * balance then. `BAD_REQUEST` if the receipt is of another bet; `BET_CONFLICT` if a settled bet is asked for that has none here.
 */
export function asPromised(vault: VaultState, played: BetRecord, signed: SignedMessage | undefined): BetRecord {
  if (!signed) {
    const bet_id = Buffer.from(played.head).toString('hex');
    const message = `bet ${played.betNumber} of this vault is settled, and its receipt is with its bettor alone: send it along`;
    throw new CasinoError('BET_CONFLICT', message, { details: { bet_id, expected_nonce: (vault.lastBet + 1n).toString() } });
  }
  const { balanceAfter, time: timeMs } = decodeReceipt(signed.message);
  const bet = { ...played, balanceAfter, timeMs, receiptSignature: signed.signature };
  if (compareBytes(receiptMessage(vault, bet), signed.message) !== 0) throw otherReceipt();
  return bet;
}

export const otherReceipt = (): CasinoError => new CasinoError('BAD_REQUEST', 'the receipt is of another bet than this one');
