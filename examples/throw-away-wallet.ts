import { createKeyPairSignerFromPrivateKeyBytes, createSolanaRpc, type KeyPairSigner, lamports } from '@solana/kit';
import type { ClientStore } from '../client/index.ts';

const AIRDROP = 2_000_000_000n;
const ENOUGH = 1_000_000_000n;

/**
 * A wallet to play with on a local chain: its secret lies in the store beside the bets, and the chain's faucet fills it. For real money
 * use a wallet that shows its user what is signed.
 */
export async function throwAwayWallet(store: ClientStore, rpcUrl: string): Promise<KeyPairSigner> {
  const known = await store.get('example/wallet');
  const secret = known ? Uint8Array.from(JSON.parse(known) as number[]) : crypto.getRandomValues(new Uint8Array(32));
  if (!known) await store.put('example/wallet', JSON.stringify([...secret]));
  const wallet = await createKeyPairSignerFromPrivateKeyBytes(secret);

  const rpc = createSolanaRpc(rpcUrl);
  const balance = async () => (await rpc.getBalance(wallet.address, { commitment: 'finalized' }).send()).value;
  if ((await balance()) < ENOUGH) {
    await rpc.requestAirdrop(wallet.address, lamports(AIRDROP)).send();
    while ((await balance()) < ENOUGH) await new Promise((resolve) => setTimeout(resolve, 250));
  }
  return wallet;
}
