import { createHash } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import type { Address, KeyPairSigner } from '@solana/kit';
import { domainOf } from '../../protocol/account.ts';
import {
  addTerms,
  addVerifyingKey,
  advanceEpoch,
  compareAddresses,
  createAssociatedToken,
  decodeHouse,
  decodeVault,
  deposit,
  escrowAddress,
  fundHouse,
  type House,
  houseAddress,
  initHouse,
  NATIVE_MINT,
  openVault,
  type Vault,
  vaultAddress,
} from '../client/index.ts';
import { LAMPORTS_PER_SOL, PROGRAM, TestChain } from './chain.ts';
import { rememberEscrow } from './invariants.ts';
import { giveTokens, makeToken, type TestToken } from './tokens.ts';
import { keyBytes, TRAPDOOR } from './trapdoor.ts';

export const program = PROGRAM;
export const GENESIS_HASH = new Uint8Array(32).fill(7);
export const DOMAIN = domainOf(GENESIS_HASH);
export const EXIT_DELAY_SLOTS = 2_000n;
export const CHANGE_DELAY_SLOTS = 5_000n;
export const VRF_COMMITMENT = 1_234_567n;
export const PROFIT_BPS = 9_800;
export const LEADER = { leaderEpoch: 5n, leaderNonce: 77n };

/** Sizes of the verifying keys, by id. */
export const KEY_SIZES = [
  { id: 1, maxBets: 16, maxVaults: 4 },
  { id: 2, maxBets: 3, maxVaults: 1 },
  { id: 3, maxBets: 62, maxVaults: 16 },
] as const;

/** A house with terms 1 and keys, and the people around it. */
export interface TestHouse {
  creator: KeyPairSigner;
  authority: KeyPairSigner;
  settler: KeyPairSigner;
  address: Address;
  escrow: Address;
  /** The private half of its receipt key. */
  receiptSecret: Uint8Array;
  /** Undefined for native lamports. */
  token: TestToken | undefined;
  mint: Address;
}

/** A vault's owner, in the order of the vaults' addresses. */
export interface TestVault {
  owner: KeyPairSigner;
  address: Address;
}

/** A receipt key's private half: the same in every run. */
export const receiptSecretFor = (name: string): Uint8Array => createHash('sha256').update(`receipt key of ${name}`).digest();

/** The arguments of a house that `init_house` accepts; of a token, everybody has some, and the escrow its account. */
export async function houseArguments(chain: TestChain, name: string, token?: TestToken) {
  const creator = await chain.signer(`${name} creator`);
  const authority = await chain.signer(`${name} authority`);
  const settler = await chain.signer(`${name} settler`);
  if (token !== undefined) {
    const { mint } = token;
    const house = await houseAddress({ program, creator: creator.address, mint });
    const owner = await escrowAddress({ program, house });
    await chain.land([await createAssociatedToken({ payer: chain.feePayer, owner, mint })]);
    for (const { address } of [creator, authority]) await giveTokens(chain, token, address);
  }
  return {
    program,
    creator,
    mint: token?.mint ?? NATIVE_MINT,
    authority: authority.address,
    settler: settler.address,
    receiptKey: ed25519.getPublicKey(receiptSecretFor(name)),
    genesisHash: GENESIS_HASH,
    exitDelaySlots: EXIT_DELAY_SLOTS,
    changeDelaySlots: CHANGE_DELAY_SLOTS,
    signers: { authority, settler },
  };
}

/** Makes a house, funded, with terms 1, every key of `KEY_SIZES`, and `LEADER` in the lead. */
export async function makeHouse(chain: TestChain, name: string, token?: TestToken): Promise<TestHouse> {
  const input = await houseArguments(chain, name, token);
  const { creator, signers, mint } = input;
  const house = await houseAddress({ program, creator: creator.address, mint });
  await chain.land([await initHouse(input)]);
  const escrow = await rememberEscrow(program, house);
  const { authority, settler } = signers;
  const terms = { id: 1, vrfCommitment: VRF_COMMITMENT, profitBps: PROFIT_BPS };
  await chain.land([await addTerms({ program, authority, house, ...terms })]);
  const key = keyBytes(TRAPDOOR);
  for (const size of KEY_SIZES) await chain.land([await addVerifyingKey({ program, authority, house, ...size, key })]);
  await chain.land([await fundHouse({ program, payer: creator, house, mint, amount: 100n * LAMPORTS_PER_SOL })]);
  const { leaderEpoch: to, leaderNonce: nonce } = LEADER;
  await chain.land([advanceEpoch({ program, leader: settler, house, from: 0n, to, nonce })]);
  const receiptSecret = receiptSecretFor(name);
  return { creator, authority, settler, address: house, escrow, receiptSecret, token, mint };
}

/** What a vault's session key hash is in the tests. */
export const sessionKeyHashFor = (index: number): bigint => 1_000n + BigInt(index);

/** Opens vaults with 5 SOL pending each; returned in ascending order of address. */
export async function makeVaults(chain: TestChain, house: TestHouse, count: number, name = 'owner'): Promise<TestVault[]> {
  const vaults: TestVault[] = [];
  for (let index = 0; index < count; index += 1) {
    const owner = await chain.signer(`${name} ${index}`);
    if (house.token !== undefined) await giveTokens(chain, house.token, owner.address);
    const input = { program, payer: owner, owner, house: house.address, sessionKeyHash: sessionKeyHashFor(index) };
    const amount = 5n * LAMPORTS_PER_SOL;
    await chain.land([
      await openVault(input),
      await deposit({ program, payer: owner, house: house.address, mint: house.mint, owner: owner.address, amount }),
    ]);
    vaults.push({ owner, address: await vaultAddress({ program, house: house.address, owner: owner.address }) });
  }
  return vaults.sort((a, b) => compareAddresses(a.address, b.address));
}

export const readHouse = (chain: TestChain, house: { address: Address }): House => decodeHouse(chain.account(house.address).data);
export const readVault = (chain: TestChain, vault: { address: Address }): Vault => decodeVault(chain.account(vault.address).data);

/** A chain with one house and some vaults; of a token if asked for. */
export async function makeWorld(vaultCount = 3, ofToken = false): Promise<World> {
  const chain = await TestChain.start();
  const house = await makeHouse(chain, 'first', ofToken ? await makeToken(chain, 'first') : undefined);
  return { chain, house, vaults: await makeVaults(chain, house, vaultCount) };
}

export interface World {
  chain: TestChain;
  house: TestHouse;
  vaults: TestVault[];
}
