// One bet, from the deposit to the money back in the wallet. Start a local casino first (npm start), then: node examples/node-bet.ts
import { BetRefusedError, CasinoClient, ClientError, FileStore } from '../client/node.ts';
import { throwAwayWallet } from './throw-away-wallet.ts';

const apiUrl = process.env.API_URL ?? 'http://127.0.0.1:8787';
const rpcUrl = process.env.RPC_URL ?? 'http://127.0.0.1:8899';

// The store remembers what was signed. Keep it: without it this vault can not bet any more, only withdraw.
const store = await FileStore.open(process.env.STORE ?? 'data/example-node-bet');
const wallet = await throwAwayWallet(store, rpcUrl);

// In production also say which house you mean: `house` and `program`. Left out, the service's word decides, which is fine on a local chain.
const client = await CasinoClient.connect({ apiUrl, rpcUrl, wallet, store });

console.log('opening the vault', client.vaultAddress);
await client.openVault();

console.log('depositing 0.5 SOL');
await client.deposit(500_000_000n); // amounts are bigint, in lamports

try {
  const { won, outcome, payout, balanceAfter, head } = await client.bet({ amount: 10_000_000n, guess: 'heads' });
  // The answer is checked by now: receipt, seed, outcome, payout, balance. A lie would have thrown a FraudEvidenceError.
  console.log(`it fell ${outcome}: ${won ? `won ${payout} lamports` : 'lost'}; the vault has ${balanceAfter}`);

  // The receipt is binding at once. This waits until the bet is also proven and final on Solana.
  const { signature } = await client.waitForBet(head, { until: 'Finalized' });
  console.log('settled by the transaction', signature);
} catch (error) {
  if (error instanceof BetRefusedError) console.log('refused, nothing is staked:', error.reason);
  else if (error instanceof ClientError && error.code === 'INSUFFICIENT_BALANCE') console.log('deposit first:', error.message);
  else throw error; // what was signed stays in the store, and the next run sends it again
}

const { amount } = await client.withdraw('all');
console.log(`withdrew ${amount} lamports`);

// If the house ever refuses to pay or is gone, the chain alone gets your money out: see ExitClient.
store.close();
