import type { Address, TransactionSigner } from '@solana/kit';
import { verifyingKeyAddress } from '../addresses.ts';
import { CHANGE_KINDS, type Change, type ChangeKind, writeChange } from '../changes.ts';
import { NATIVE_MINT } from '../constants.ts';
import { addressBytes, type CasinoInstruction, instruction, readonly, signs, signsAndPays, writable } from './build.ts';
import { outflowAccounts } from './token.ts';

/** What every instruction of the operator names. */
interface Operated {
  program: Address;
  authority: TransactionSigner;
  house: Address;
}

/** Retires a verifying key for ever: at once before the first vault, after `changeDelaySlots` from then on. */
export async function retireVerifyingKey(input: Operated & { id: number }): Promise<CasinoInstruction> {
  const { program, authority, house, id } = input;
  const verifyingKey = await verifyingKeyAddress({ program, house, id });
  return instruction({
    program,
    name: 'retireVerifyingKey',
    accounts: [signs(authority), readonly(house), writable(verifyingKey)],
  });
}

/** Names the key that settles, at once. */
export function setSettler(input: Operated & { settler: Address }): CasinoInstruction {
  const { program, authority, house, settler } = input;
  return instruction({
    program,
    name: 'setSettler',
    accounts: [signs(authority), writable(house)],
    write: (w) => w.bytes(addressBytes(settler)),
  });
}

/** Stops new vaults and deposits, or takes them again. */
export function setPaused(input: Operated & { paused: boolean }): CasinoInstruction {
  const { program, authority, house, paused } = input;
  return instruction({
    program,
    name: 'setPaused',
    accounts: [signs(authority), writable(house)],
    write: (w) => w.u8(paused ? 1 : 0),
  });
}

/** Announces a change; replaces the pending one of its kind and starts the wait anew. `withdrawnChange` withdraws that. */
export function scheduleChange(input: Operated & { change: Change }): CasinoInstruction {
  const { program, authority, house, change } = input;
  return instruction({
    program,
    name: 'scheduleChange',
    accounts: [signs(authority), writable(house)],
    write: (w) => writeChange(w, change),
  });
}

/** Puts a pending change into force. A new authority signs as well. */
export function applyChange(
  input: Operated & ({ kind: 'authority'; newAuthority: TransactionSigner } | { kind: Exclude<ChangeKind, 'authority'> }),
): CasinoInstruction {
  const { program, authority, house } = input;
  return instruction({
    program,
    name: 'applyChange',
    accounts: [signs(authority), writable(house), ...(input.kind === 'authority' ? [signs(input.newAuthority)] : [])],
    write: (w) => w.u8(CHANGE_KINDS[input.kind]),
  });
}

/** Announces that `amount` is to be taken from the bankroll; replaces an open request, and withdraws it with an amount of 0. */
export function requestHouseWithdrawal(input: Operated & { amount: bigint }): CasinoInstruction {
  const { program, authority, house } = input;
  return instruction({
    program,
    name: 'requestHouseWithdrawal',
    accounts: [signs(authority), writable(house)],
    write: (w) => w.u64(input.amount),
  });
}

/**
 * Pays the open request to the authority, as far as challenges leave the bankroll free. `mint` is the house's: tokens go to the
 * authority's associated token account.
 */
export async function payHouseWithdrawal(input: Operated & { mint?: Address }): Promise<CasinoInstruction> {
  const { program, authority, house, mint } = input;
  const others = await outflowAccounts({ program, house, mint, recipient: authority.address });
  const payee = mint === undefined || mint === NATIVE_MINT ? signsAndPays(authority) : signs(authority);
  return instruction({ program, name: 'payHouseWithdrawal', accounts: [payee, writable(house), ...others] });
}
