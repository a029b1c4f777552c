import type { Address, TransactionSigner } from '@solana/kit';
import { escrowAddress, vaultAddress } from '../addresses.ts';
import { type CasinoInstruction, instruction, readonly, SYSTEM_PROGRAM, signs, signsAndPays, writable } from './build.ts';

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

/** Pays into a vault; anyone may. Fails if less than `minimum` (by default `amount`) would be credited. */
export async function deposit(input: {
  program: Address;
  payer: TransactionSigner;
  house: Address;
  owner: Address;
  amount: bigint;
  minimum?: bigint;
}): Promise<CasinoInstruction> {
  const { program, payer, house, owner } = input;
  const vault = await vaultAddress({ program, house, owner });
  const escrow = await escrowAddress({ program, house });
  return instruction({
    program,
    name: 'deposit',
    accounts: [signsAndPays(payer), writable(house), writable(vault), writable(escrow), readonly(SYSTEM_PROGRAM)],
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

/** Pays what is claimable to the vault's owner; anyone may send it. */
export async function claim(input: { program: Address; house: Address; owner: Address }): Promise<CasinoInstruction> {
  const { program, house, owner } = input;
  const vault = await vaultAddress({ program, house, owner });
  const escrow = await escrowAddress({ program, house });
  return instruction({
    program,
    name: 'claim',
    accounts: [writable(owner), writable(house), writable(vault), writable(escrow), readonly(SYSTEM_PROGRAM)],
  });
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
