import assert from 'node:assert/strict';
import type { Address } from '@solana/kit';
import type { LiteSVM } from 'litesvm';
import {
  type CasinoInstruction,
  decodeHouse,
  decodeVault,
  escrowAddress,
  HOUSE_BYTES,
  type House,
  INSTRUCTION_NUMBERS,
  type InstructionName,
  NATIVE_MINT,
  VAULT_BYTES,
  type Vault,
} from '../client/index.ts';

const escrows = new Map<Address, Address>();

/** Looks up a house's escrow once, so that the check itself needs not wait. */
export async function rememberEscrow(program: Address, house: Address): Promise<Address> {
  const escrow = await escrowAddress({ program, house });
  escrows.set(house, escrow);
  return escrow;
}

/** Every house and vault of the program. */
export interface Books {
  houses: Map<Address, House>;
  vaults: Map<Address, Vault>;
}

/** Decodes them from what `getProgramAccounts` gave. */
export function readBooks(accounts: ReturnType<LiteSVM['getProgramAccounts']>): Books {
  const houses = accounts.filter(({ data }) => data.length === HOUSE_BYTES);
  const vaults = accounts.filter(({ data }) => data.length === VAULT_BYTES);
  return {
    houses: new Map(houses.map(({ address, data }) => [address, decodeHouse(data)])),
    vaults: new Map(vaults.map(({ address, data }) => [address, decodeVault(data)])),
  };
}

/**
 * The books of every house balance: `liabilities` is the sum of balance, pending deposit and claimable over its vaults and itself, and
 * what its escrow holds, above the rent minimum, covers them; `reserved` and `overdue` are those of its vaults' challenges.
 */
export function assertInvariants(svm: LiteSVM, { houses, vaults }: Books): void {
  const sums = new Map<Address, { owed: bigint; reserved: bigint; overdue: bigint }>();
  const nothing = { owed: 0n, reserved: 0n, overdue: 0n };
  for (const [address, vault] of vaults) {
    assertVault(vault, address);
    const { owed, reserved, overdue } = sums.get(vault.house) ?? nothing;
    sums.set(vault.house, {
      owed: owed + totalOf(vault),
      reserved: reserved + vault.challengeReserved,
      overdue: overdue + (vault.challengeOverdue ? 1n : 0n),
    });
  }
  for (const [address, house] of houses) {
    const sum = sums.get(address) ?? nothing;
    const parts = sum.owed + house.balance + house.claimable;
    assert.equal(house.liabilities, parts, `liabilities of ${address}`);
    assert.equal(house.reserved, sum.reserved, `reserved of ${address}`);
    assert.equal(house.overdue, sum.overdue, `overdue of ${address}`);
    const held = heldBy(svm, address, house);
    if (held !== undefined) assert.ok(held >= parts, `the escrow of ${address} holds ${held} for ${parts}`);
  }
}

/** Tokens, or lamports above the rent minimum, if the escrow is known. */
function heldBy(svm: LiteSVM, address: Address, house: House): bigint | undefined {
  if (house.mint !== NATIVE_MINT) {
    const account = svm.getAccount(house.escrowToken);
    assert.ok(account.exists, `${address} has no token account`);
    return Buffer.from(account.data).readBigUInt64LE(64);
  }
  const escrow = escrows.get(address);
  return escrow === undefined ? undefined : (svm.getBalance(escrow) ?? 0n) - svm.minimumBalanceForRentExemption(0n);
}

type Movers<T> = { readonly [Field in keyof T]: readonly InstructionName[] };
const SETTLEMENTS = ['settleBatch', 'settleTransfers'] as const;
/** What opens a challenge, replaces it or ends it. */
const CHALLENGES = ['challenge', 'settleBatch', 'forceExit'] as const;

/** Which instructions, and no others, may change a field of a vault that they name. */
const VAULT_MOVERS: Movers<Vault> = {
  bump: [],
  frozen: ['forceExit'],
  lastTerms: ['settleBatch'],
  owner: [],
  house: [],
  accountId: [],
  keys: ['rotateSessionKey'],
  balance: [...SETTLEMENTS, 'forceExit'],
  pendingDeposit: ['deposit', ...SETTLEMENTS, 'forceExit'],
  claimable: ['claim', ...SETTLEMENTS, 'forceExit'],
  requestAmount: ['requestWithdrawal', ...SETTLEMENTS, 'forceExit'],
  requestDeadline: ['requestWithdrawal', ...SETTLEMENTS, 'forceExit'],
  lastBet: ['settleBatch'],
  challengeBet: CHALLENGES,
  challengeReserved: CHALLENGES,
  challengeSlot: CHALLENGES,
  challengeKey: CHALLENGES,
  challengePromised: CHALLENGES,
  challengeCovered: CHALLENGES,
  challengeOverdue: [...CHALLENGES, 'escalateChallenge'],
};

/** Likewise of a house. */
const HOUSE_MOVERS: Movers<House> = {
  bump: [],
  escrowBump: [],
  paused: ['setPaused'],
  currentTerms: ['addTerms'],
  creator: [],
  authority: ['applyChange'],
  settler: ['setSettler'],
  receiptKey: ['applyChange'],
  previousReceiptKey: ['applyChange'],
  receiptKeySlot: ['applyChange'],
  mint: [],
  domain: [],
  balance: ['settleBatch', 'fundHouse', 'payHouseWithdrawal'],
  requestAmount: ['requestHouseWithdrawal', 'payHouseWithdrawal'],
  requestSlot: ['requestHouseWithdrawal', 'payHouseWithdrawal'],
  claimable: [],
  liabilities: ['deposit', 'claim', 'settleBatch', 'fundHouse', 'payHouseWithdrawal'],
  reserved: CHALLENGES,
  overdue: [...CHALLENGES, 'escalateChallenge'],
  lastBatch: ['settleBatch'],
  lastTransfer: ['settleTransfers'],
  lastBlobHash: ['settleBatch'],
  leaderEpoch: ['advanceEpoch'],
  leaderNonce: ['advanceEpoch'],
  exitDelaySlots: ['applyChange'],
  changeDelaySlots: ['applyChange'],
  vaultCount: ['openVault'],
  pendingAuthority: ['scheduleChange', 'applyChange'],
  pendingAuthoritySlot: ['scheduleChange', 'applyChange'],
  pendingReceiptKey: ['scheduleChange', 'applyChange'],
  pendingReceiptKeySlot: ['scheduleChange', 'applyChange'],
  pendingExitDelaySlots: ['scheduleChange', 'applyChange'],
  pendingChangeDelaySlots: ['scheduleChange', 'applyChange'],
  pendingDelaysSlot: ['scheduleChange', 'applyChange'],
  escrowToken: [],
};

/** Nothing moved but by an instruction of its own that names the account: no balance without its bets or its owner. */
export function assertMoves(before: Books, after: Books, instructions: readonly CasinoInstruction[]): void {
  const byNumber = new Map(Object.entries(INSTRUCTION_NUMBERS).map(([name, number]) => [number, name as InstructionName]));
  const named = (address: Address): InstructionName[] =>
    instructions
      .filter(({ accounts }) => accounts.some((meta) => meta.address === address))
      .flatMap(({ data }) => byNumber.get(data[0] as never) ?? []);
  for (const [address, vault] of before.vaults) {
    const next = after.vaults.get(address);
    moved(vault, next, VAULT_MOVERS, named(address));
    if (next !== undefined) assertStep(vault, next, address);
  }
  for (const [address, house] of before.houses) moved(house, after.houses.get(address), HOUSE_MOVERS, named(address));
}

function moved<T extends object>(before: T, after: T | undefined, movers: Movers<T>, names: InstructionName[]): void {
  assert.ok(after !== undefined, 'an account vanished');
  for (const [field, allowed] of Object.entries(movers) as [keyof T, readonly InstructionName[]][]) {
    if (names.some((name) => allowed.includes(name))) continue;
    assert.deepEqual(after[field], before[field], `${String(field)} changed in ${names.join(', ') || 'no instruction'}`);
  }
}

const totalOf = (vault: Vault): bigint => vault.balance + vault.pendingDeposit + vault.claimable;

/** What every vault is in itself. */
function assertVault(vault: Vault, address: Address): void {
  const { challengeBet, challengeReserved, challengePromised, challengeCovered, challengeOverdue, requestAmount } = vault;
  const numbers = [challengeReserved, challengePromised, challengeCovered];
  if (challengeBet === 0n) assert.deepEqual([...numbers, challengeOverdue], [0n, 0n, 0n, false], `no challenge of ${address}`);
  else assert.ok(vault.lastBet < challengeBet, `the challenge of ${address} is answered, and open`);
  if (!vault.frozen) return;
  assert.deepEqual([vault.balance, vault.pendingDeposit, requestAmount, challengeBet], [0n, 0n, 0n, 0n], `frozen ${address}`);
}

/** What one transaction may do to a vault: bets, deposits and claims change what it has, and nothing goes back. */
function assertStep(before: Vault, after: Vault, address: Address): void {
  assert.ok(after.lastBet >= before.lastBet && after.lastTerms >= before.lastTerms, `${address} went back`);
  assert.ok(after.frozen || !before.frozen, `${address} thawed`);
  if (after.lastBet > before.lastBet || totalOf(after) === totalOf(before)) return;
  const isDeposit = after.pendingDeposit > before.pendingDeposit && after.balance === before.balance;
  const isClaim = after.claimable === 0n && after.balance === before.balance && after.pendingDeposit === before.pendingDeposit;
  assert.ok(isDeposit || isClaim, `${address} has other amounts without a bet, a deposit or a claim`);
}
