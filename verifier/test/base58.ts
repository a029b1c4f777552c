import { getBase58Encoder } from '@solana/kit';

/** The bytes of a base58 text. */
export function decodeBase58(text: string): Uint8Array {
  return Uint8Array.from(getBase58Encoder().encode(text));
}
