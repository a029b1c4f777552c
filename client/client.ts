import { type Address, getAddressEncoder } from '@solana/kit';
import type { Vault } from '../program/client/accounts.ts';
import { accountIdOf } from '../protocol/account.ts';
import { ProtocolError } from '../protocol/errors.ts';
import type { ReceiptFile, SettlementHint } from '../protocol/receipt-file.ts';
import type { ApiClient, BalanceAnswer, BatchStatus, BetStatus, VaultAnswer } from './api.ts';
import type { BetResult } from './bet-run.ts';
import { Bettor, type UnansweredBet } from './bettor.ts';
import type { Chain } from './chain.ts';
import type { Clock } from './clock.ts';
import { type Connected, type ConnectOptions, connect } from './connect.ts';
import { developmentKeyWarning } from './development-keys.ts';
import { type CasinoEvent, eventsOf } from './events.ts';
import { type BetSummary, type HistoryOptions, type HistoryPage, historyOf, historyPage } from './history.ts';
import { type HouseContext, loadVault } from './house.ts';
import { bringReceipts } from './readmission.ts';
import { exportReceipt } from './receipt-export.ts';
import { type RotationOptions, rotateSessionKey } from './rotation.ts';
import { loadSession, type Session } from './session-secret.ts';
import { RecordBook } from './signing-record.ts';
import type { LandedTransaction } from './transactions.ts';
import { deposit, openVault, type Progress, type VaultPlace } from './vault-opening.ts';
import { type Settled, type WaitOptions, waitForBatch, waitForBet } from './waiting.ts';
import {
  type Claimed,
  claim,
  forceExit,
  requestWithdrawal,
  type WithdrawalAmount,
  type WithdrawalWishes,
  waitUntilPaid,
  withdraw,
  withdrawalOptions,
} from './withdrawal.ts';

const DEFAULT_WAIT_MS = 120_000;

/** One wallet's business with one house: its vault, its bets, and what became of them. */
export class CasinoClient {
  /** The house as the chain showed it when this client connected. Bets are signed under its terms alone. */
  readonly house: HouseContext;
  /** Whether the house has a verifying key whose secret is public, as the chain showed it; undefined if the node did not tell. */
  readonly developmentKeys: boolean | undefined;
  readonly owner: Address;
  /** Address of the wallet's vault, whether it is open yet or not. */
  readonly vaultAddress: Address;
  readonly #api: ApiClient;
  readonly #chain: Chain;
  readonly #clock: Clock;
  readonly #apiUrl: string;
  readonly #place: VaultPlace;
  readonly #bettor: Bettor;
  readonly #origin: string;
  readonly #warn: (message: string) => void;
  /** Makes the session key be read anew: another one signs from now on. */
  readonly #forgetSession: () => void;
  readonly #bringReceipts: () => Promise<number>;

  private constructor(options: ConnectOptions, parts: Connected) {
    const { api, chain, clock, house } = parts;
    const { wallet, store, onRecovered } = options;
    const owner = wallet.address;
    const book = new RecordBook(store, { genesisHash: house.genesisHash, house: house.house, owner });
    const vault = Uint8Array.from(getAddressEncoder().encode(parts.vaultAddress));
    const accountId = accountIdOf({ domain: house.domain, vault });
    const origin = options.origin ?? globalThis.location?.origin ?? new URL(options.apiUrl).origin;
    let loaded: Promise<Session> | undefined;
    const session = ({ anew } = { anew: false }) => {
      if (anew) loaded = undefined;
      loaded ??= loadSession({ wallet, book, origin, genesisHash: house.genesisHash, house: house.house }).catch((error) => {
        loaded = undefined;
        throw error;
      });
      return loaded;
    };
    this.#origin = origin;
    this.#forgetSession = () => {
      loaded = undefined;
    };
    const context = { domain: house.domain, house: house.houseBytes, vault, receiptKey: house.receiptKey };
    this.#bringReceipts = () => bringReceipts({ api, book, owner, context });
    this.house = house;
    this.developmentKeys = parts.developmentKeys;
    this.#warn = options.onWarning ?? warnOnConsole;
    this.owner = owner;
    this.vaultAddress = parts.vaultAddress;
    this.#api = api;
    this.#chain = chain;
    this.#clock = clock;
    this.#apiUrl = parts.apiUrl;
    this.#place = { api, chain, clock, book, house, wallet, accountId, session };
    const bettorParts = { api, chain, clock, book, house, owner, context, accountId, session };
    this.#bettor = new Bettor({ ...bettorParts, post: api, maxInFlight: options.maxInFlight, onRecovered });
  }

  /**
   * Finds the house and checks it on chain: program, key, terms, cluster. `CHAIN_MISMATCH` when it is not what the service or the
   * options say.
   */
  static async connect(options: ConnectOptions): Promise<CasinoClient> {
    return new CasinoClient(options, await connect(options));
  }

  /**
   * Opens the wallet's vault with this device's session key, or finds it open. Resolves once it is final on chain. Warns first if the
   * house's proofs protect nobody: `developmentKeys`.
   */
  openVault(options: { timeoutMs?: number; onProgress?: Progress } = {}): Promise<Vault> {
    const warning = developmentKeyWarning(this.developmentKeys);
    if (warning) this.#warn(warning);
    const timeoutMs = options.timeoutMs ?? DEFAULT_WAIT_MS;
    return this.#place.book.alone(() => openVault(this.#place, { timeoutMs, onProgress: options.onProgress }));
  }

  /** Pays base units into the vault. Resolves once the deposit is final on chain and can be staked. */
  deposit(amount: bigint, options: { timeoutMs?: number; onProgress?: Progress } = {}): Promise<LandedTransaction> {
    const timeoutMs = options.timeoutMs ?? DEFAULT_WAIT_MS;
    return deposit(this.#place, { amount, timeoutMs, onProgress: options.onProgress });
  }

  /**
   * Bets an amount of base units, a multiple of 10,000, on a side of the coin. Calls need not wait for each other: up to `maxInFlight` bets
   * are on their way at once, and count in the order of the calls. What it throws and what may then be pending: see `Bettor.bet`.
   */
  async bet(input: { amount: bigint; guess: 'heads' | 'tails' }): Promise<BetResult> {
    const { guess } = input;
    if (guess !== 'heads' && guess !== 'tails') {
      throw new ProtocolError('BAD_VALUE', `a guess is 'heads' or 'tails', not ${String(guess)}`);
    }
    return this.#bettor.bet({ amount: input.amount, choice: guess === 'heads' ? 1 : 0 });
  }

  /** Sends the bets again that were signed and not answered, byte for byte and in order; see `Bettor.resume`. */
  resume(): Promise<BetResult[]> {
    return this.#bettor.resume();
  }

  /** The bets of this store that are signed and not answered: on their way, or to be sent again by the next `bet` or `resume`. */
  unansweredBets(): Promise<UnansweredBet[]> {
    return this.#bettor.unanswered();
  }

  /**
   * Brings a house whose ledger was restored the bets of this store that it lost, by its own receipts for them; how many. Connect anew
   * first: such a house has new terms. See `bringReceipts`.
   */
  bringReceipts(): Promise<number> {
    return this.#bringReceipts();
  }

  /**
   * The receipt file of one of this store's answered bets, for `receiptFileText`; see `exportReceipt`. `settlement`: where it was
   * settled, if that is known.
   */
  receiptFile(betNumber: bigint, settlement?: SettlementHint): Promise<ReceiptFile> {
    const { owner, house, vaultAddress: vault } = this;
    return exportReceipt({ book: this.#place.book, house, owner, vault }, { betNumber, settlement });
  }

  /** What the service says can be staked next, in base units. */
  balance(): Promise<BalanceAnswer> {
    return this.#api.balance(this.owner);
  }

  /** The vault as the chain shows it; undefined if it is not open. */
  async vault(commitment: 'confirmed' | 'finalized' = 'finalized'): Promise<Vault | undefined> {
    return (await loadVault(this.#chain, { context: this.house, owner: this.owner, commitment })).state;
  }

  /** What the service says of the vault: an open request, its deadline, what is claimable, and whether it has been closed. */
  async vaultStatus(): Promise<Pick<VaultAnswer, 'held' | 'frozen' | 'claimable' | 'request' | 'voided'>> {
    const { held, frozen, claimable, request, voided } = await this.#api.vault(this.owner);
    return { held, frozen, claimable, request, voided };
  }

  /** Asks for money out of the vault; bets wait until it is paid. See `requestWithdrawal` in withdrawal.ts, and so for the others. */
  async requestWithdrawal(amount: WithdrawalAmount, wishes: WithdrawalWishes = {}) {
    await this.#forgetBalance();
    return requestWithdrawal(this.#place, { ...withdrawalOptions(wishes), amount });
  }

  /** Waits until the house has paid the open request: without a proof if no bet is unsettled, else with the last run of bets. */
  waitUntilPaid(wishes: WithdrawalWishes = {}): Promise<Vault> {
    return waitUntilPaid(this.#place, withdrawalOptions(wishes));
  }

  /** Takes what was paid into the wallet. */
  claim(wishes: WithdrawalWishes = {}): Promise<Claimed> {
    return claim(this.#place, withdrawalOptions(wishes));
  }

  /** Request, payment and claim in one; takes up an interrupted one where it stands. */
  async withdraw(amount: WithdrawalAmount, wishes: WithdrawalWishes = {}): Promise<Claimed> {
    await this.#forgetBalance();
    return withdraw(this.#place, { ...withdrawalOptions(wishes), amount });
  }

  /** Closes the vault for ever and makes all that it holds claimable, once a request is past its deadline: needs the chain alone. */
  forceExit(wishes: WithdrawalWishes = {}): Promise<{ exited: boolean }> {
    return forceExit(this.#place, withdrawalOptions(wishes));
  }

  /** Gives the vault a fresh session key of this store. Unanswered bets of the old one are sent again first. */
  async rotateSessionKey(options: Partial<RotationOptions> = {}): Promise<Vault> {
    if ((await this.unansweredBets()).length > 0) await this.resume();
    const { timeoutMs = DEFAULT_WAIT_MS, onProgress } = options;
    try {
      const place = { ...this.#place, origin: this.#origin };
      return await this.#place.book.alone(() => rotateSessionKey(place, { timeoutMs, onProgress }));
    } finally {
      this.#forgetSession();
    }
  }

  /** The last receipt's balance is no measure once money leaves: the next bet asks the service instead. */
  #forgetBalance(): Promise<void> {
    const { book } = this.#place;
    return book.alone(async () => {
      const record = await book.load();
      if (record) await book.save({ ...record, balance: undefined });
    });
  }

  /** Where a bet of anyone stands, by its head in hex. */
  betStatus(id: string): Promise<BetStatus> {
    return this.#api.bet(id);
  }

  /**
   * Waits until a bet is settled, by the service's word and the chain's. For a bet of this store's last 1,000 its own receipt says which
   * bet it is; for others the service does.
   */
  waitForBet(id: string, options: Partial<WaitOptions> = {}): Promise<BetStatus> {
    const place = {
      api: this.#api,
      chain: this.#chain,
      clock: this.#clock,
      house: this.house,
      book: this.#place.book,
      owner: this.owner,
    };
    return waitForBet(place, { ...waitDefaults(options), id });
  }

  /** Waits until the service says that a batch is settled. */
  waitForBatch(number: bigint, options: Partial<WaitOptions> = {}): Promise<BatchStatus> {
    return waitForBatch({ api: this.#api, clock: this.#clock }, { ...waitDefaults(options), number });
  }

  /** Batches below `before`, newest first, at most `limit`, 1 to 100. */
  batches(options: { before?: bigint; limit?: number } = {}): Promise<BatchStatus[]> {
    return this.#api.batches(options);
  }

  /** This wallet's bets as the service lists them, newest first, or others' by the filters: `for await (const bet of client.history())`. */
  history(options: HistoryOptions = {}): AsyncGenerator<BetSummary, void, undefined> {
    return historyOf(this.#api, this.#ownHistory(options));
  }

  /** One page of `history`, for a list that goes on when the user asks for more. */
  historyPage(options: HistoryOptions = {}): Promise<HistoryPage> {
    return historyPage(this.#api, this.#ownHistory(options));
  }

  #ownHistory(options: HistoryOptions): HistoryOptions {
    const { user = this.owner as string, ...filters } = options.filters ?? {};
    return { ...options, filters: user === 'everyone' ? filters : { ...filters, user } };
  }

  /** Events of this wallet's bets and of all batches, until the signal aborts: from now on, or after the cursor of an earlier event. */
  events(options: { cursor?: string; signal?: AbortSignal } = {}): AsyncGenerator<CasinoEvent, void, undefined> {
    return eventsOf({ apiUrl: this.#apiUrl, user: this.owner, clock: this.#clock, ...options });
  }
}

/** Loud unless told otherwise: who connects has not asked for it. */
function warnOnConsole(message: string): void {
  // biome-ignore lint/suspicious/noConsole: a warning that nobody hears is none, in Node as in a browser
  console.warn(`warning: ${message}`);
}

function waitDefaults(options: Partial<WaitOptions>): WaitOptions {
  const until: Settled = options.until ?? 'Finalized';
  return { until, timeoutMs: options.timeoutMs ?? DEFAULT_WAIT_MS, onState: options.onState };
}
