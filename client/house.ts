import { type Address, address, getAddressEncoder, getBase58Encoder } from '@solana/kit';
import { decodeHouse, decodeOwned, decodeTerms, decodeVault, type Terms, type Vault } from '../program/client/accounts.ts';
import { houseAddress, termsAddress, vaultAddress } from '../program/client/addresses.ts';
import { domainOf } from '../protocol/account.ts';
import type { Chain } from './chain.ts';
import { ClientError } from './errors.ts';

/** The house as the chain shows it; the service's word counts for none of it. */
export interface HouseContext {
  program: Address;
  house: Address;
  /** The house's raw address. */
  houseBytes: Uint8Array;
  /** Base58, from the chain itself. */
  genesisHash: string;
  domain: bigint;
  receiptKey: Uint8Array;
  /** The terms that bets are signed under. */
  terms: Terms;
}

/** How the chain's accounts are read when trust hangs on them. */
const TRUSTED = 'finalized';

/**
 * Reads the house from the chain and checks it: owned by the program, at the address of its creator and mint, of this very cluster
 * (`domain` is that of the node's genesis hash), with terms open. `CHAIN_MISMATCH` otherwise.
 */
export async function loadHouse(chain: Chain, { program, house }: { program: Address; house: Address }): Promise<HouseContext> {
  const account = await owned(chain, { program, address: house, what: 'house' });
  if (!account) throw new ClientError('CHAIN_MISMATCH', `the chain has no house ${house}`);
  const state = decode(() => decodeOwned(account, { program, decode: decodeHouse }));
  const derived = await houseAddress({ program, creator: state.creator, mint: state.mint });
  if (derived !== house) throw new ClientError('CHAIN_MISMATCH', `${house} is not the address of the house it holds`);
  const genesisHash = await chain.genesisHash();
  const domain = domainOf(Uint8Array.from(getBase58Encoder().encode(genesisHash)));
  if (state.domain !== domain) throw new ClientError('CHAIN_MISMATCH', 'the house was made for another cluster');
  if (state.currentTerms === 0) throw new ClientError('CHAIN_MISMATCH', 'the house has no terms yet');
  const terms = await loadTerms(chain, { program, house, id: state.currentTerms });
  const houseBytes = Uint8Array.from(getAddressEncoder().encode(house));
  return { program, house, houseBytes, genesisHash, domain, receiptKey: state.receiptKey, terms };
}

/** Terms of the house by id, from the chain unless they are the `known` ones: terms never change. */
export async function loadTerms(
  chain: Chain,
  input: { program: Address; house: Address; id: number; known?: Terms },
): Promise<Terms> {
  const { program, house, id, known } = input;
  if (known?.id === id) return known;
  const account = await owned(chain, { program, address: await termsAddress({ program, house, id }), what: 'terms' });
  if (!account) throw new ClientError('CHAIN_MISMATCH', `the chain has no terms ${id} of the house`);
  const terms = decode(() => decodeOwned(account, { program, decode: decodeTerms }));
  if (terms.id !== id || terms.house !== house) throw new ClientError('CHAIN_MISMATCH', 'the terms are of another house');
  return terms;
}

/** A wallet's vault in the house, and its address; the state is undefined while the chain has none at that commitment. */
export async function loadVault(
  chain: Chain,
  input: { context: HouseContext; owner: Address; commitment: 'confirmed' | 'finalized' },
): Promise<{ address: Address; state: Vault | undefined }> {
  const { program, house } = input.context;
  const vault = await vaultAddress({ program, house, owner: input.owner });
  const account = await chain.account(vault, input.commitment);
  // Anyone may send lamports to the address before the vault is opened: only the program's accounts count.
  if (!account || account.programAddress !== program) return { address: vault, state: undefined };
  const state = decode(() => decodeVault(account.data));
  if (state.owner !== input.owner || state.house !== house) throw new ClientError('CHAIN_MISMATCH', 'the vault is another one');
  return { address: vault, state };
}

/** An address from outside; `BAD_ANSWER` if it is none. */
export function addressFrom(text: string): Address {
  try {
    return address(text);
  } catch (cause) {
    throw new ClientError('BAD_ANSWER', `${text} is not an address`, { cause });
  }
}

async function owned(chain: Chain, input: { program: Address; address: Address; what: string }) {
  const account = await chain.account(input.address, TRUSTED);
  if (account && account.programAddress !== input.program) {
    throw new ClientError('CHAIN_MISMATCH', `the ${input.what} account does not belong to the program`);
  }
  return account;
}

function decode<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new ClientError('CHAIN_MISMATCH', 'an account of the house is not of the documented layout', { cause });
  }
}
