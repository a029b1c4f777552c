import { accountIdOf } from '../protocol/account.ts';
import { fieldToHex } from '../protocol/bytes.ts';
import { U64_LIMIT } from '../protocol/constants.ts';
import { messageOf } from './errors.ts';
import type { House } from './layout/accounts.ts';
import { deriveVault } from './layout/addresses.ts';
import { ED25519_PROGRAM, NATIVE_MINT, NEVER } from './layout/constants.ts';
import { readShownReceipt, type ShownReceipt } from './layout/instructions.ts';
import { addressBytes } from './layout/reader.ts';
import type { Step, VaultState } from './state.ts';

const NO_KEY = NATIVE_MINT;

export async function openVault(step: Step<'open_vault'>): Promise<void> {
  const { instruction, place, slot, state, house } = step;
  const { vault, owner, sessionKeyHash } = instruction;
  const event = step.event('VaultOpened');
  const derived = await deriveVault({ program: place.program, house: place.house, owner });
  const accountId = accountIdOf({ domain: place.domain, vault: addressBytes(vault) });
  const about = { vault };
  step.same('vault-opened', "the vault's address is not its owner's", { expected: derived.address, found: vault, ...about });
  step.hold('vault-opened', !state.vaults.has(vault), 'a vault is opened twice', about);
  step.hold('vault-opened', !house.paused, 'a vault is opened while the house is paused', about);
  step.hold('session-key', sessionKeyHash !== 0n, 'a vault without a session key', about);
  if (event) {
    step.same('event-mismatch', "the event's owner is not the one who opened it", {
      expected: owner,
      found: event.owner,
      ...about,
    });
    step.same('vault-opened', 'its accountId is not of its address', {
      expected: fieldToHex(accountId),
      found: fieldToHex(event.accountId),
      ...about,
    });
    step.same('session-key', "the event's session key is not the owner's", {
      expected: fieldToHex(sessionKeyHash),
      found: fieldToHex(event.sessionKeyHash),
      ...about,
    });
  }
  house.vaultCount += 1n;
  state.vaults.set(vault, {
    ...{ bump: derived.bump, frozen: false, lastTerms: 0, owner, house: place.house, accountId, head: accountId },
    keys: [
      { hash: sessionKeyHash, from: slot, until: NEVER },
      { hash: 0n, from: 0n, until: 0n },
    ],
    ...{ balance: 0n, pendingDeposit: 0n, claimable: 0n, requestAmount: 0n, requestDeadline: 0n, lastBet: 0n },
    ...noChallenge(),
  });
}

export function deposit(step: Step<'deposit'>): void {
  const { instruction, house } = step;
  const event = step.event('Deposited');
  const vault = step.vault(instruction.vault);
  if (!vault) return;
  const about = { vault: instruction.vault };
  const credited = event?.amount ?? instruction.amount;
  step.hold('vault-frozen', !vault.frozen, 'a deposit into a frozen vault', about);
  step.hold('deposit', !house.paused, 'a deposit while the house is paused', about);
  step.same('deposit', 'another amount is credited than was paid', { expected: instruction.amount, found: credited, ...about });
  step.hold('deposit', credited >= instruction.minimum, 'less is credited than its payer asks for', about);
  vault.pendingDeposit += credited;
  house.liabilities += credited;
}

export function requestWithdrawal(step: Step<'request_withdrawal'>): void {
  const { instruction, house, slot } = step;
  const event = step.event('WithdrawalRequested');
  const vault = step.ownedVault(instruction);
  if (!vault) return;
  const about = { vault: instruction.vault };
  const deadline = slot + house.exitDelaySlots;
  step.hold('withdrawal', vault.requestAmount === 0n, 'a request while another is open', about);
  step.hold('withdrawal', instruction.amount > 0n, 'a request of nothing', about);
  if (event) {
    step.same('withdrawal', 'another amount is asked for', { expected: instruction.amount, found: event.amount, ...about });
    step.same('withdrawal', 'the deadline is another', { expected: deadline, found: event.deadline, ...about });
  }
  vault.requestAmount = instruction.amount;
  vault.requestDeadline = deadline;
}

/** Moves a part of the deposits into the balance. Its bound is checked where it is used. */
export function consume(vault: VaultState, amount: bigint): void {
  vault.pendingDeposit -= amount;
  vault.balance += amount;
}

/** Pays the open request as far as balance and then deposits reach; returns what was paid. */
export function payRequest(vault: VaultState): bigint {
  const fromBalance = min(vault.requestAmount, vault.balance);
  const fromPending = min(vault.requestAmount - fromBalance, vault.pendingDeposit);
  vault.balance -= fromBalance;
  vault.pendingDeposit -= fromPending;
  vault.claimable += fromBalance + fromPending;
  vault.requestAmount = 0n;
  vault.requestDeadline = 0n;
  return fromBalance + fromPending;
}

export function claim(step: Step<'claim'>): void {
  const { instruction, house } = step;
  const event = step.event('Claimed');
  const vault = step.vault(instruction.vault);
  if (!vault) return;
  const about = { vault: instruction.vault };
  step.isOwner(vault, instruction);
  step.hold('claim', vault.claimable > 0n, 'nothing was claimable', about);
  if (event) step.same('claim', 'another amount is paid', { expected: vault.claimable, found: event.amount, ...about });
  house.liabilities -= vault.claimable;
  vault.claimable = 0n;
}

export function forceExit(step: Step<'force_exit'>): void {
  const { instruction, house, slot } = step;
  const event = step.event('VaultExited');
  const vault = step.ownedVault(instruction);
  if (!vault) return;
  const about = { vault: instruction.vault };
  const amount = vault.balance + vault.pendingDeposit;
  step.hold('exit', vault.requestAmount > 0n, 'an exit without a request', about);
  step.hold('exit', slot > vault.requestDeadline, 'an exit before the deadline', about);
  if (event) {
    step.same('exit', 'another amount leaves', { expected: amount, found: event.amount, ...about });
    step.same('exit', 'another bet is the last', { expected: vault.lastBet, found: event.lastBet, ...about });
  }
  endChallenge(house, vault);
  const zero = { balance: 0n, pendingDeposit: 0n, requestAmount: 0n, requestDeadline: 0n };
  Object.assign(vault, { ...zero, claimable: vault.claimable + amount, frozen: true });
}

export function rotateSessionKey(step: Step<'rotate_session_key'>): void {
  const { instruction, house, slot } = step;
  const { sessionKeyHash: hash, from } = instruction;
  const event = step.event('SessionKeyRotated');
  const vault = step.ownedVault(instruction);
  if (!vault) return;
  const about = { vault: instruction.vault };
  const until = from + house.exitDelaySlots;
  if (event) {
    step.same('key-rotation', "the event's key is not the owner's", {
      expected: fieldToHex(hash),
      found: fieldToHex(event.sessionKeyHash),
      ...about,
    });
    step.same('key-rotation', 'the key begins in another slot', { expected: from, found: event.from, ...about });
    step.same('key-rotation', 'the key before ends in another slot', { expected: until, found: event.previousUntil, ...about });
  }
  const present = vault.keys[0].until === NEVER ? 0 : 1;
  const other = present === 0 ? 1 : 0;
  const inTime = slot <= from && from <= slot + house.changeDelaySlots;
  step.hold('key-rotation', inTime, 'the key begins too early or too late', about);
  step.hold('key-rotation', vault.keys[present].until === NEVER, 'no key is in force', about);
  step.hold('key-rotation', vault.keys[other].until < slot, 'a key before it is still valid', about);
  step.hold('key-rotation', hash !== 0n && hash !== vault.keys[present].hash, 'the key is none, or no other', about);
  vault.keys[present].until = until;
  vault.keys[other] = { hash, from, until: NEVER };
}

export function challenge(step: Step<'challenge'>): void {
  const { instruction, house, slot } = step;
  const event = step.event('ChallengeOpened');
  const vault = step.ownedVault(instruction);
  const receipt = shownReceipt(step);
  if (!vault || !receipt) return;
  const about = { vault: instruction.vault };
  step.same('challenge', 'the receipt is of another vault', { expected: instruction.vault, found: receipt.vault, ...about });
  const isNewer = receipt.betNumber > vault.lastBet && receipt.betNumber > vault.challengeBet;
  step.hold('challenge', isNewer, 'the receipt is of a settled bet, or older than the one shown before', about);
  const lately = slot <= house.receiptKeySlot + house.changeDelaySlots;
  const { receiptKey: key } = receipt;
  const isKnown = key === house.receiptKey || (lately && key === house.previousReceiptKey && key !== NO_KEY);
  step.hold('challenge', isKnown, "the receipt's key is not the house's", { ...about, found: key });
  endChallenge(house, vault);
  Object.assign(vault, {
    challengeBet: receipt.betNumber,
    challengePromised: receipt.balanceAfter,
    challengeCovered: vault.balance + vault.pendingDeposit,
    challengeSlot: slot,
    challengeKey: receipt.receiptKey,
  });
  reserve(house, vault);
  if (event) {
    step.same('challenge', 'the event names another bet', { expected: receipt.betNumber, found: event.betNumber, ...about });
    step.same('challenge', 'the event names another key', { expected: key, found: event.receiptKey, ...about });
    const reserved = { expected: vault.challengeReserved, found: event.reserved, ...about };
    step.same('challenge', 'another amount is reserved', reserved);
  }
}

function shownReceipt(step: Step<'challenge'>): ShownReceipt | undefined {
  const { before } = step.frame;
  try {
    if (before?.program === ED25519_PROGRAM) return readShownReceipt(before.data);
    step.report('challenge', 'no receipt comes before the challenge');
  } catch (error) {
    step.report('challenge', messageOf(error));
  }
  return undefined;
}

export function escalateChallenge(step: Step<'escalate_challenge'>): void {
  const { instruction, house, slot } = step;
  const event = step.event('ChallengeOverdue');
  const vault = step.vault(instruction.vault);
  if (!vault) return;
  const about = { vault: instruction.vault };
  const isOpen = vault.challengeBet > vault.lastBet && !vault.challengeOverdue;
  step.hold('challenge', isOpen, 'no challenge is open, or it is overdue already', about);
  step.hold('challenge', slot > vault.challengeSlot + house.exitDelaySlots, 'the challenge is not overdue yet', about);
  const bets = { expected: vault.challengeBet, found: event?.betNumber ?? vault.challengeBet, ...about };
  step.same('challenge', 'the event names another bet', bets);
  vault.challengeOverdue = true;
  house.overdue += 1n;
}

/** What a run does to the challenge of its vault: answers it, or changes what is lacking of its promise. */
export function settleChallenge(house: House, vault: VaultState, run: { start: bigint; after: bigint }): void {
  if (vault.challengeBet === 0n) return;
  if (vault.lastBet >= vault.challengeBet) return endChallenge(house, vault);
  house.reserved -= vault.challengeReserved;
  const covered = min(vault.challengeCovered + run.after, U64_LIMIT - 1n) - run.start;
  vault.challengeCovered = covered > 0n ? covered : 0n;
  reserve(house, vault);
}

function reserve(house: House, vault: VaultState): void {
  const lacking = vault.challengePromised - vault.challengeCovered;
  const room = U64_LIMIT - 1n - house.reserved;
  vault.challengeReserved = min(min(lacking > 0n ? lacking : 0n, house.liabilities), room);
  house.reserved += vault.challengeReserved;
}

function endChallenge(house: House, vault: VaultState): void {
  house.reserved -= vault.challengeReserved;
  if (vault.challengeOverdue) house.overdue -= 1n;
  Object.assign(vault, noChallenge());
}

function noChallenge() {
  const amounts = { challengeReserved: 0n, challengePromised: 0n, challengeCovered: 0n };
  return { challengeBet: 0n, challengeSlot: 0n, challengeKey: NO_KEY, challengeOverdue: false, ...amounts };
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
