import type { Address, TransactionSigner } from '@solana/kit';
import { vaultAddress } from '../addresses.ts';
import { NATIVE_MINT } from '../constants.ts';
import { type CasinoInstruction, instruction, readonly, SYSTEM_PROGRAM, signs, signsAndPays, writable } from './build.ts';
import { inflowAccounts, outflowAccounts } from './token.ts';

/** Opens the owner's vault in the house; the payer may be the owner or anyone. */
export async function openVault(input: {
  program: Address;
  payer: TransactionSigner;
  owner: TransactionSigner;
  house: Address;
  sessionKeyHash: bigint;
}): Promise<CasinoInstruction> {
  const { program, payer, owner, house } = input;
  const vault = await vaultAddress({ program, house, owner: owner.address });
  return instruction({
    program,
    name: 'openVault',
    accounts: [signsAndPays(payer), signs(owner), writable(house), writable(vault), readonly(SYSTEM_PROGRAM)],
    write: (w) => w.field(input.sessionKeyHash),
  });
}

/**
 * Pays into a vault; anyone may. Fails if less than `minimum` (by default `amount`) would be credited. `mint` is the house's; tokens are
 * taken from the payer's associated token account.
 */
export async function deposit(input: {
  program: Address;
  payer: TransactionSigner;
  house: Address;
  mint?: Address;
  owner: Address;
  amount: bigint;
  minimum?: bigint;
}): Promise<CasinoInstruction> {
  const { program, house, owner } = input;
  const vault = await vaultAddress({ program, house, owner });
  const { payer, others } = await inflowAccounts(input);
  return instruction({
    program,
    name: 'deposit',
    accounts: [payer, writable(house), writable(vault), ...others],
    write: (w) => w.u64(input.amount).u64(input.minimum ?? input.amount),
  });
}

/** Asks for an amount, even above the balance: what there is gets paid. One request at a time. */
export async function requestWithdrawal(input: {
  program: Address;
  owner: TransactionSigner;
  house: Address;
  amount: bigint;
}): Promise<CasinoInstruction> {
  const { program, owner, house } = input;
  const vault = await vaultAddress({ program, house, owner: owner.address });
  return instruction({
    program,
    name: 'requestWithdrawal',
    accounts: [signs(owner), readonly(house), writable(vault)],
    write: (w) => w.u64(input.amount),
  });
}

/**
 * Pays what is claimable to the vault's owner; anyone may send it. `mint` is the house's: tokens go to the owner's associated token
 * account, which must exist and still be the owner's.
 */
export async function claim(input: {
  program: Address;
  house: Address;
  mint?: Address;
  owner: Address;
}): Promise<CasinoInstruction> {
  const { program, house, mint, owner } = input;
  const vault = await vaultAddress({ program, house, owner });
  const others = await outflowAccounts({ program, house, mint, recipient: owner });
  const payee = mint === undefined || mint === NATIVE_MINT ? writable(owner) : readonly(owner);
  return instruction({ program, name: 'claim', accounts: [payee, writable(house), writable(vault), ...others] });
}

/** Leaves the house with everything, once the open request is past its deadline. The vault is frozen for ever; `claim` then pays. */
export async function forceExit(input: {
  program: Address;
  owner: TransactionSigner;
  house: Address;
}): Promise<CasinoInstruction> {
  const { program, owner, house } = input;
  const vault = await vaultAddress({ program, house, owner: owner.address });
  return instruction({ program, name: 'forceExit', accounts: [signs(owner), writable(house), writable(vault)] });
}

/**
 * Makes a new session key the vault's from slot `from` on: now, or up to `changeDelaySlots` later. The present one stays valid through
 * `from + exitDelaySlots`, and until that has passed there is no further rotation.
 */
export async function rotateSessionKey(input: {
  program: Address;
  owner: TransactionSigner;
  house: Address;
  sessionKeyHash: bigint;
  from: bigint;
}): Promise<CasinoInstruction> {
  const { program, owner, house } = input;
  const vault = await vaultAddress({ program, house, owner: owner.address });
  return instruction({
    program,
    name: 'rotateSessionKey',
    accounts: [signs(owner), readonly(house), writable(vault)],
    write: (w) => w.field(input.sessionKeyHash).u64(input.from),
  });
}
