import {
  createSignableMessage,
  type MessagePartialSigner,
  type TransactionModifyingSigner,
  type TransactionPartialSigner,
} from '@solana/kit';

/** A bettor's Solana wallet: kit's `KeyPairSigner`, or any signer of transactions and messages. */
export type Wallet = (TransactionPartialSigner | TransactionModifyingSigner) & MessagePartialSigner;

/** The wallet's 64-byte ed25519 signature of a text. */
export async function signText(wallet: Wallet, text: string): Promise<Uint8Array> {
  const [signatures] = await wallet.signMessages([createSignableMessage(text)]);
  const signature = signatures?.[wallet.address];
  if (!signature) throw new TypeError('the wallet gave no signature of its own');
  return Uint8Array.from(signature);
}
