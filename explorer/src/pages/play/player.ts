import type { Address } from '@solana/kit';
import { BetDroppedError } from '../../../../client/errors.ts';
import {
  BrowserStore,
  CasinoClient,
  connectWallet,
  type Wallet,
  type WalletApp,
  type WithdrawalAmount,
  watchWallets,
} from '../../../../client/index.ts';
import { api } from '../../api.ts';
import type { Side } from '../../api-types.ts';
import { config, type ExplorerConfig } from '../../config.ts';
import { Faucet } from './faucet.ts';
import { answeredBet, progressOf, receiptText, storedBets, unansweredBets } from './own-bets.ts';
import { OPENING, type PlayedBet, type PlayerState } from './player-state.ts';
import { keptWallet, makeWallet } from './throw-away-wallet.ts';
import { isUnanswered, troubleOf } from './trouble.ts';

const STORE = 'zk-casino-play';
/** Left in the wallet for fees and rent, in lamports. */
const RESERVE = 50_000_000n;
/** Bets of one page on their way at once: a person's fingers are not faster. */
const MAX_SENDING = 20;
const MAX_SHOWN = 100;
const FOLLOW_MS = 1_000;
const REFRESH_MS = 250;
const TIMEOUT_MS = 120_000;
const RETRY = { maxElapsedMs: 15_000, firstDelayMs: 150, maxDelayMs: 2_000 };

/** One person's play in this browser: its wallet, its vault, its bets, and what became of them. */
export class Player {
  readonly #tell: (state: PlayerState) => void;
  readonly #store: BrowserStore;
  readonly #config: ExplorerConfig;
  readonly #faucet: Faucet;
  /** Other tabs of this explorer, which share wallet and store. */
  readonly #tabs = new BroadcastChannel(STORE);
  #state: PlayerState = OPENING;
  #client: CasinoClient | undefined;
  #wallets: readonly WalletApp[] = [];
  #stopWatching: () => void = () => {};
  #following: ReturnType<typeof setTimeout> | undefined;
  #refreshing: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  #sent = 0;

  private constructor(parts: { store: BrowserStore; config: ExplorerConfig; tell: (state: PlayerState) => void }) {
    this.#store = parts.store;
    this.#config = parts.config;
    this.#tell = parts.tell;
    this.#faucet = new Faucet(parts.config.rpcUrl);
    this.#tabs.addEventListener('message', () => this.#refreshSoon());
  }

  /** Opens this browser's store, and goes on with the wallet that is in it. `tell` hears of every change. */
  static async open(tell: (state: PlayerState) => void): Promise<Player> {
    const [store, found] = await Promise.all([BrowserStore.open(STORE), config()]);
    const player = new Player({ store, config: found, tell });
    await player.start();
    return player;
  }

  /** Looks anew at chain, service and wallet: at first, and after an outage. */
  async start(): Promise<void> {
    this.#set({ stage: 'opening', trouble: undefined });
    try {
      const wallet = await keptWallet(this.#store);
      const hasFaucet = await this.#faucet.isOpen();
      this.#set({ hasFaucet });
      if (wallet && hasFaucet) return await this.#connect(wallet, 'throw-away');
      this.#set({ stage: 'wallet' });
      this.#watch();
    } catch (error) {
      this.#set({ stage: 'cut-off', trouble: troubleOf(error) });
    }
  }

  /** Ends what goes on by itself; the store stays. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#following);
    clearTimeout(this.#refreshing);
    this.#stopWatching();
    this.#tabs.close();
  }

  /** Makes a throw-away wallet, if there is none yet, with a vault that has something to bet with. */
  begin(deposit: bigint): Promise<void> {
    return this.#act('Getting ready', async (step) => {
      step('making a wallet in this browser');
      const wallet = await makeWallet(this.#store);
      if (!this.#client) await this.#connect(wallet, 'throw-away');
      await this.#open(deposit, step);
    });
  }

  /** Connects a wallet of the browser, by its place in `walletNames`. */
  connectApp(index: number): Promise<void> {
    return this.#act('Connecting the wallet', async () => {
      const app = this.#wallets[index];
      if (app) await this.#connect(await connectWallet(app), 'app');
    });
  }

  /** Opens the connected wallet's vault and pays into it. */
  setUp(deposit: bigint): Promise<void> {
    return this.#act('Opening the vault', (step) => this.#open(deposit, step));
  }

  deposit(amount: bigint): Promise<void> {
    return this.#act('Depositing', (step) => this.#pay(amount, step));
  }

  withdraw(amount: WithdrawalAmount): Promise<void> {
    return this.#act('Withdrawing', async (step) => {
      step('asking on chain for the money');
      const STAGES = { requested: 'waiting for the house to pay', paid: 'taking it into the wallet' } as const;
      const onProgress = (stage: string) => stage in STAGES && step(STAGES[stage as keyof typeof STAGES]);
      const client = this.#connected();
      if (this.#state.claimable > 0n && !this.#state.request) await client.claim({ timeoutMs: TIMEOUT_MS });
      else await client.withdraw(amount, { timeoutMs: TIMEOUT_MS, onProgress });
    });
  }

  rotateKey(): Promise<void> {
    return this.#act('Changing the session key', async (step) => {
      step('waiting until the new key counts on chain');
      await this.#connected().rotateSessionKey({ timeoutMs: TIMEOUT_MS });
    });
  }

  /** Leaves for good once a withdrawal is overdue, and takes what the vault held. */
  forceExit(): Promise<void> {
    return this.#act('Leaving by force', async (step) => {
      step('closing the vault on chain');
      const client = this.#connected();
      await client.forceExit({ timeoutMs: TIMEOUT_MS });
      step('taking what it held into the wallet');
      await client.claim({ timeoutMs: TIMEOUT_MS });
    });
  }

  /** Sends again, byte for byte, what was signed and not answered. */
  resume(): Promise<void> {
    return this.#act('Sending the bet again', async () => {
      await this.#connected().resume();
      this.#set({ bets: this.#state.bets.filter(({ state }) => state !== 'unanswered') });
    });
  }

  /** Places a bet without waiting for those before it. */
  async bet({ amount, guess }: { amount: bigint; guess: Side }): Promise<void> {
    const sending = this.#state.bets.filter(({ state }) => state === 'sending').length;
    if (sending >= MAX_SENDING) return;
    this.#sent += 1;
    const key = `sent-${this.#sent}`;
    const bet: PlayedBet = {
      ...{ key, betNumber: undefined, id: undefined, guess, amount, outcome: undefined, payout: 0n, balanceAfter: 0n },
      ...{ state: 'sending', time: Date.now(), ackMs: undefined, recovered: false, trouble: undefined },
    };
    this.#set({ bets: [bet, ...this.#state.bets].slice(0, MAX_SHOWN), trouble: undefined });
    try {
      const result = await this.#connected().bet({ amount, guess });
      this.#replace(key, answeredBet(result, false));
      this.#set({ balance: result.balanceAfter });
      this.#tabs.postMessage('changed');
    } catch (error) {
      // What failed before it was signed is not there.
      const isKept = isUnanswered(error) && (await this.#connected().unansweredBets()).length > 0;
      const state = isKept ? 'unanswered' : 'dropped';
      const trouble = troubleOf(error);
      this.#replace(key, { ...bet, state, trouble });
      // The one that it was chained on has said why.
      if (!(error instanceof BetDroppedError)) this.#set({ trouble });
    }
  }

  /** Text of the receipt file of one of this browser's bets: from the store, whatever the service says. */
  receipt(betNumber: bigint): Promise<string> {
    return receiptText(this.#connected(), betNumber);
  }

  async #connect(wallet: Wallet, kind: 'throw-away' | 'app'): Promise<void> {
    this.#set({ wallet: { address: wallet.address, kind, lamports: undefined } });
    const client = await CasinoClient.connect({
      ...{ ...this.#config, wallet, store: this.#store, retry: RETRY },
      onRecovered: (result) => this.#add(answeredBet(result, true)),
      // The page itself says it, see `developmentKeys`.
      onWarning: () => {},
    });
    this.#client = client;
    this.#stopWatching();
    this.#set({ vault: client.vaultAddress, developmentKeys: client.developmentKeys });
    api.house().then(
      ({ max_stake }) => this.#set({ maxStake: BigInt(max_stake) }),
      () => undefined,
    );
    const vault = await client.vault();
    if (!vault) return this.#set({ stage: 'set-up', wallet: await this.#filled() });
    await this.#refresh();
    if (vault.frozen) return;
    try {
      await client.resume();
    } catch (error) {
      this.#set({ trouble: troubleOf(error), bets: [...(await unansweredBets(client)), ...this.#state.bets] });
    }
  }

  async #open(deposit: bigint, step: (text: string) => void): Promise<void> {
    const { wallet } = this.#state;
    const client = this.#connected();
    if (wallet?.kind === 'throw-away') {
      step('asking the faucet for play money');
      await this.#faucet.fill(wallet.address as Address, deposit + RESERVE);
    }
    step('opening a vault on chain');
    const vault = await client.openVault({ timeoutMs: TIMEOUT_MS });
    if (vault.balance + vault.pendingDeposit === 0n) await this.#pay(deposit, step);
  }

  async #pay(amount: bigint, step: (text: string) => void): Promise<void> {
    const { wallet, hasFaucet } = this.#state;
    if (wallet?.kind === 'throw-away' && hasFaucet) {
      step('asking the faucet for play money');
      await this.#faucet.fill(wallet.address as Address, amount + RESERVE);
    }
    step('paying into the vault, and waiting until that is final');
    await this.#connected().deposit(amount, { timeoutMs: TIMEOUT_MS });
  }

  /** One act at a time; what goes wrong is told, and what the chain shows then. */
  async #act(title: string, action: (step: (text: string) => void) => Promise<void>): Promise<void> {
    if (this.#state.activity) return;
    this.#set({ activity: { title, steps: [] }, trouble: undefined });
    const step = (text: string) => {
      const steps = this.#state.activity?.steps ?? [];
      if (steps.at(-1) !== text) this.#set({ activity: { title, steps: [...steps, text] } });
    };
    try {
      await action(step);
    } catch (error) {
      this.#set({ trouble: troubleOf(error) });
    }
    await this.#refresh().catch((error: unknown) => this.#set({ trouble: this.#state.trouble ?? troubleOf(error) }));
    this.#set({ activity: undefined });
    this.#tabs.postMessage('changed');
  }

  /** Reads wallet, vault and the store's bets anew. */
  async #refresh(): Promise<void> {
    const client = this.#client;
    if (!client) return;
    const vault = await client.vault();
    if (!vault) return this.#set({ stage: 'set-up', wallet: await this.#filled() });
    const [stored, wallet] = [await storedBets(client, vault.lastBet), await this.#filled()];
    const { requestAmount, requestDeadline, claimable, frozen } = vault;
    // From here on without a wait: what is answered meanwhile must not be lost.
    const numbers = new Set(stored.map(({ betNumber }) => betNumber));
    const known = new Map(this.#state.bets.map((bet) => [bet.betNumber, bet]));
    const newer = this.#state.bets.filter(({ betNumber }) => betNumber === undefined || !numbers.has(betNumber));
    this.#set({
      ...{ stage: frozen ? 'closed' : 'ready', claimable, wallet },
      request: requestAmount > 0n ? { amount: requestAmount, deadlineSlot: requestDeadline } : undefined,
      bets: [...newer, ...stored.map((bet) => withMemory(bet, known.get(bet.betNumber)))].slice(0, MAX_SHOWN),
    });
    this.#follow();
    const { available } = await client.balance();
    this.#set({ balance: available });
  }

  /** Another tab has done something: however much of it, this one looks once. */
  #refreshSoon(): void {
    if (this.#closed) return;
    this.#refreshing ??= setTimeout(() => {
      this.#refreshing = undefined;
      // What can not be read now is read with the next change.
      this.#refresh().catch(() => {});
    }, REFRESH_MS);
  }

  async #filled(): Promise<PlayerState['wallet']> {
    const { wallet } = this.#state;
    return wallet && { ...wallet, lamports: await this.#faucet.balance(wallet.address as Address) };
  }

  /** Looks from time to time how far the bets are that are not final yet, while there are any. */
  #follow(): void {
    if (this.#following !== undefined || this.#closed) return;
    this.#following = setTimeout(async () => {
      this.#following = undefined;
      const client = this.#client;
      if (!client || this.#closed) return;
      // What does not answer now is asked again.
      const states = await progressOf(client, this.#state.bets).catch(() => undefined);
      if (states === undefined) return this.#follow();
      const bets = this.#state.bets.map((bet) => ({ ...bet, state: states.get(bet.betNumber ?? 0n) ?? bet.state }));
      if (states.size > 0) this.#set({ bets });
      if (states.size > 0) this.#follow();
    }, FOLLOW_MS);
  }

  #watch(): void {
    this.#stopWatching();
    this.#stopWatching = watchWallets((wallets) => {
      this.#wallets = wallets;
      this.#set({ walletNames: wallets.map(({ name }) => name) });
    });
  }

  #replace(key: string, bet: PlayedBet): void {
    this.#set({ bets: this.#state.bets.map((one) => (one.key === key ? bet : one)) });
    this.#follow();
  }

  #add(bet: PlayedBet): void {
    const others = this.#state.bets.filter(({ betNumber, state }) => betNumber !== bet.betNumber && state !== 'unanswered');
    this.#set({ bets: [bet, ...others], balance: bet.balanceAfter });
    this.#follow();
  }

  #connected(): CasinoClient {
    if (!this.#client) throw new Error('no wallet is connected');
    return this.#client;
  }

  #set(change: Partial<PlayerState>): void {
    this.#state = { ...this.#state, ...change };
    if (!this.#closed) this.#tell(this.#state);
  }
}

/** A stored bet with what the page alone remembers of it. */
function withMemory(bet: PlayedBet, before: PlayedBet | undefined): PlayedBet {
  if (!before) return bet;
  const { ackMs, recovered } = before;
  return { ...bet, ackMs, recovered, state: bet.state === 'Finalized' ? bet.state : before.state };
}
