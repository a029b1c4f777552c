import assert from 'node:assert/strict';
import type { Address } from '@solana/kit';
import type { LiteSVM } from 'litesvm';
import { decodeHouse, decodeVault, escrowAddress, HOUSE_BYTES, VAULT_BYTES, type Vault } from '../client/index.ts';

const escrows = new Map<Address, Address>();
/** Each chain's vaults as the last transaction left them. */
const history = new WeakMap<LiteSVM, Map<Address, Vault>>();

/** Looks up a house's escrow once, so that the check itself needs not wait. */
export async function rememberEscrow(program: Address, house: Address): Promise<Address> {
  const escrow = await escrowAddress({ program, house });
  escrows.set(house, escrow);
  return escrow;
}

interface Sums {
  owed: bigint;
  reserved: bigint;
  overdue: bigint;
}

/**
 * The books of every house balance: `liabilities` is the sum of balance, pending deposit and claimable over its vaults and itself, and
 * its escrow above the rent minimum covers them; `reserved` and `overdue` are those of its vaults' challenges. No vault changed
 * but by what may change it.
 */
export function assertInvariants(svm: LiteSVM, program: Address): void {
  const accounts = svm.getProgramAccounts(program);
  const sums = new Map<Address, Sums>();
  const last = history.get(svm) ?? new Map<Address, Vault>();
  history.set(svm, last);
  for (const { address, data } of accounts.filter(({ data }) => data.length === VAULT_BYTES)) {
    const vault = decodeVault(data);
    assertVault(vault, address);
    const before = last.get(address);
    if (before !== undefined) assertStep(before, vault, address);
    last.set(address, vault);
    const { owed, reserved, overdue } = sums.get(vault.house) ?? { owed: 0n, reserved: 0n, overdue: 0n };
    sums.set(vault.house, {
      owed: owed + totalOf(vault),
      reserved: reserved + vault.challengeReserved,
      overdue: overdue + (vault.challengeOverdue ? 1n : 0n),
    });
  }
  for (const { address, data } of accounts.filter(({ data }) => data.length === HOUSE_BYTES)) {
    const house = decodeHouse(data);
    const sum = sums.get(address) ?? { owed: 0n, reserved: 0n, overdue: 0n };
    const parts = sum.owed + house.balance + house.claimable;
    assert.equal(house.liabilities, parts, `liabilities of ${address}`);
    assert.equal(house.reserved, sum.reserved, `reserved of ${address}`);
    assert.equal(house.overdue, sum.overdue, `overdue of ${address}`);
    const escrow = escrows.get(address);
    if (escrow === undefined) continue;
    const aboveRent = (svm.getBalance(escrow) ?? 0n) - svm.minimumBalanceForRentExemption(0n);
    assert.ok(aboveRent >= parts, `the escrow of ${address} holds ${aboveRent} for ${parts}`);
  }
}

const totalOf = (vault: Vault): bigint => vault.balance + vault.pendingDeposit + vault.claimable;

/** What every vault is in itself. */
function assertVault(vault: Vault, address: Address): void {
  const { challengeBet, challengeReserved, challengeOverdue, requestAmount } = vault;
  if (challengeBet === 0n) assert.deepEqual([challengeReserved, challengeOverdue], [0n, false], `no challenge of ${address}`);
  else assert.ok(vault.lastBet < challengeBet, `the challenge of ${address} is answered, and open`);
  if (!vault.frozen) return;
  assert.deepEqual([vault.balance, vault.pendingDeposit, requestAmount, challengeBet], [0n, 0n, 0n, 0n], `frozen ${address}`);
}

/** What one transaction may do to a vault: bets, deposits and claims change what it has, and nothing goes back. */
function assertStep(before: Vault, after: Vault, address: Address): void {
  assert.ok(after.lastBet >= before.lastBet && after.lastTerms >= before.lastTerms, `${address} went back`);
  assert.ok(after.frozen || !before.frozen, `${address} thawed`);
  assert.deepEqual([after.owner, after.house, after.accountId], [before.owner, before.house, before.accountId]);
  if (after.lastBet > before.lastBet || totalOf(after) === totalOf(before)) return;
  const isDeposit = after.pendingDeposit > before.pendingDeposit && after.balance === before.balance;
  const isClaim = after.claimable === 0n && after.balance === before.balance && after.pendingDeposit === before.pendingDeposit;
  assert.ok(isDeposit || isClaim, `${address} has other amounts without a bet, a deposit or a claim`);
}
