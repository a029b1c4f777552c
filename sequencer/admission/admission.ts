import type { Address } from '@solana/kit';
import { sessionKeyHashOf } from '../../protocol/account.ts';
import { pointFromBytes } from '../../protocol/babyjubjub.ts';
import { betPack, type CoinSide, deltaOf, nextHead, payoutOf } from '../../protocol/bet.ts';
import { GAME_COIN_FLIP, STAKE_UNIT } from '../../protocol/constants.ts';
import { fieldFromBytes, fieldToBytes } from '../../protocol/field.ts';
import { encodeRefusal, REFUSAL_CODES, type Receipt, type RefusalName } from '../../protocol/messages.ts';
import { outcomeOf } from '../../protocol/outcome.ts';
import type { ChainView } from '../chain/view.ts';
import { CasinoError } from '../errors.ts';
import { addressOf } from '../ledger/addresses.ts';
import type { LedgerPort } from '../ledger/ledger.ts';
import type { BetRecord, LedgerEntry, RefusalRecord } from '../ledger/records.ts';
import { staleEntry } from '../ledger/stale.ts';
import type { VaultBook } from './book.ts';
import { currentLimit, withinLimits } from './limits.ts';
import { asPromised, otherReceipt, ownReceipt } from './readmission.ts';
import { hasReceipt, receiptMessage, refusedError } from './receipts.ts';
import type { SeedBook, SeedOwner, Terms, TermsBook } from './seeds.ts';
import type { ReceiptSigner, SignedMessage } from './signer.ts';
import type { VaultState } from './vault-state.ts';

/** A bet as a bettor sends it; byte fields as in layouts.md, all of the right length. */
export interface BetRequest {
  owner: Address;
  stakeUnits: bigint;
  choice: CoinSide;
  betNumber: bigint;
  termsId: number;
  clientSeed: Uint8Array;
  sessionKey: Uint8Array;
  signature: Uint8Array;
  /** The house's own receipt for this very bet, if the bettor has one: what a restored ledger takes an old bet by. */
  receipt?: SignedMessage | undefined;
}

/** The answer to a bet that was taken, the same for the same bytes whenever they are sent. */
export interface BetAnswer {
  bet: BetRecord;
  receipt: SignedMessage;
  limit: SignedMessage;
  seed: { path: Uint8Array[]; commitment: SignedMessage };
}

export interface AdmissionLimits {
  /** Largest stake that new limits promise, in stake units. */
  maxStakeUnits: bigint;
  /** Most open bets of one vault. */
  maxOpenBetsPerVault: number;
  /** Most open bets in all, given what settlement can do; asked at each bet. */
  maxOpenBets(): number;
}

export interface AdmissionOptions {
  ledger: LedgerPort;
  book: VaultBook;
  terms: TermsBook;
  seeds: SeedBook;
  signer: ReceiptSigner;
  limits: AdmissionLimits;
  /** EdDSA-Poseidon over the 32-byte head, accepting exactly what the circuit accepts. */
  verifySignature(publicKey: Uint8Array, signature: Uint8Array, head: Uint8Array): boolean;
  /** Why bets are not taken now, or undefined: another leads, the view is old, reconciliation found a discrepancy. */
  stopped(view: ChainView): CasinoError | undefined;
  /** The highest terms whose seeds may have been revealed without this ledger's knowledge; 0 for none. */
  fence: number;
  /** Told once that the ledger lacks a bet that was answered, which it is marked for: the process must end. */
  onStale(error: CasinoError): void;
  nowMs(): number;
}

/** Most refused heads of one bet number that are kept at hand. */
const MAX_REFUSALS_PER_VAULT = 1_000;
/** Entries that may wait for the disk before new bets are put off. */
export const MAX_LEDGER_BACKLOG = 16_384;

/** Decides bets: in memory, in order, one vault at a time; what it decides is durable before anyone hears of it. */
export class Admission {
  readonly #o: AdmissionOptions;
  #stale: CasinoError | undefined;

  constructor(options: AdmissionOptions) {
    this.#o = options;
  }

  /**
   * Takes a bet, or throws: `BET_CONFLICT`, `BET_GAP`, `REFUSED` (with a signed refusal), `BUSY`, `NOT_LEADING`, `WRONG_SESSION_KEY`,
   * `BAD_SIGNATURE`, `UNKNOWN_VAULT`, `VAULT_CLOSED`. The same bytes get the same answer.
   */
  async placeBet(request: BetRequest): Promise<BetAnswer> {
    const vault = this.vaultOf(request.owner);
    const receipt = request.receipt && ownReceipt(vault, request.receipt, this.#o.signer);
    if (request.betNumber <= vault.lastBet) return this.#repeat(vault, request);
    if (receipt && receipt.betNumber > vault.lastBet && receipt.termsId > this.#o.fence) throw await this.#foundStale(receipt);
    const view = this.#assertOpen(vault);
    const expected = vault.lastBet + 1n;
    if (request.betNumber !== expected) {
      throw new CasinoError('BET_GAP', `the next bet of this vault is number ${expected}, not ${request.betNumber}`, {
        details: { expected_nonce: expected.toString() },
      });
    }
    const head = this.#headOf(vault, request);
    this.#assertSigned({ vault, request, head, view });
    const barred = vault.refusals.get(head);
    if (barred) throw await this.#refuseAgain(vault, barred);
    this.#assertCapacity(vault);
    if (request.termsId <= this.#o.fence) return this.#takeOld(vault, request, head);
    // Before the balance is looked at: what waits must not depend on outcomes that are not durable yet.
    this.#assertCovered(request, view);
    if (!withinLimits(vault, request, this.#o.terms)) throw await this.#refuse(vault, { request, head, reason: 'outside-limit' });
    if (request.stakeUnits * STAKE_UNIT > vault.available) {
      throw await this.#refuse(vault, { request, head, reason: 'insufficient-balance' });
    }
    return this.#take(vault, request, head);
  }

  /** The vault of an owner, once its opening is finalized. */
  vaultOf(owner: Address): VaultState {
    const vault = this.#o.book.byOwner(owner);
    if (!vault)
      throw new CasinoError('UNKNOWN_VAULT', 'no finalized vault of this owner in this house; open one, or wait for finality');
    return vault;
  }

  /** The limit that holds for a vault now, durable before it is returned. */
  async limitOf(vault: VaultState): Promise<SignedMessage> {
    const { limit, entries } = currentLimit(vault, this.#limitOptions());
    await this.#o.ledger.commit(entries);
    return limit;
  }

  /** The commitment to a range of a vault's seeds under the current terms. */
  seedCommitment(vault: VaultState, rangeIndex: bigint): SignedMessage {
    return this.#o.seeds.commitment(this.#seedOwner(vault, this.#o.terms.current), rangeIndex);
  }

  /** The receipt of a durable bet. */
  receiptOf(vault: VaultState, bet: BetRecord): SignedMessage {
    return { message: receiptMessage(vault, bet), signature: bet.receiptSignature };
  }

  /** What the answer to a durable bet revealed of its seed. */
  revealed(vault: VaultState, bet: BetRecord): BetAnswer['seed'] {
    const terms = this.#o.terms.get(bet.termsId) as Terms;
    const { path, commitment } = this.#o.seeds.reveal(this.#seedOwner(vault, terms), bet.betNumber);
    return { path, commitment };
  }

  /** Whether `revealed` costs next to nothing, and not 256 hashes. */
  hasAtHand(vault: VaultState, bet: BetRecord): boolean {
    return this.#o.seeds.isAtHand(this.#seedOwner(vault, this.#o.terms.get(bet.termsId) as Terms), bet.betNumber);
  }

  #headOf(vault: VaultState, request: BetRequest): bigint {
    const packed = betPack({ ...request, game: GAME_COIN_FLIP });
    const clientSeed = fieldFromBytes(request.clientSeed);
    return nextHead({ headBefore: vault.head, packed, clientSeed, accountId: vault.accountId });
  }

  #assertOpen(vault: VaultState): ChainView {
    if (this.#stale) throw this.#stale;
    const view = this.#o.book.view;
    if (!view) throw new CasinoError('NOT_LEADING', 'the chain has not been read yet');
    const stopped = this.#o.stopped(view);
    if (stopped) throw stopped;
    if (vault.closed) throw new CasinoError('VAULT_CLOSED', 'the vault has been closed for good by a forced exit');
    const held = vault.heldBecause();
    if (held) throw new CasinoError('BUSY', `${held}; send the same bytes again later`);
    return view;
  }

  #assertSigned(input: { vault: VaultState; request: BetRequest; head: bigint; view: ChainView }): void {
    const { vault, request, head, view } = input;
    const hash = vault.sessionKeyHash(request.sessionKey, () => sessionKeyHashOf(pointFromBytes(request.sessionKey)));
    const state = vault.keyState(hash, { finalized: view.finalized.slot, confirmed: view.confirmed.slot });
    if (state === 'soon') {
      throw new CasinoError('BUSY', 'the new session key is not final on chain yet; send the same bytes again later');
    }
    if (state === 'refused') {
      throw new CasinoError(
        'WRONG_SESSION_KEY',
        'this session key is not the one registered for the vault, or not valid at this time',
      );
    }
    if (!this.#o.verifySignature(request.sessionKey, request.signature, fieldToBytes(head))) {
      throw new CasinoError('BAD_SIGNATURE', "the signature does not fit this bet on this vault's last head", {
        details: {
          expected_nonce: (vault.lastBet + 1n).toString(),
          head_before: Buffer.from(fieldToBytes(vault.head)).toString('hex'),
        },
      });
    }
  }

  #assertCapacity(vault: VaultState): void {
    const { book, limits, ledger } = this.#o;
    if (ledger.backlog > MAX_LEDGER_BACKLOG)
      throw new CasinoError('BUSY', 'the ledger is behind; send the same bytes again later');
    if (vault.openBets.length >= limits.maxOpenBetsPerVault || book.waitingBets >= limits.maxOpenBets()) {
      throw new CasinoError('BUSY', 'settlement is behind; send the same bytes again later');
    }
  }

  #assertCovered(request: BetRequest, view: ChainView): void {
    const { book } = this.#o;
    const terms = this.#o.terms.get(request.termsId);
    if (terms && book.maxProfit(request) > book.bankroll(view)) {
      throw new CasinoError('BUSY', 'the house can not cover this bet beside the open ones; send the same bytes again later');
    }
  }

  /**
   * Takes a bet under terms whose seeds may be known: one that the house took before its ledger was restored, by the receipt for it,
   * as it was. Without a receipt it is refused for good.
   */
  async #takeOld(vault: VaultState, request: BetRequest, head: bigint): Promise<BetAnswer> {
    const { receipt } = request;
    if (!receipt || !this.#o.terms.get(request.termsId)) throw await this.#refuse(vault, { request, head, reason: 'restored' });
    if (request.termsId < vault.lastTerms) throw otherReceipt();
    if (request.stakeUnits * STAKE_UNIT > vault.available) {
      throw new CasinoError('BUSY', 'the stake of this old bet is not in the vault now; send the same bytes again later');
    }
    return this.#take(vault, request, head);
  }

  async #take(vault: VaultState, request: BetRequest, head: bigint): Promise<BetAnswer> {
    const terms = this.#o.terms.get(request.termsId) as Terms;
    const { serverSeed, path, commitment } = this.#o.seeds.reveal(this.#seedOwner(vault, terms), request.betNumber);
    const played = this.#play({ vault, request, head, serverSeed, profitBps: terms.profitBps });
    const isOld = request.termsId <= this.#o.fence;
    const bet = isOld ? asPromised(vault, played, request.receipt) : played;
    const message = receiptMessage(vault, bet);
    if (!isOld) bet.receiptSignature = this.#o.signer.sign(message);
    vault.lastBet = bet.betNumber;
    vault.head = head;
    vault.lastTerms = bet.termsId;
    vault.cumulativeDelta = bet.cumulativeDelta;
    vault.refusals.clear();
    const { limit, entries } = currentLimit(vault, this.#limitOptions());
    const durable = this.#o.ledger.commit([{ kind: 'bet', bet }, ...entries]);
    const open = { bet, maxProfit: this.#o.book.maxProfit(bet), durable };
    vault.openBets.push(open);
    this.#o.book.admitted(open);
    await durable;
    return { bet, receipt: { message, signature: bet.receiptSignature }, limit, seed: { path, commitment } };
  }

  #play(input: { vault: VaultState; request: BetRequest; head: bigint; serverSeed: bigint; profitBps: number }): BetRecord {
    const { vault, request, head, serverSeed, profitBps } = input;
    const outcome = outcomeOf({ serverSeed, head });
    const stakes = { stakeUnits: request.stakeUnits, won: outcome === request.choice, profitBps };
    const delta = deltaOf(stakes);
    return {
      vault: vault.context.vault,
      betNumber: request.betNumber,
      termsId: request.termsId,
      stakeUnits: request.stakeUnits,
      choice: request.choice,
      clientSeed: request.clientSeed,
      head: fieldToBytes(head),
      sessionKey: request.sessionKey,
      signature: request.signature,
      serverSeed: fieldToBytes(serverSeed),
      outcome,
      payout: payoutOf(stakes),
      balanceAfter: vault.available + delta,
      cumulativeDelta: vault.cumulativeDelta + delta,
      timeMs: BigInt(this.#o.nowMs()),
      receiptSignature: new Uint8Array(0),
    };
  }

  /** Answers a bet number that is taken: with the receipt if it is the same bet, with what stands there if it is another. */
  async #repeat(vault: VaultState, request: BetRequest): Promise<BetAnswer> {
    const open = vault.openBet(request.betNumber);
    await open?.durable;
    const bet = open?.bet ?? this.#o.ledger.read.bet(vault.context.vault, request.betNumber);
    if (!bet) throw new CasinoError('LEDGER_CORRUPT', `bet ${request.betNumber} of this vault is not in the ledger`);
    const same =
      bet.stakeUnits === request.stakeUnits &&
      bet.choice === request.choice &&
      bet.termsId === request.termsId &&
      Buffer.from(bet.clientSeed).equals(request.clientSeed);
    if (!same) {
      throw new CasinoError('BET_CONFLICT', `bet ${bet.betNumber} of this vault is another one`, {
        details: { bet_id: Buffer.from(bet.head).toString('hex'), expected_nonce: (vault.lastBet + 1n).toString() },
      });
    }
    const shown = hasReceipt(bet) ? bet : asPromised(vault, bet, request.receipt);
    const seed = this.revealed(vault, bet);
    const limit = await this.limitOf(vault);
    return { bet: shown, receipt: this.receiptOf(vault, shown), limit, seed };
  }

  /** A receipt of this house's for a bet that the ledger lacks, and no restore explains it: from now on seeds may be known. */
  async #foundStale({ betNumber, vault }: Receipt): Promise<CasinoError> {
    if (!this.#stale) {
      const reason = `a receipt names bet ${betNumber} of ${addressOf(vault)}, which the ledger lacks`;
      this.#stale = new CasinoError('LEDGER_STALE', `${reason}; start again: it then opens new terms before it takes a bet`);
      await this.#o.ledger.commit([staleEntry({ sinceMs: this.#o.nowMs(), reason })]);
      this.#o.onStale(this.#stale);
    }
    return this.#stale;
  }

  async #refuse(vault: VaultState, input: { request: BetRequest; head: bigint; reason: RefusalName }): Promise<CasinoError> {
    if (vault.refusals.size >= MAX_REFUSALS_PER_VAULT) {
      throw new CasinoError('RATE_LIMITED', 'too many refused bets with this number; place one that is taken');
    }
    const { betNumber } = input.request;
    const code = REFUSAL_CODES[input.reason];
    const message = encodeRefusal({ ...vault.context, betNumber, head: input.head, code });
    const refusal: RefusalRecord = {
      vault: vault.context.vault,
      betNumber,
      head: fieldToBytes(input.head),
      code,
      signature: this.#o.signer.sign(message),
    };
    vault.refusals.set(input.head, refusal);
    const entries: LedgerEntry[] = [{ kind: 'refusal', refusal }];
    await this.#o.ledger.commit(entries);
    return refusedError(vault, refusal);
  }

  /** The same refusal as before, once it is durable. */
  async #refuseAgain(vault: VaultState, refusal: RefusalRecord): Promise<CasinoError> {
    await this.#o.ledger.commit([]);
    return refusedError(vault, refusal);
  }

  #seedOwner(vault: VaultState, terms: Terms): SeedOwner {
    return { context: vault.context, accountId: vault.accountId, terms };
  }

  #limitOptions() {
    const { signer, terms, limits } = this.#o;
    return { signer, termsId: terms.current.id, maxStakeUnits: limits.maxStakeUnits };
  }
}
