import { ed25519 } from '@noble/curves/ed25519.js';
import { getAddressDecoder, type SignatureBytes } from '@solana/kit';
import type { ClientStore, Wallet } from '../../../../client/index.ts';
import { fromHex, toHex } from '../../../../protocol/bytes.ts';

const KEY = 'throw-away/seed';

/** The wallet that was made in this browser before; undefined if none was. */
export async function keptWallet(store: ClientStore): Promise<Wallet | undefined> {
  const seed = await store.get(KEY);
  return seed === undefined ? undefined : walletOfSeed(fromHex(seed, 32));
}

/** Makes a wallet and keeps it, unless another tab has just made one: then it is that. */
export function makeWallet(store: ClientStore): Promise<Wallet> {
  return store.withLock(KEY, async () => {
    const known = await keptWallet(store);
    if (known) return known;
    const seed = crypto.getRandomValues(new Uint8Array(32));
    await store.put(KEY, toHex(seed));
    return walletOfSeed(seed);
  });
}

/** A wallet of a key in this browser's storage, which any script of this page could read: for play money alone. */
function walletOfSeed(seed: Uint8Array): Wallet {
  const address = getAddressDecoder().decode(ed25519.getPublicKey(seed));
  const signed = (bytes: Uint8Array) => ({ [address]: ed25519.sign(bytes, seed) as SignatureBytes });
  return {
    address,
    signMessages: async (messages) => messages.map(({ content }) => signed(Uint8Array.from(content))),
    signTransactions: async (transactions) => transactions.map(({ messageBytes }) => signed(Uint8Array.from(messageBytes))),
  };
}
