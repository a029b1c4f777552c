import type { AccountMeta, AccountSignerMeta, Address, Instruction, TransactionSigner } from '@solana/kit';
import { associatedTokenAddress, escrowAddress } from '../addresses.ts';
import { ASSOCIATED_TOKEN_PROGRAM, NATIVE_MINT, TOKEN_PROGRAM } from '../constants.ts';
import { readonly, SYSTEM_PROGRAM, signs, signsAndPays, writable } from './build.ts';

/** The payer, and the accounts after house and vault, of an instruction that pays in. */
export async function inflowAccounts(input: {
  program: Address;
  house: Address;
  mint?: Address;
  payer: TransactionSigner;
}): Promise<{ payer: AccountSignerMeta; others: AccountMeta[] }> {
  const { program, house, mint = NATIVE_MINT, payer } = input;
  const escrow = await escrowAddress({ program, house });
  if (mint === NATIVE_MINT) return { payer: signsAndPays(payer), others: [writable(escrow), readonly(SYSTEM_PROGRAM)] };
  const from = await associatedTokenAddress({ owner: payer.address, mint });
  const held = await associatedTokenAddress({ owner: escrow, mint });
  return { payer: signs(payer), others: [writable(from), writable(held), readonly(TOKEN_PROGRAM)] };
}

/** The accounts after house and vault of an instruction that pays out. */
export async function outflowAccounts(input: {
  program: Address;
  house: Address;
  mint: Address | undefined;
  recipient: Address;
}): Promise<AccountMeta[]> {
  const { program, house, mint = NATIVE_MINT, recipient } = input;
  const escrow = await escrowAddress({ program, house });
  if (mint === NATIVE_MINT) return [writable(escrow), readonly(SYSTEM_PROGRAM)];
  const held = await associatedTokenAddress({ owner: escrow, mint });
  const to = await associatedTokenAddress({ owner: recipient, mint });
  return [readonly(escrow), writable(held), writable(to), readonly(TOKEN_PROGRAM)];
}

/** Makes the owner's associated token account unless it exists: the escrow's before `initHouse`, a recipient's before it is paid. */
export async function createAssociatedToken(input: {
  payer: TransactionSigner;
  owner: Address;
  mint: Address;
}): Promise<Instruction> {
  const { payer, owner, mint } = input;
  const account = await associatedTokenAddress({ owner, mint });
  return {
    programAddress: ASSOCIATED_TOKEN_PROGRAM,
    accounts: [
      signsAndPays(payer),
      writable(account),
      readonly(owner),
      readonly(mint),
      readonly(SYSTEM_PROGRAM),
      readonly(TOKEN_PROGRAM),
    ],
    data: Uint8Array.of(CREATE_IDEMPOTENT),
  };
}

/** The Associated Token program's instruction `CreateIdempotent`. */
const CREATE_IDEMPOTENT = 1;
