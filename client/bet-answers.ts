import type { Address } from '@solana/kit';
import { deltaOf } from '../protocol/bet.ts';
import { compareBytes, fieldToHex } from '../protocol/bytes.ts';
import { SEED_TREE_DEPTH } from '../protocol/constants.ts';
import { decodeReceipt, type Receipt, refusalName } from '../protocol/messages.ts';
import type { BetAnswer } from './api.ts';
import { assertBalance } from './balance-check.ts';
import type { Chain } from './chain.ts';
import { checkAnswer, checkReceipt, checkRefusal, signedFraud, unsignedRefusal, type VaultContext } from './checks.ts';
import { BetRefusedError, type CasinoApiError, FraudEvidenceError } from './errors.ts';
import { type HouseContext, loadTerms } from './house.ts';
import { mergeLimits } from './limits.ts';
import { JsonReader, type SignedBytes } from './parse.ts';
import type { PendingBet, SigningRecord } from './record.ts';
import { contestRefusal } from './refusal-check.ts';
import type { SeedRoots } from './seed-roots.ts';
import type { RecordBook } from './signing-record.ts';

export interface BetAnswersOptions {
  chain: Chain;
  book: RecordBook;
  house: HouseContext;
  owner: Address;
  context: VaultContext;
  roots: SeedRoots;
}

/** Checks the answers to the bets of one vault, and says how the record goes on from each. */
export class BetAnswers {
  readonly #o: BetAnswersOptions;

  constructor(options: BetAnswersOptions) {
    this.#o = options;
  }

  /**
   * Stores a receipt of a bet once and for all, whatever else is wrong with its answer: the bettor may need it. The bet and the seed's
   * path go with it, so that a receipt file can be made of it; the path is that of the last answer. Needs no earlier bet to be answered,
   * and nor does the evidence of a fraud in it.
   */
  keepReceipt(bet: PendingBet, answer: BetAnswer): Promise<void> {
    return this.keepingEvidence(bet.betNumber, () => this.#keepReceipt(bet, answer));
  }

  async #keepReceipt(bet: PendingBet, { receipt: signed, seed }: BetAnswer): Promise<void> {
    const { context, book } = this.#o;
    checkReceipt(context, { bet, signed });
    const first = await book.receipt(bet.betNumber);
    if (first && compareBytes(first.message, signed.message) !== 0) {
      throw signedFraud('second-receipt', 'the house signed two receipts for one bet', {
        messages: { first, second: signed },
        bet,
      });
    }
    const { receiptKey } = context;
    await book.saveReceipt(bet.betNumber, {
      receipt: first ?? signed,
      receiptKey,
      seedPath: seed.path.slice(0, SEED_TREE_DEPTH),
      bet,
    });
  }

  /** The receipt of this very bet, if one was kept. */
  async keptReceipt(bet: PendingBet): Promise<SignedBytes | undefined> {
    const receipt = await this.#o.book.receipt(bet.betNumber);
    return receipt && decodeReceipt(receipt.message).head === bet.head ? receipt : undefined;
  }

  /** Checks the answer to the record's first pending bet, whose receipt is kept; gives the record that follows, not stored yet. */
  async accept(
    record: SigningRecord,
    input: { answer: BetAnswer; depositsBefore: bigint },
  ): Promise<{ record: SigningRecord; receipt: Receipt }> {
    const { context, house, chain, roots } = this.#o;
    const { answer, depositsBefore } = input;
    const [bet, ...pending] = record.pending as [PendingBet, ...PendingBet[]];
    const { root, commitment } = await roots.known(bet);
    await roots.checkAgain(bet, answer.seed.commitment);
    const terms = await loadTerms(chain, { ...house, id: bet.termsId, known: house.terms });
    const receipt = checkAnswer(context, { bet, answer, root, commitment, profitBps: terms.profitBps });
    const delta = deltaOf({ ...bet, won: receipt.outcome === bet.choice, profitBps: terms.profitBps });
    if (record.balance === undefined || receipt.balanceAfter < record.balance + delta) {
      await assertBalance({ ...this.#o, receipt, depositsBefore });
    }
    const nextBet = bet.betNumber + 1n;
    const limits = mergeLimits(context, { known: record.limits, fresh: answer.limit, nextBet, pending });
    const balance = receipt.balanceAfter;
    return { record: { ...record, nextBet, head: bet.head, balance, limits, pending, refusals: [] }, receipt };
  }

  /**
   * Keeps a verified refusal of the record's first pending bet, which alone allows another bet with its number. It bars the head, and so
   * covers the bets behind, each signed on a head that is built on that one: the record that follows has none pending.
   */
  async refuse(record: SigningRecord, error: CasinoApiError): Promise<{ record: SigningRecord; refused: BetRefusedError }> {
    const { book, context } = this.#o;
    const bet = record.pending[0] as PendingBet;
    let signed: SignedBytes;
    try {
      signed = new JsonReader(error.details, 'error').signed('refusal');
    } catch {
      throw unsignedRefusal(error.details);
    }
    const refusal = checkRefusal(context, { signed, bet });
    await book.saveRefusal(bet, signed);
    for (const taken of record.pending) await this.#assertNotTaken(taken, { bet, refusal: signed });
    await contestRefusal({ ...this.#o, record, bet, refusal, signed });
    const known = record.refusals.some((one) => compareBytes(one.message, signed.message) === 0);
    const refusals = known ? record.refusals : [...record.refusals, signed];
    const head = fieldToHex(bet.head);
    const refused = new BetRefusedError({ reason: refusalName(refusal.code), betNumber: bet.betNumber, head });
    return { record: { ...record, pending: [], refusals }, refused };
  }

  /** A house that has taken a bet can not refuse it, nor one that it is built on. */
  async #assertNotTaken(taken: PendingBet, { bet, refusal }: { bet: PendingBet; refusal: SignedBytes }): Promise<void> {
    const receipt = await this.keptReceipt(taken);
    if (!receipt) return;
    const messages = { receipt, refusal };
    throw signedFraud('refusal-after-receipt', 'the house refused a bet that it had taken, or taken another on', {
      messages,
      bet,
    });
  }

  /** Stores the evidence of a fraud before it is thrown. */
  async keepingEvidence<T>(betNumber: bigint, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      if (error instanceof FraudEvidenceError) await this.#o.book.saveEvidence(`${betNumber}-${error.kind}`, error.evidence);
      throw error;
    }
  }
}
