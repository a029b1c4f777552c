import { createKeyPairSignerFromPrivateKeyBytes, createSolanaRpc, type KeyPairSigner, lamports } from '@solana/kit';
import type { BetResult } from '../client/bet-run.ts';
import { CasinoClient } from '../client/client.ts';
import type { RetryLimits } from '../client/retry.ts';
import type { ClientStore } from '../client/store.ts';
import type { HttpTransport } from '../client/transport.ts';
import { fromHex, toHex } from '../protocol/bytes.ts';
import type { DemoBet } from './demo-report.ts';

/** What each bettor gets from the local chain's faucet, and pays into its vault; in lamports. */
const AIRDROP = 10_000_000_000n;
const DEPOSIT = 5_000_000_000n;
/** Below this the bettor gets more: enough for rent and fees, or for a few bets. */
const LEAST_WALLET = 6_000_000_000n;
const LEAST_VAULT = 100_000_000n;
/** Stakes are 1 to 20 of these. */
const STAKE_STEP = 100_000n;
const STAKE_STEPS = 20;

const AIRDROP_TIMEOUT_MS = 300_000;
const AIRDROP_RESEND_MS = 15_000;
const POLL_MS = 250;
/** Time for a deposit to become final, a restart of the services included. */
const CHAIN_TIMEOUT_MS = 300_000;
/** Bets are sent again for so long: the services may be starting anew meanwhile, or be busy until earlier bets have settled. */
const RETRY: RetryLimits = { maxElapsedMs: 1_800_000, firstDelayMs: 100, maxDelayMs: 2_000 };

export interface DemoBettor {
  index: number;
  client: CasinoClient;
}

/** The demo's wallets, kept in its store so that an interrupted demo goes on with them. */
export async function bettorWallet(store: ClientStore, index: number): Promise<KeyPairSigner> {
  const known = await store.get(`wallets/${index}`);
  const seed = known === undefined ? crypto.getRandomValues(new Uint8Array(32)) : fromHex(known, 32);
  if (known === undefined) await store.put(`wallets/${index}`, toHex(seed));
  return createKeyPairSignerFromPrivateKeyBytes(seed);
}

/** A bettor with lamports, an open vault and a balance to bet with. */
export async function seatBettor(input: {
  index: number;
  apiUrl: string;
  rpcUrl: string;
  store: ClientStore;
  transport?: HttpTransport;
  onBet: (bet: DemoBet) => void;
}): Promise<DemoBettor> {
  const { index, apiUrl, rpcUrl, store, transport } = input;
  const wallet = await bettorWallet(store, index);
  await fund(rpcUrl, wallet);
  const onRecovered = (result: BetResult) => input.onBet({ ...demoBet(client, result), recovered: true });
  const client: CasinoClient = await CasinoClient.connect({
    apiUrl,
    rpcUrl,
    wallet,
    store,
    retry: RETRY,
    transport,
    onRecovered,
    // The demo has said it once for all of them.
    onWarning: () => {},
  });
  const vault = await client.openVault({ timeoutMs: CHAIN_TIMEOUT_MS });
  if (vault.balance + vault.pendingDeposit < LEAST_VAULT) await client.deposit(DEPOSIT, { timeoutMs: CHAIN_TIMEOUT_MS });
  return { index, client };
}

/** Places `count` bets, one after the other, each answer checked by the client. */
export async function placeBets({ client }: DemoBettor, input: { count: number; onBet: (bet: DemoBet) => void }): Promise<void> {
  await client.resume();
  for (let placed = 0; placed < input.count; placed += 1) {
    const steps = 1 + Math.floor(Math.random() * STAKE_STEPS);
    const guess = Math.random() < 0.5 ? 'heads' : 'tails';
    const result = await client.bet({ amount: BigInt(steps) * STAKE_STEP, guess });
    input.onBet(demoBet(client, result));
  }
}

function demoBet(client: CasinoClient, { betNumber, ackMs }: BetResult): DemoBet {
  return { vault: client.vaultAddress, betNumber, ackMs, answeredAtMs: Date.now(), recovered: false };
}

/** Asks the faucet until the wallet has enough at finality; a request that was lost is made again. */
async function fund(rpcUrl: string, wallet: KeyPairSigner): Promise<void> {
  const rpc = createSolanaRpc(rpcUrl);
  const deadlineMs = Date.now() + AIRDROP_TIMEOUT_MS;
  let requestedAtMs = Number.NEGATIVE_INFINITY;
  for (;;) {
    try {
      const { value } = await rpc.getBalance(wallet.address, { commitment: 'finalized' }).send();
      if (value >= LEAST_WALLET) return;
      if (Date.now() - requestedAtMs > AIRDROP_RESEND_MS) {
        await rpc.requestAirdrop(wallet.address, lamports(AIRDROP)).send();
        requestedAtMs = Date.now();
      }
    } catch (error) {
      if (Date.now() > deadlineMs) throw error;
    }
    if (Date.now() > deadlineMs) throw new Error(`the faucet gave ${wallet.address} nothing`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
