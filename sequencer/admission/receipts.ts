import { compareBytes } from '../../protocol/bytes.ts';
import { STAKE_UNIT } from '../../protocol/constants.ts';
import { fieldFromBytes } from '../../protocol/field.ts';
import { encodeReceipt, encodeRefusal, refusalName } from '../../protocol/messages.ts';
import { CasinoError } from '../errors.ts';
import type { BetRecord, RefusalRecord } from '../ledger/records.ts';
import type { VaultState } from './vault-state.ts';

/** What stands in a bet that was learnt from the chain: its receipt is with its bettor, and no second one is ever signed. */
export const NO_SIGNATURE = new Uint8Array(64);

/** Whether the ledger has the receipt of a bet; not of one that was learnt from the chain after a restore. */
export const hasReceipt = (bet: Pick<BetRecord, 'receiptSignature'>): boolean =>
  compareBytes(bet.receiptSignature, NO_SIGNATURE) !== 0;

/** The bytes that a bet's receipt signs: they follow from the record, so that the same bet has the same receipt for ever. */
export function receiptMessage(vault: Pick<VaultState, 'context'>, bet: BetRecord): Uint8Array {
  return encodeReceipt({
    ...vault.context,
    termsId: bet.termsId,
    betNumber: bet.betNumber,
    head: fieldFromBytes(bet.head),
    serverSeed: fieldFromBytes(bet.serverSeed),
    outcome: bet.outcome,
    stake: bet.stakeUnits * STAKE_UNIT,
    payout: bet.payout,
    balanceAfter: bet.balanceAfter,
    time: bet.timeMs,
  });
}

/** The answer to a refused bet, with the signed refusal that lets its number be signed anew. */
export function refusedError(vault: VaultState, refusal: RefusalRecord): CasinoError {
  const { betNumber, code } = refusal;
  const message = encodeRefusal({ ...vault.context, betNumber, head: fieldFromBytes(refusal.head), code });
  const reason = refusalName(code);
  return new CasinoError('REFUSED', `this bet is refused for good (${reason}); bet ${betNumber} may be signed anew`, {
    details: {
      reason,
      refusal: { message: Buffer.from(message).toString('hex'), signature: Buffer.from(refusal.signature).toString('hex') },
    },
  });
}
