import assert from 'node:assert/strict';
import type { Address } from '@solana/kit';
import type { LiteSVM } from 'litesvm';
import { decodeHouse, decodeVault, escrowAddress, HOUSE_BYTES, VAULT_BYTES } from '../client/index.ts';

const escrows = new Map<Address, Address>();

/** Looks up a house's escrow once, so that the check itself needs not wait. */
export async function rememberEscrow(program: Address, house: Address): Promise<Address> {
  const escrow = await escrowAddress({ program, house });
  escrows.set(house, escrow);
  return escrow;
}

/**
 * The books of every house balance: `liabilities` is the sum of balance, pending deposit and claimable over its vaults and itself, and
 * its escrow above the rent minimum covers them.
 */
export function assertInvariants(svm: LiteSVM, program: Address): void {
  const accounts = svm.getProgramAccounts(program);
  const owed = new Map<Address, bigint>();
  for (const { data } of accounts.filter(({ data }) => data.length === VAULT_BYTES)) {
    const vault = decodeVault(data);
    const sum = vault.balance + vault.pendingDeposit + vault.claimable;
    owed.set(vault.house, (owed.get(vault.house) ?? 0n) + sum);
  }
  for (const { address, data } of accounts.filter(({ data }) => data.length === HOUSE_BYTES)) {
    const house = decodeHouse(data);
    const parts = (owed.get(address) ?? 0n) + house.balance + house.claimable;
    assert.equal(house.liabilities, parts, `liabilities of ${address}`);
    const escrow = escrows.get(address);
    if (escrow === undefined) continue;
    const aboveRent = (svm.getBalance(escrow) ?? 0n) - svm.minimumBalanceForRentExemption(0n);
    assert.ok(aboveRent >= parts, `the escrow of ${address} holds ${aboveRent} for ${parts}`);
  }
}
