import { sha256 } from '@noble/hashes/sha2.js';
import type { Address } from '@solana/kit';
import { toHex } from '../protocol/bytes.ts';
import { messageOf } from './errors.ts';
import { prepareKey } from './groth16.ts';
import type { House } from './layout/accounts.ts';
import { associatedToken, deriveEscrow, deriveHouse, deriveTerms, deriveVerifyingKey } from './layout/addresses.ts';
import { CHANGE_AUTHORITY, CHANGE_DELAYS, CHANGE_RECEIPT_KEY, NATIVE_MINT, NEVER } from './layout/constants.ts';
import { addressBytes, addressOf, LayoutReader } from './layout/reader.ts';
import type { Step, StepContext } from './state.ts';

const NONE = NATIVE_MINT;
const MAX_PROFIT_BPS = 1_000_000;
const MAX_BETS = 250;
const MAX_VAULTS = 32;
const MAX_EPOCH_STEP = 65_536n;

/** The program's bounds of the delays, layouts.md section 7 and the protocol's. */
const MIN_EXIT_DELAY_SLOTS = 1_500n;
const MAX_EXIT_DELAY_SLOTS = 1_512_000n;
const MAX_CHANGE_DELAY_SLOTS = 6_480_000n;

export async function initHouse(step: Step<'init_house'>): Promise<void> {
  const { instruction, place, slot, state } = step;
  const { creator, mint, exitDelaySlots, changeDelaySlots } = instruction;
  step.noEvent();
  step.hold('house-setup', state.house === undefined, 'the house is made twice');
  const derived = await deriveHouse({ program: place.program, creator, mint });
  const escrow = await deriveEscrow({ program: place.program, house: place.house });
  step.same('house-setup', "the house's address is not its creator's", { expected: derived.address, found: place.house });
  const [expected, found] = [toHex(place.genesisHash), toHex(instruction.genesisHash)];
  step.same('house-setup', 'the house was made for another chain', { expected, found });
  checkDelays(step, exitDelaySlots, changeDelaySlots);
  state.house = {
    ...{ bump: derived.bump, escrowBump: escrow.bump, paused: false, currentTerms: 0, creator },
    ...{ authority: instruction.authority, settler: instruction.settler, receiptKey: instruction.receiptKey },
    ...{ previousReceiptKey: NONE, receiptKeySlot: slot, mint, domain: place.domain },
    ...{ balance: 0n, requestAmount: 0n, requestSlot: 0n, claimable: 0n, liabilities: 0n, reserved: 0n, overdue: 0n },
    ...{ lastBatch: 0n, lastTransfer: 0n, lastBlobHash: new Uint8Array(32), leaderEpoch: 0n, leaderNonce: 0n },
    ...{ exitDelaySlots, changeDelaySlots, vaultCount: 0n },
    ...{ pendingAuthority: NONE, pendingAuthoritySlot: 0n, pendingReceiptKey: NONE, pendingReceiptKeySlot: 0n },
    ...{ pendingExitDelaySlots: 0n, pendingChangeDelaySlots: 0n, pendingDelaysSlot: 0n },
    escrowToken: mint === NATIVE_MINT ? NONE : await associatedToken({ owner: escrow.address, mint }),
  };
}

function checkDelays(step: StepContext, exit: bigint, change: bigint): void {
  const fits = exit >= MIN_EXIT_DELAY_SLOTS && exit <= MAX_EXIT_DELAY_SLOTS;
  const found = `exit ${exit}, change ${change}`;
  step.hold('house-setup', fits && change >= 2n * exit && change <= MAX_CHANGE_DELAY_SLOTS, 'delays out of bounds', { found });
}

export async function addTerms(step: Step<'add_terms'>): Promise<void> {
  const { instruction, place, slot, state, house } = step;
  const { id, vrfCommitment, profitBps, account } = instruction;
  step.noEvent();
  step.byAuthority(instruction);
  const derived = await deriveTerms({ program: place.program, house: place.house, id });
  step.same('terms', 'the terms lie at another address', { expected: derived.address, found: account });
  step.same('terms', 'the terms are not the next', { expected: house.currentTerms + 1, found: id });
  step.hold('terms', profitBps >= 1 && profitBps <= MAX_PROFIT_BPS, 'odds out of bounds', { found: `${profitBps}` });
  const isFresh = [...state.terms.values()].every((terms) => terms.vrfCommitment !== vrfCommitment);
  step.hold('terms', vrfCommitment !== 0n && isFresh, 'the randomness commitment is none, or that of earlier terms');
  house.currentTerms = id;
  state.terms.set(account, { bump: derived.bump, id, house: place.house, vrfCommitment, profitBps, openedSlot: slot });
}

/** The slot from which a key that comes or goes counts. */
const keyChangeSlot = (house: House, slot: bigint): bigint => (house.vaultCount === 0n ? slot : slot + house.changeDelaySlots);

export async function addVerifyingKey(step: Step<'add_verifying_key'>): Promise<void> {
  const { instruction, place, slot, state, house } = step;
  const { id, maxBets, maxVaults, key, account } = instruction;
  step.noEvent();
  step.byAuthority(instruction);
  const derived = await deriveVerifyingKey({ program: place.program, house: place.house, id });
  step.same('verifying-key', 'the key lies at another address', { expected: derived.address, found: account });
  step.hold('verifying-key', !state.keys.has(account), 'a verifying key is made twice', { found: `${id}` });
  const fits = maxBets >= 1 && maxBets <= MAX_BETS && maxVaults >= 1 && maxVaults <= MAX_VAULTS;
  step.hold('verifying-key', fits, 'its size is out of bounds', { found: `${maxBets} bets, ${maxVaults} vaults` });
  try {
    prepareKey(key);
  } catch (error) {
    step.report('verifying-key', messageOf(error));
  }
  const slots = { activeFromSlot: keyChangeSlot(house, slot), retiredFromSlot: NEVER };
  const sizes = { bump: derived.bump, id, maxBets, maxVaults, house: place.house };
  state.keys.set(account, { ...sizes, ...slots, key, keyHash: sha256(key) });
}

export function retireVerifyingKey(step: Step<'retire_verifying_key'>): void {
  const { instruction, slot, state, house } = step;
  const event = step.event('VerifyingKeyRetired');
  step.byAuthority(instruction);
  const key = state.keys.get(instruction.account);
  if (!key) return step.report('verifying-key', 'no such key was made', { account: instruction.account });
  const from = keyChangeSlot(house, slot);
  step.hold('verifying-key', key.retiredFromSlot === NEVER, 'a key is retired twice');
  if (event) {
    step.same('verifying-key', 'the event names another key', { expected: key.id, found: event.verifyingKeyId });
    step.same('verifying-key', 'the key is retired from another slot on', { expected: from, found: event.retiredFromSlot });
  }
  key.retiredFromSlot = from;
}

export function fundHouse(step: Step<'fund_house'>): void {
  const { instruction, house } = step;
  const credited = step.event('HouseFunded')?.amount ?? instruction.amount;
  step.same('house-payment', 'another amount is credited than was paid', { expected: instruction.amount, found: credited });
  house.balance += credited;
  house.liabilities += credited;
}

export function requestHouseWithdrawal(step: Step<'request_house_withdrawal'>): void {
  const { instruction, house, slot } = step;
  const event = step.event('HouseWithdrawalRequested');
  step.byAuthority(instruction);
  const from = instruction.amount === 0n ? 0n : slot + house.changeDelaySlots;
  if (event) {
    step.same('house-payment', 'another amount is asked for', { expected: instruction.amount, found: event.amount });
    step.same('house-payment', 'it is payable from another slot on', { expected: from, found: event.payableFromSlot });
  }
  step.hold('house-payment', instruction.amount > 0n || house.requestAmount > 0n, 'nothing to withdraw');
  house.requestAmount = instruction.amount;
  house.requestSlot = from;
}

export function payHouseWithdrawal(step: Step<'pay_house_withdrawal'>): void {
  const { instruction, house, slot } = step;
  const event = step.event('HousePaid');
  step.byAuthority(instruction);
  const free = house.balance > house.reserved ? house.balance - house.reserved : 0n;
  const amount = house.requestAmount < free ? house.requestAmount : free;
  const inTime = slot >= house.requestSlot && slot <= house.requestSlot + house.exitDelaySlots;
  step.hold('house-payment', house.requestAmount > 0n && inTime, 'the house is paid too early, too late, or unasked', {
    expected: `slot ${house.requestSlot} to ${house.requestSlot + house.exitDelaySlots}`,
    found: `slot ${slot}`,
  });
  step.hold('house-payment', house.overdue === 0n, 'the house is paid while a challenge is overdue');
  const paid = event?.amount ?? amount;
  step.same('house-payment', 'another amount is paid to the house', { expected: amount, found: paid });
  house.balance -= paid;
  house.liabilities -= paid;
  house.requestAmount = 0n;
  house.requestSlot = 0n;
}

export function setSettler(step: Step<'set_settler'>): void {
  const { instruction, house } = step;
  const event = step.event('SettlerSet');
  step.byAuthority(instruction);
  const found = event?.settler ?? instruction.settler;
  step.same('event-mismatch', 'the event names another settler', { expected: instruction.settler, found });
  house.settler = instruction.settler;
}

export function advanceEpoch(step: Step<'advance_epoch'>): void {
  const { instruction, house } = step;
  const { from, to, nonce, leader } = instruction;
  step.noEvent();
  step.hold('authority', leader === house.authority || leader === house.settler, 'a stranger takes the lead', { found: leader });
  step.same('leader', 'the lead is taken from another epoch', { expected: house.leaderEpoch, found: from });
  step.hold('leader', to > from && to - from <= MAX_EPOCH_STEP && nonce !== 0n, 'the epoch goes back, too far, or has no nonce');
  house.leaderEpoch = to;
  house.leaderNonce = nonce;
}

export function setPaused(step: Step<'set_paused'>): void {
  const { instruction, house } = step;
  const event = step.event('PausedSet');
  step.byAuthority(instruction);
  const found = event?.paused ?? instruction.paused;
  step.same('event-mismatch', 'the event says another thing', { expected: instruction.paused, found });
  house.paused = instruction.paused;
}

/** The pending change of a kind and its slot, 0 if there is none. */
function pendingOf(house: House, kind: number): { value: Uint8Array; due: bigint } {
  if (kind === CHANGE_AUTHORITY) return { value: addressBytes(house.pendingAuthority), due: house.pendingAuthoritySlot };
  if (kind === CHANGE_RECEIPT_KEY) return { value: addressBytes(house.pendingReceiptKey), due: house.pendingReceiptKeySlot };
  const value = new Uint8Array(32);
  const view = new DataView(value.buffer);
  view.setBigUint64(0, house.pendingExitDelaySlots, true);
  view.setBigUint64(8, house.pendingChangeDelaySlots, true);
  return { value, due: house.pendingDelaysSlot };
}

function setPending(house: House, kind: number, { value, due }: { value: Uint8Array; due: bigint }): void {
  if (kind === CHANGE_AUTHORITY) Object.assign(house, { pendingAuthority: addressOf(value), pendingAuthoritySlot: due });
  else if (kind === CHANGE_RECEIPT_KEY) Object.assign(house, { pendingReceiptKey: addressOf(value), pendingReceiptKeySlot: due });
  else {
    const { exit, change } = delaysOf(value);
    Object.assign(house, { pendingExitDelaySlots: exit, pendingChangeDelaySlots: change, pendingDelaysSlot: due });
  }
}

function delaysOf(value: Uint8Array): { exit: bigint; change: bigint } {
  const reader = new LayoutReader(value);
  return { exit: reader.u64(), change: reader.u64() };
}

function checkChange(
  step: StepContext,
  event: { kind: number; value: Uint8Array } | undefined,
  told: { kind: number; value: Uint8Array },
) {
  step.hold('change', told.kind <= CHANGE_DELAYS, 'a change of no known kind', { found: `${told.kind}` });
  if (!event) return;
  step.same('change', 'the event is of another kind of change', { expected: told.kind, found: event.kind });
  step.same('change', 'the event names another value', { expected: toHex(told.value), found: toHex(event.value) });
}

export function scheduleChange(step: Step<'schedule_change'>): void {
  const { instruction, house, slot } = step;
  const { kind, value } = instruction;
  const event = step.event('ChangeScheduled');
  step.byAuthority(instruction);
  checkChange(step, event, instruction);
  const isWithdrawn = value.every((byte) => byte === 0);
  if (kind === CHANGE_DELAYS && !isWithdrawn) checkDelays(step, delaysOf(value).exit, delaysOf(value).change);
  const due = isWithdrawn ? 0n : slot + house.changeDelaySlots;
  if (event) step.same('change', 'the change is due in another slot', { expected: due, found: event.dueSlot });
  setPending(house, kind, { value, due });
}

export function applyChange(step: Step<'apply_change'>): void {
  const { instruction, house, slot } = step;
  const { kind } = instruction;
  const event = step.event('ChangeApplied');
  step.byAuthority(instruction);
  const { value, due } = pendingOf(house, kind);
  checkChange(step, event, { kind, value });
  const inTime = due !== 0n && slot >= due && slot <= due + house.changeDelaySlots;
  step.hold('change', inTime, 'the change is not announced, not due yet, or lapsed', {
    expected: due === 0n ? 'an announcement' : `slot ${due} to ${due + house.changeDelaySlots}`,
    found: `slot ${slot}`,
  });
  const address: Address = addressOf(value);
  if (kind === CHANGE_AUTHORITY) house.authority = address;
  else if (kind === CHANGE_RECEIPT_KEY) {
    Object.assign(house, { previousReceiptKey: house.receiptKey, receiptKey: address, receiptKeySlot: slot });
  } else {
    const { exit, change } = delaysOf(value);
    Object.assign(house, { exitDelaySlots: exit, changeDelaySlots: change });
  }
  setPending(house, kind, { value: new Uint8Array(32), due: 0n });
}
