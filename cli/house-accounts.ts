import { type Address, getBase64Encoder, type ReadonlyUint8Array } from '@solana/kit';
import { decodeHouse, decodeOwned, escrowAddress, type House } from '../program/client/index.ts';
import { call } from '../sequencer/chain/rpc.ts';
import { CasinoError } from '../sequencer/errors.ts';
import type { HousePlace } from './house-place.ts';

/** The finalized account of the program at an address, decoded; undefined if there is none. */
export async function accountAt<T>(
  { rpc, program }: HousePlace,
  { address, decode }: { address: Address; decode(data: ReadonlyUint8Array): T },
): Promise<T | undefined> {
  const { value } = await call(rpc.getAccountInfo(address, { commitment: 'finalized', encoding: 'base64' }));
  if (!value) return undefined;
  const data = getBase64Encoder().encode(value.data[0]);
  return decodeOwned({ address, programAddress: value.owner, data }, { program, decode });
}

/** The finalized house with its escrow as one slot shows them: what it holds beside its rent, in lamports. */
export async function houseAndEscrow(place: HousePlace): Promise<{ slot: bigint; house: House; escrow: Address; held: bigint }> {
  const { rpc, program, house } = place;
  const escrow = await escrowAddress({ program, house });
  const options = { commitment: 'finalized', encoding: 'base64' } as const;
  const { context, value } = await call(rpc.getMultipleAccounts([house, escrow], options));
  const [account, funds] = value;
  if (!account) throw new CasinoError('CONFIG_INVALID', `this chain has no house ${house}`);
  const raw = { address: house, programAddress: account.owner, data: getBase64Encoder().encode(account.data[0]) };
  const rent = await call(rpc.getMinimumBalanceForRentExemption(0n));
  return {
    slot: context.slot,
    house: decodeOwned(raw, { program, decode: decodeHouse }),
    escrow,
    held: (funds?.lamports ?? 0n) - rent,
  };
}
