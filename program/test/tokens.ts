import assert from 'node:assert/strict';
import type { Address, Instruction, KeyPairSigner } from '@solana/kit';
import { getCreateAccountInstruction } from '@solana-program/system';
import { ByteWriter } from '../../protocol/bytes.ts';
import { associatedTokenAddress, createAssociatedToken, TOKEN_PROGRAM } from '../client/index.ts';
import { addressBytes, readonly as readonlyMeta, signs, writable as writableMeta } from '../client/instructions/build.ts';
import { LAMPORTS_PER_SOL, signerNamed, type TestChain } from './chain.ts';

/** Token-2022, whose mints no house may have. */
export const TOKEN_2022 = 'TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb' as Address;
const MINT_BYTES = 82n;

/** The mint of wrapped lamports. */
const WRAPPED = 'So11111111111111111111111111111111111111112' as Address;

/** A mint and who mints and freezes; wrapped lamports have nobody, and are paid in. */
export interface TestToken {
  mint: Address;
  authority: KeyPairSigner;
}

const instruction = (
  data: Uint8Array,
  writable: Address[],
  { readonly = [], signer }: { readonly?: Address[]; signer?: KeyPairSigner } = {},
): Instruction => ({
  programAddress: TOKEN_PROGRAM,
  accounts: [...writable.map(writableMeta), ...readonly.map(readonlyMeta), ...(signer === undefined ? [] : [signs(signer)])],
  data,
});

/** A new mint of 9 decimals with a freeze authority, of the classic Token program or another with the same instructions. */
export async function makeToken(chain: TestChain, name: string, programAddress = TOKEN_PROGRAM): Promise<TestToken> {
  const mint = await signerNamed(`${name} mint`);
  const authority = await chain.signer(`${name} mint authority`);
  const key = addressBytes(authority.address);
  const space = { space: MINT_BYTES, lamports: chain.svm.minimumBalanceForRentExemption(MINT_BYTES), programAddress };
  await chain.land([
    getCreateAccountInstruction({ payer: chain.feePayer, newAccount: mint, ...space }),
    { ...instruction(Uint8Array.from([20, 9, ...key, 1, ...key]), [mint.address]), programAddress },
  ]);
  return { mint: mint.address, authority };
}

/** The mint of wrapped lamports, put on the chain. */
export function makeWrapped(chain: TestChain): TestToken {
  chain.svm.withNativeMints();
  assert.equal(chain.account(WRAPPED).programAddress, TOKEN_PROGRAM);
  return { mint: WRAPPED, authority: chain.feePayer };
}

/** Makes the owner's associated account unless it exists, and mints into it; returns its address. */
export async function giveTokens(
  chain: TestChain,
  token: TestToken,
  owner: Address,
  amount = 10_000n * LAMPORTS_PER_SOL,
): Promise<Address> {
  const account = await associatedTokenAddress({ owner, mint: token.mint });
  const making = await createAssociatedToken({ payer: chain.feePayer, owner, mint: token.mint });
  if (token.mint === WRAPPED) {
    await chain.land([making]);
    chain.fund(account, amount);
    await chain.land([sync(account)]);
    return account;
  }
  await chain.land([
    making,
    instruction(new ByteWriter().u8(7).u64(amount).finish(), [token.mint, account], { signer: token.authority }),
  ]);
  return account;
}

export const tokensOf = (chain: TestChain, account: Address): bigint =>
  Buffer.from(chain.account(account).data).readBigUInt64LE(64);

/** Counts the lamports of a wrapped account anew. */
export const sync = (account: Address): Instruction => instruction(Uint8Array.of(17), [account]);

/** Freezes the account, or thaws it. */
export const freeze = (token: TestToken, account: Address, frozen: boolean): Instruction =>
  instruction(Uint8Array.of(frozen ? 10 : 11), [account], { readonly: [token.mint], signer: token.authority });

/** Gives a token account to another owner; its address stays the first one's associated one. */
export const reassign = (account: Address, owner: KeyPairSigner, to: Address): Instruction =>
  instruction(Uint8Array.from([6, 2, 1, ...addressBytes(to)]), [account], { signer: owner });

/** Closes an empty token account. */
export const close = (account: Address, owner: KeyPairSigner): Instruction =>
  instruction(Uint8Array.of(9), [account, owner.address], { signer: owner });

export const approve = (account: Address, owner: KeyPairSigner, delegate: Address, amount: bigint): Instruction =>
  instruction(new ByteWriter().u8(4).u64(amount).finish(), [account], { readonly: [delegate], signer: owner });

/** A transfer that the program has no part in. */
export const send = (from: Address, owner: KeyPairSigner, to: Address, amount: bigint): Instruction =>
  instruction(new ByteWriter().u8(3).u64(amount).finish(), [from, to], { signer: owner });
