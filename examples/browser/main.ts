// A front end's starting point: wallet, vault, deposit, bet, result. Everything that a bettor needs checked is checked inside the SDK.

import type { Wallet } from '../../client/index.ts';
import { BetRefusedError, type BetResult, BrowserStore, CasinoClient, connectWallet, watchWallets } from '../../client/index.ts';
import { throwAwayWallet } from '../throw-away-wallet.ts';

// The development server passes these on (vite.config.ts). In production: the casino's address, and a Solana node that you trust.
const apiUrl = location.origin;
const rpcUrl = `${location.origin}/rpc`;

const LAMPORTS = 1_000_000_000;
const sol = (lamports: bigint) => (Number(lamports) / LAMPORTS).toFixed(4);

function element<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}
const say = (text: string) => {
  element('state').textContent = text;
};

/** Runs what a click asks for, with the page saying what happens, errors included. */
async function doing(text: string, action: () => Promise<string>): Promise<void> {
  say(text);
  try {
    say(await action());
  } catch (error) {
    // Every error of the SDK has a `code` to act on and a message that can be shown.
    if (error instanceof BetRefusedError) say(`The house refused the bet (${error.reason}); nothing is staked.`);
    else say(error instanceof Error ? error.message : String(error));
  }
}

async function start(chooseWallet: (store: BrowserStore) => Promise<Wallet>): Promise<void> {
  await doing('Opening your vault…', async () => {
    // Remembers what was signed, across tabs and reloads: the reason that a lost connection never loses or doubles a bet.
    const store = await BrowserStore.open();
    const wallet = await chooseWallet(store);
    // In production name the house and program that you mean; without them the service's word decides.
    const client = await CasinoClient.connect({ apiUrl, rpcUrl, wallet, store, onRecovered: show, onWarning: console.warn });
    await client.openVault();
    await client.resume(); // bets that an earlier visit signed, and whose answers it did not see
    await showBalance(client);
    element('wallets').hidden = true;
    listen(client);
    return 'Ready. Deposit, then choose a side.';
  });
}

function listen(client: CasinoClient): void {
  const form = element<HTMLFormElement>('bet');
  form.hidden = false;
  element('deposit').onclick = () =>
    doing('Depositing…', async () => {
      await client.deposit(100_000_000n);
      await showBalance(client);
      return 'The deposit is final. Choose a side.';
    });
  form.onsubmit = (event) => {
    event.preventDefault();
    const guess = (event.submitter as HTMLButtonElement).value === 'tails' ? 'tails' : 'heads';
    // Stakes are whole multiples of 10,000 lamports.
    const amount = 10_000n * BigInt(Math.round((element<HTMLInputElement>('stake').valueAsNumber * LAMPORTS) / 10_000));
    void doing('Betting…', async () => {
      const result = await client.bet({ amount, guess });
      const item = show(result);
      element('balance').textContent = sol(result.balanceAfter);
      void settled(client, { result, item });
      return result.won ? `${result.outcome}: you won!` : `${result.outcome}: you lost.`;
    });
  };
}

function show({ betNumber, outcome, won, stake, payout }: BetResult): HTMLElement {
  const item = document.createElement('li');
  item.textContent = `#${betNumber} ${outcome}: ${won ? `+${sol(payout - stake)}` : `−${sol(stake)}`} SOL`;
  element('results').prepend(item);
  return item;
}

/** The receipt binds the house at once; a while later the bet is also proven and final on Solana. */
async function settled(client: CasinoClient, { result, item }: { result: BetResult; item: HTMLElement }): Promise<void> {
  try {
    await client.waitForBet(result.head);
    item.append(' · settled');
  } catch (error) {
    item.append(` · not settled yet: ${(error as Error).message}`);
  }
}

async function showBalance(client: CasinoClient): Promise<void> {
  element('balance').textContent = sol((await client.balance()).available);
}

element('throw-away').onclick = () => start((store) => throwAwayWallet(store, rpcUrl));

// Wallets may register at any time after the page has loaded: the list is drawn anew each time.
watchWallets((wallets) => {
  for (const old of document.querySelectorAll('#wallets .standard')) old.remove();
  for (const app of wallets) {
    const button = document.createElement('button');
    button.className = 'standard';
    button.textContent = app.name;
    button.onclick = () => start(() => connectWallet(app));
    element('wallets').append(button);
  }
});
