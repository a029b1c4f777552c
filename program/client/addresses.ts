import { type Address, getAddressEncoder, getProgramDerivedAddress, type ReadonlyUint8Array } from '@solana/kit';
import { ByteWriter } from '../../protocol/bytes.ts';
import { ASSOCIATED_TOKEN_PROGRAM, NATIVE_MINT, TOKEN_PROGRAM } from './constants.ts';

const encoder = getAddressEncoder();

async function derive(program: Address, seeds: (string | ReadonlyUint8Array)[]): Promise<Address> {
  const [address] = await getProgramDerivedAddress({ programAddress: program, seeds });
  return address;
}

/** `["house", creator, mint]` */
export function houseAddress(input: { program: Address; creator: Address; mint?: Address }): Promise<Address> {
  return derive(input.program, ['house', encoder.encode(input.creator), encoder.encode(input.mint ?? NATIVE_MINT)]);
}

/** `["terms", house, id u32]` */
export function termsAddress({ program, house, id }: { program: Address; house: Address; id: number }): Promise<Address> {
  return derive(program, ['terms', encoder.encode(house), new ByteWriter().u32(id).finish()]);
}

/** `["vk", house, id u16]` */
export function verifyingKeyAddress({ program, house, id }: { program: Address; house: Address; id: number }): Promise<Address> {
  return derive(program, ['vk', encoder.encode(house), new ByteWriter().u16(id).finish()]);
}

/** `["vault", house, owner]` */
export function vaultAddress({ program, house, owner }: { program: Address; house: Address; owner: Address }): Promise<Address> {
  return derive(program, ['vault', encoder.encode(house), encoder.encode(owner)]);
}

/** `["escrow", house]` */
export function escrowAddress({ program, house }: { program: Address; house: Address }): Promise<Address> {
  return derive(program, ['escrow', encoder.encode(house)]);
}

/** The owner's associated token account for a mint of the classic Token program. */
export function associatedTokenAddress({ owner, mint }: { owner: Address; mint: Address }): Promise<Address> {
  return derive(ASSOCIATED_TOKEN_PROGRAM, [encoder.encode(owner), encoder.encode(TOKEN_PROGRAM), encoder.encode(mint)]);
}
