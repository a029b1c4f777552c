import { payoutOf } from '../protocol/bet.ts';
import { compareBytes, fieldToHex, toHex } from '../protocol/bytes.ts';
import { STAKE_UNIT } from '../protocol/constants.ts';
import { fieldToBytes } from '../protocol/field.ts';
import {
  decodeLimit,
  decodeReceipt,
  decodeRefusal,
  decodeSeedCommitment,
  type Limit,
  type MessageContext,
  type Receipt,
  type Refusal,
  verifyMessage,
} from '../protocol/messages.ts';
import { outcomeOf } from '../protocol/outcome.ts';
import { verifySeed } from '../protocol/seed-commitment.ts';
import type { BetAnswer } from './api.ts';
import { FraudEvidenceError, type FraudKind } from './errors.ts';
import type { SignedBytes } from './parse.ts';
import type { PendingBet } from './record.ts';

/** What every message of the house to one vault must name, and the on-chain key that must have signed it. */
export interface VaultContext extends MessageContext {
  receiptKey: Uint8Array;
}

/** A limit that the house signed for this vault; `limit` evidence otherwise. */
export function checkLimit(context: VaultContext, signed: SignedBytes): Limit {
  return checkSigned({ context, signed, kind: 'limit', decode: decodeLimit });
}

/** The root that the house committed to for a range of this vault's seeds; `seed-commitment` evidence if it is another's. */
export function checkSeedCommitment(
  context: VaultContext,
  input: { signed: SignedBytes; termsId: number; rangeIndex: bigint },
): Uint8Array {
  const { signed } = input;
  const commitment = checkSigned({ context, signed, kind: 'seed-commitment', decode: decodeSeedCommitment });
  if (commitment.termsId !== input.termsId || commitment.rangeIndex !== input.rangeIndex) {
    throw fraud('seed-commitment', 'the commitment is to another range or other terms', unsignedEvidence({ commitment: signed }));
  }
  return commitment.root;
}

/** Two commitments to one range must have one root; `second-seed-root` evidence, signed twice by the house, if not. */
export function checkSameRoot(
  context: VaultContext,
  input: { first: SignedBytes; second: SignedBytes; termsId: number; rangeIndex: bigint },
): void {
  const { first, second, termsId, rangeIndex } = input;
  if (compareBytes(first.message, second.message) === 0) return;
  checkSeedCommitment(context, { signed: second, termsId, rangeIndex });
  throw fraud('second-seed-root', 'the house committed to two roots for one range', signedEvidence({ first, second }));
}

/** A refusal of exactly this bet; `refusal` evidence otherwise. Whether the house may refuse it is another question. */
export function checkRefusal(context: VaultContext, input: { signed: SignedBytes; bet: PendingBet }): Refusal {
  const { signed, bet } = input;
  const refusal = checkSigned({ context, signed, kind: 'refusal', decode: decodeRefusal });
  if (refusal.betNumber !== bet.betNumber || refusal.head !== bet.head) {
    throw fraud('refusal', 'the refusal is of another bet', unsignedEvidence({ refusal: signed }));
  }
  return refusal;
}

/** Whether a limit covers a bet. */
export function covers(limit: Limit, bet: Pick<PendingBet, 'termsId' | 'stakeUnits' | 'betNumber'>): boolean {
  return limit.termsId === bet.termsId && bet.stakeUnits <= limit.maxStakeUnits && bet.betNumber <= limit.throughBet;
}

/** A receipt signed by the on-chain key for exactly the bet that was sent; what it says of the outcome is not looked at. */
export function checkReceipt(context: VaultContext, { bet, signed }: { bet: PendingBet; signed: SignedBytes }): Receipt {
  const receipt = checkSigned({ context, signed, kind: 'receipt-signature', decode: decodeReceipt });
  const sameBet =
    receipt.termsId === bet.termsId &&
    receipt.betNumber === bet.betNumber &&
    receipt.head === bet.head &&
    receipt.stake === bet.stakeUnits * STAKE_UNIT;
  if (sameBet) return receipt;
  throw signedFraud('receipt-of-another-bet', 'the receipt is not of the bet that was sent', {
    messages: { receipt: signed },
    bet,
  });
}

/**
 * The receipt of an answer, after every check that needs no chain: signed by the on-chain key, for exactly the bet that was sent,
 * its seed under the committed root, its outcome that of seed and head, its payout exact, and the rest of the answer equal to it.
 */
export function checkAnswer(
  context: VaultContext,
  input: { bet: PendingBet; answer: BetAnswer; root: Uint8Array; commitment: SignedBytes; profitBps: number },
): Receipt {
  const { bet, answer, root } = input;
  const receipt = checkReceipt(context, { bet, signed: answer.receipt });
  const signed = signedEvidence({ receipt: answer.receipt });
  Object.assign(signed.evidence, betEvidence(bet));
  const { serverSeed, betNumber } = receipt;
  if (!verifySeed({ root, betNumber, serverSeed, path: answer.seed.path })) {
    Object.assign(signed.evidence, signedEvidence({ commitment: input.commitment }).evidence);
    signed.evidence.path = answer.seed.path.map(toHex).join('');
    // A wrong path alone proves nothing to others: only the whole range of seeds would.
    throw fraud('seed-not-committed', 'the revealed seed is not under the committed root', { ...signed, signedByHouse: false });
  }
  if (outcomeOf({ serverSeed, head: bet.head }) !== receipt.outcome) {
    throw fraud('outcome', 'the outcome is not that of seed and head', signed);
  }
  const won = receipt.outcome === bet.choice;
  if (receipt.payout !== payoutOf({ stakeUnits: bet.stakeUnits, won, profitBps: input.profitBps })) {
    throw fraud('payout', 'the payout is not that of the terms', signed);
  }
  assertAnswerIsReceipt(answer, receipt);
  return receipt;
}

/** Evidence in the house's own signed messages, beside the bet that they are about. */
export function signedFraud(
  kind: FraudKind,
  message: string,
  input: { messages: Readonly<Record<string, SignedBytes>>; bet: PendingBet },
): FraudEvidenceError {
  const evidence = { ...messageEvidence(input.messages), ...betEvidence(input.bet) };
  return fraud(kind, message, { signedByHouse: true, evidence });
}

/** Evidence that a receipt's balance is below what the receipts before it and the chain allow. */
export function balanceEvidence(receipts: Readonly<Record<string, SignedBytes>>): FraudEvidenceError {
  return fraud('balance', 'the balance after the bet is too low', signedEvidence(receipts));
}

/** Evidence of a bet that the service claims to refuse, without the signature that would let the bettor sign another. */
export function unsignedRefusal(details: Readonly<Record<string, unknown>>): FraudEvidenceError {
  return fraud('refusal', 'the service refused a bet without a signed refusal', {
    signedByHouse: false,
    evidence: { details: toHex(new TextEncoder().encode(JSON.stringify(details))) },
  });
}

interface Evidence {
  signedByHouse: boolean;
  evidence: Record<string, string>;
}

const fraud = (kind: FraudKind, message: string, evidence: Evidence) => new FraudEvidenceError(kind, message, evidence);

/** Checks signature, then shape, then that the message is for this vault of this house and cluster. */
function checkSigned<T extends MessageContext>(input: {
  context: VaultContext;
  signed: SignedBytes;
  kind: FraudKind;
  decode: (bytes: Uint8Array) => T;
}): T {
  const { context, signed, kind } = input;
  const evidence = unsignedEvidence({ [kind]: signed });
  if (!verifyMessage({ receiptKey: context.receiptKey, ...signed })) {
    throw fraud(kind, `${kind}: not signed by the house's receipt key`, evidence);
  }
  let message: T;
  try {
    message = input.decode(signed.message);
  } catch {
    throw fraud(kind, `${kind}: signed bytes of another layout`, evidence);
  }
  const same =
    message.domain === context.domain &&
    compareBytes(message.house, context.house) === 0 &&
    compareBytes(message.vault, context.vault) === 0;
  if (!same) throw fraud(kind, `${kind}: signed for another vault, house or cluster`, evidence);
  return message;
}

function assertAnswerIsReceipt(answer: BetAnswer, receipt: Receipt): void {
  const same =
    compareBytes(answer.head, fieldToBytes(receipt.head)) === 0 &&
    compareBytes(answer.seed.serverSeed, fieldToBytes(receipt.serverSeed)) === 0 &&
    answer.betNumber === receipt.betNumber &&
    answer.outcome === receipt.outcome &&
    answer.payout === receipt.payout &&
    answer.balanceAfter === receipt.balanceAfter;
  if (same) return;
  throw fraud('answer-differs-from-receipt', 'the answer says other things than its receipt', {
    ...unsignedEvidence({ receipt: answer.receipt }),
  });
}

function signedEvidence(messages: Readonly<Record<string, SignedBytes>>): Evidence {
  return { signedByHouse: true, evidence: messageEvidence(messages) };
}

function unsignedEvidence(messages: Readonly<Record<string, SignedBytes>>): Evidence {
  return { signedByHouse: false, evidence: messageEvidence(messages) };
}

function messageEvidence(messages: Readonly<Record<string, SignedBytes>>): Record<string, string> {
  const entries = Object.entries(messages).flatMap(([name, { message, signature }]) => [
    [name, toHex(message)],
    [`${name}-signature`, toHex(signature)],
  ]);
  return Object.fromEntries(entries);
}

/** What the bettor signed, so that others can check the head. */
function betEvidence(bet: PendingBet): Record<string, string> {
  return {
    head: fieldToHex(bet.head),
    'head-before': fieldToHex(bet.headBefore),
    'bet-pack': fieldToHex(bet.packed),
    'client-seed': fieldToHex(bet.clientSeed),
    'session-key': toHex(bet.sessionKey),
    'bet-signature': toHex(bet.signature),
  };
}
