import type { Address } from '@solana/kit';
import { type CoinSide, deltaOf, stakeUnitsOf } from '../protocol/bet.ts';
import { compareBytes, fieldToHex } from '../protocol/bytes.ts';
import { SEED_TREE_DEPTH, STAKE_UNIT } from '../protocol/constants.ts';
import { decodeReceipt, decodeRefusal, type Receipt, refusalName } from '../protocol/messages.ts';
import type { ApiClient, BetAnswer } from './api.ts';
import { assertBalance } from './balance-check.ts';
import { betBody, signBet } from './bet-signing.ts';
import type { Chain } from './chain.ts';
import { checkAnswer, checkReceipt, checkRefusal, signedFraud, unsignedRefusal, type VaultContext } from './checks.ts';
import type { Clock } from './clock.ts';
import { BetRefusedError, CasinoApiError, ClientError, FraudEvidenceError } from './errors.ts';
import { type HouseContext, loadTerms, loadVault } from './house.ts';
import { mergeLimits, requireLimit } from './limits.ts';
import { JsonReader, type SignedBytes } from './parse.ts';
import { contestRefusal } from './refusal-check.ts';
import { SeedRoots } from './seed-roots.ts';
import type { Session } from './session-secret.ts';
import { MAX_RECORD_MESSAGES, type PendingBet, type RecordBook, type SigningRecord } from './signing-record.ts';

/** A bet that was answered, every check passed. Amounts in base units. */
export interface BetResult {
  betNumber: bigint;
  /** `head_n`, which is the bet's id in the service; hex. */
  head: string;
  outcome: 'heads' | 'tails';
  won: boolean;
  stake: bigint;
  /** Stake included; 0 for a loss. */
  payout: bigint;
  balanceAfter: bigint;
  receipt: SignedBytes;
  /** The revealed server seed, hex. */
  serverSeed: string;
  /** From the first sending of the bytes to their answer. */
  ackMs: number;
}

export interface BettorOptions {
  api: ApiClient;
  chain: Chain;
  clock: Clock;
  book: RecordBook;
  house: HouseContext;
  owner: Address;
  /** What the house's messages to this vault must name. */
  context: VaultContext;
  accountId: bigint;
  session: () => Promise<Session>;
  /** Hears of a bet that an earlier run had signed and this one got answered. */
  onRecovered?: ((result: BetResult) => void) | undefined;
}

/** Places the bets of one vault: one at a time, each durable in the store before it is sent, each answer checked. */
export class Bettor {
  readonly #o: BettorOptions;
  readonly #roots: SeedRoots;
  /** Whether chain and service were asked, since the last doubt, where they see this vault. */
  #asked = false;
  /** Deposits that were final and not yet settled when they were asked: the service had time to count them. */
  #depositsBefore = 0n;

  constructor(options: BettorOptions) {
    this.#o = options;
    this.#roots = new SeedRoots(options);
  }

  /**
   * Places one bet. A bet that is still unanswered goes first. Throws `BetRefusedError`, after which the same number may be bet anew;
   * `FraudEvidenceError`; `CasinoApiError` and `ClientError`, after which the bet, once signed, stays pending and is sent again,
   * byte for byte, by the next call or by `resume`.
   */
  async bet(input: { amount: bigint; choice: CoinSide }): Promise<BetResult> {
    const stakeUnits = stakeUnitsOf(input.amount);
    return this.#o.book.alone(async () => {
      let record = await this.#record();
      if (record.pending) {
        await this.#recover(record);
        record = await this.#record();
      }
      const { pending, limits } = await this.#sign(record, { stakeUnits, choice: input.choice });
      const next = { ...record, pending, limits };
      await this.#o.book.save(next);
      return this.#deliver(next, pending);
    });
  }

  /** Sends a bet again that was signed and not answered. Undefined if there is none, or if it was refused for good. */
  resume(): Promise<BetResult | undefined> {
    return this.#o.book.alone(async () => {
      const record = await this.#record();
      return record.pending ? this.#recover(record) : undefined;
    });
  }

  async #record(): Promise<SigningRecord> {
    const record = await this.#o.book.load();
    if (!record) throw new ClientError('NO_SIGNING_RECORD', 'this store has no record of the vault: open the vault first');
    return record;
  }

  async #recover(record: SigningRecord): Promise<BetResult | undefined> {
    // What was read may be visible and yet not durable: the run that wrote it can have ended before its sync.
    await this.#o.book.save(record);
    try {
      const result = await this.#deliver(record, record.pending as PendingBet);
      this.#o.onRecovered?.(result);
      return result;
    } catch (error) {
      if (error instanceof BetRefusedError) return undefined;
      throw error;
    }
  }

  async #sign(record: SigningRecord, bet: { stakeUnits: bigint; choice: CoinSide }) {
    const { api, house, owner, accountId, context, book } = this.#o;
    const wanted = { betNumber: record.nextBet, termsId: house.terms.id, stakeUnits: bet.stakeUnits };
    if (record.refusals.length >= MAX_RECORD_MESSAGES) {
      throw new ClientError('TOO_MANY_REFUSALS', `${record.refusals.length} bets with number ${record.nextBet} were refused`);
    }
    const ask = !this.#asked;
    if (ask) await this.#assertNotBehindChain(record);
    await this.#assertFunds(record, bet.stakeUnits * STAKE_UNIT);
    const limits = await this.#keepingEvidence(wanted.betNumber, () =>
      requireLimit({ api, owner, context, record, wanted, ask }),
    );
    this.#asked = true;
    await this.#keepingEvidence(wanted.betNumber, () => this.#roots.require(wanted));
    const session = await this.#o.session();
    if (session.keyHash !== record.sessionKeyHash) {
      throw new ClientError('WRONG_SESSION_KEY', 'the wallet made another session key than the one of the vault');
    }
    const refusedHeads = new Set(record.refusals.map((refusal) => decodeRefusal(refusal.message).head));
    const signing = { key: session.key, accountId, headBefore: record.head, choice: bet.choice, refusedHeads };
    // Read again at the last moment: only this lock's holder may have changed it.
    const now = await book.load();
    if (now?.nextBet !== record.nextBet || now.pending) {
      throw new ClientError('RECORD_CONFLICT', 'the signing record changed while a bet was being signed');
    }
    return { pending: signBet({ ...signing, ...wanted }), limits };
  }

  /** A store that was rolled back would sign a bet number twice: the chain may know of bets that it has forgotten. */
  async #assertNotBehindChain(record: SigningRecord): Promise<void> {
    const { chain, house: context, owner } = this.#o;
    const { state } = await loadVault(chain, { context, owner, commitment: 'confirmed' });
    if (state?.frozen) throw new ClientError('VAULT_CLOSED', 'the vault has been closed by a forced exit');
    if (state && state.lastBet >= record.nextBet) {
      const where = `the chain has settled bet ${state.lastBet}, this record is at ${record.nextBet}`;
      throw new ClientError('RECORD_CONFLICT', `${where}: the store is older than the vault`);
    }
    const final = await loadVault(chain, { context, owner, commitment: 'finalized' });
    this.#depositsBefore = final.state?.pendingDeposit ?? 0n;
  }

  /** Signs nothing that the house would have to refuse: the last receipt tells the balance, or else the service. */
  async #assertFunds(record: SigningRecord, stake: bigint): Promise<void> {
    if (record.balance !== undefined && stake <= record.balance) return;
    const { available } = await this.#o.api.balance(this.#o.owner);
    if (stake > available) {
      throw new ClientError('INSUFFICIENT_BALANCE', `a stake of ${stake} is above the balance of ${available} base units`);
    }
  }

  async #deliver(record: SigningRecord, bet: PendingBet): Promise<BetResult> {
    const { api, clock, owner } = this.#o;
    const sentAtMs = clock.nowMs();
    let answer: BetAnswer;
    try {
      answer = await api.postBet(betBody(owner, bet));
    } catch (error) {
      if (!(error instanceof CasinoApiError)) throw error;
      if (error.code === 'REFUSED') throw await this.#refused(record, { bet, error });
      if (DOUBTFUL.has(error.code)) this.#asked = false;
      throw error;
    }
    const ackMs = clock.nowMs() - sentAtMs;
    return this.#keepingEvidence(bet.betNumber, async () => {
      const receipt = await this.#accept(record, { bet, answer });
      return resultOf({ bet, receipt, signed: answer.receipt, ackMs });
    });
  }

  /** Checks an answer and, if all is well, moves the record on. */
  async #accept(record: SigningRecord, { bet, answer }: { bet: PendingBet; answer: BetAnswer }): Promise<Receipt> {
    const { context, book, house, chain } = this.#o;
    await this.#keepReceipt(bet, answer);
    const { root, commitment } = await this.#roots.known(bet);
    await this.#roots.checkAgain(bet, answer.seed.commitment);
    const terms = await loadTerms(chain, { ...house, id: bet.termsId, known: house.terms });
    const receipt = checkAnswer(context, { bet, answer, root, commitment, profitBps: terms.profitBps });
    const delta = deltaOf({ ...bet, won: receipt.outcome === bet.choice, profitBps: terms.profitBps });
    if (record.balance === undefined || receipt.balanceAfter < record.balance + delta) {
      await assertBalance({ ...this.#o, receipt, depositsBefore: this.#depositsBefore });
    }
    const nextBet = bet.betNumber + 1n;
    await book.save({
      ...record,
      nextBet,
      head: bet.head,
      balance: receipt.balanceAfter,
      limits: mergeLimits(context, { known: record.limits, fresh: answer.limit, nextBet }),
      pending: undefined,
      refusals: [],
    });
    return receipt;
  }

  /**
   * Stores a receipt of the bet once and for all, whatever else is wrong with its answer: the bettor may need it. The bet and the seed's
   * path go with it, so that a receipt file can be made of it; the path is that of the last answer.
   */
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

  /** Keeps a verified refusal, which alone allows another bet with the number. */
  async #refused(record: SigningRecord, input: { bet: PendingBet; error: CasinoApiError }): Promise<Error> {
    const { bet, error } = input;
    const { book, context } = this.#o;
    return this.#keepingEvidence(bet.betNumber, async () => {
      let signed: SignedBytes;
      try {
        signed = new JsonReader(error.details, 'error').signed('refusal');
      } catch {
        throw unsignedRefusal(error.details);
      }
      const refusal = checkRefusal(context, { signed, bet });
      await book.saveRefusal(bet, signed);
      const receipt = await book.receipt(bet.betNumber);
      if (receipt && decodeReceipt(receipt.message).head === bet.head) {
        const messages = { receipt, refusal: signed };
        throw signedFraud('refusal-after-receipt', 'the house refused a bet that it had taken', { messages, bet });
      }
      await contestRefusal({ ...this.#o, record, bet, refusal, signed });
      const known = record.refusals.some((one) => compareBytes(one.message, signed.message) === 0);
      await book.save({
        ...record,
        pending: undefined,
        refusals: known ? record.refusals : [...record.refusals, signed],
      });
      const head = fieldToHex(bet.head);
      return new BetRefusedError({ reason: refusalName(refusal.code), betNumber: bet.betNumber, head });
    });
  }

  /** Stores the evidence of a fraud before it is thrown. */
  async #keepingEvidence<T>(betNumber: bigint, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      if (error instanceof FraudEvidenceError) await this.#o.book.saveEvidence(`${betNumber}-${error.kind}`, error.evidence);
      throw error;
    }
  }
}

/** Errors after which the service may know of bets that this record does not. */
const DOUBTFUL: ReadonlySet<string> = new Set(['BET_CONFLICT', 'BAD_SIGNATURE', 'BET_GAP']);

function resultOf(input: { bet: PendingBet; receipt: Receipt; signed: SignedBytes; ackMs: number }): BetResult {
  const { bet, receipt } = input;
  return {
    betNumber: receipt.betNumber,
    head: fieldToHex(receipt.head),
    outcome: receipt.outcome === 1 ? 'heads' : 'tails',
    won: receipt.outcome === bet.choice,
    stake: receipt.stake,
    payout: receipt.payout,
    balanceAfter: receipt.balanceAfter,
    receipt: input.signed,
    serverSeed: fieldToHex(receipt.serverSeed),
    ackMs: input.ackMs,
  };
}
