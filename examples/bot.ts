// A bot that keeps many bets on their way, hears what is settled, and stops cleanly. Start a local casino first, then: node examples/bot.ts
// BETS=500 node examples/bot.ts places so many; Ctrl-C stops early, and the next run goes on where this one ended.
import { BetDroppedError, BetRefusedError, CasinoClient, FileStore, FraudEvidenceError } from '../client/node.ts';
import { throwAwayWallet } from './throw-away-wallet.ts';

const apiUrl = process.env.API_URL ?? 'http://127.0.0.1:8787';
const rpcUrl = process.env.RPC_URL ?? 'http://127.0.0.1:8899';
const bets = Number(process.env.BETS ?? 100);
const STAKE = 1_000_000n;
const DEPOSIT = 500_000_000n;
const AT_ONCE = 32;

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

const store = await FileStore.open(process.env.STORE ?? 'data/example-bot');
const wallet = await throwAwayWallet(store, rpcUrl);
const client = await CasinoClient.connect({
  ...{ apiUrl, rpcUrl, wallet, store },
  onRecovered: ({ betNumber, won }) => console.log(`bet ${betNumber} of an earlier run: ${won ? 'won' : 'lost'}`),
});
await client.openVault();
await client.resume(); // bets that an earlier run signed and got no answer to: the same bytes again
if ((await client.balance()).available < DEPOSIT / 2n) await client.deposit(DEPOSIT);

// Events run beside the bets, until the signal ends them.
const events = (async () => {
  for await (const event of client.events({ signal: stop.signal })) {
    if (event.type === 'batch_finalized') console.log(`batch ${event.batch.number} is final on chain: ${event.batch.bets} bets`);
  }
})();

let left = bets;
let won = 0;
let placed = 0;

/** One of many that place bets side by side. The client signs them in order and keeps at most 32 on their way. */
async function placeBets(): Promise<void> {
  while (left > 0 && !stop.signal.aborted) {
    left -= 1;
    try {
      const result = await client.bet({ amount: STAKE, guess: Math.random() < 0.5 ? 'heads' : 'tails' });
      placed += 1;
      if (result.won) won += 1;
    } catch (error) {
      if (error instanceof FraudEvidenceError) throw error; // kept in the store: show it to the world, and stop
      if (error instanceof BetDroppedError)
        left += 1; // signed behind a refused bet: nothing was staked, place it anew
      else if (error instanceof BetRefusedError) console.log(error.message);
      else {
        console.log('stopping:', (error as Error).message); // what was signed is sent again by the next run
        stop.abort();
      }
    }
  }
}

const startedAtMs = performance.now();
await Promise.all(Array.from({ length: AT_ONCE }, placeBets));
const seconds = (performance.now() - startedAtMs) / 1_000;
console.log(`placed ${placed} bets in ${seconds.toFixed(1)} s, won ${won}`);
console.log(`unanswered: ${(await client.unansweredBets()).length}; balance: ${(await client.balance()).available} lamports`);

stop.abort();
await events;
store.close();
