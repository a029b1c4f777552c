import { type Address, getProgramDerivedAddress } from '@solana/kit';
import { ByteWriter } from '../../protocol/bytes.ts';
import { ASSOCIATED_TOKEN_PROGRAM, TOKEN_PROGRAM } from './constants.ts';
import { addressBytes } from './reader.ts';

/** A derived address and the bump that its account stores. */
export interface Derived {
  address: Address;
  bump: number;
}

async function derive(program: Address, seeds: (string | Uint8Array)[]): Promise<Derived> {
  const [address, bump] = await getProgramDerivedAddress({ programAddress: program, seeds });
  return { address, bump };
}

/** `["house", creator, mint]` */
export function deriveHouse(input: { program: Address; creator: Address; mint: Address }): Promise<Derived> {
  return derive(input.program, ['house', addressBytes(input.creator), addressBytes(input.mint)]);
}

/** `["terms", house, id u32]` */
export function deriveTerms({ program, house, id }: { program: Address; house: Address; id: number }): Promise<Derived> {
  return derive(program, ['terms', addressBytes(house), new ByteWriter().u32(id).finish()]);
}

/** `["vk", house, id u16]` */
export function deriveVerifyingKey({ program, house, id }: { program: Address; house: Address; id: number }): Promise<Derived> {
  return derive(program, ['vk', addressBytes(house), new ByteWriter().u16(id).finish()]);
}

/** `["vault", house, owner]` */
export function deriveVault({ program, house, owner }: { program: Address; house: Address; owner: Address }): Promise<Derived> {
  return derive(program, ['vault', addressBytes(house), addressBytes(owner)]);
}

/** `["escrow", house]` */
export function deriveEscrow({ program, house }: { program: Address; house: Address }): Promise<Derived> {
  return derive(program, ['escrow', addressBytes(house)]);
}

/** The owner's associated token account for a mint of the classic Token program. */
export async function associatedToken({ owner, mint }: { owner: Address; mint: Address }): Promise<Address> {
  const seeds = [addressBytes(owner), addressBytes(TOKEN_PROGRAM), addressBytes(mint)];
  return (await derive(ASSOCIATED_TOKEN_PROGRAM, seeds)).address;
}
