import { type Address, getAddressDecoder, getAddressEncoder } from '@solana/kit';

const decoder = getAddressDecoder();
const encoder = getAddressEncoder();

/** The base58 address of 32 bytes. */
export const addressOf = (bytes: Uint8Array): Address => decoder.decode(bytes);
/** The 32 bytes of an address. */
export const addressBytes = (address: Address): Uint8Array => new Uint8Array(encoder.encode(address));
