import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  applyChange,
  type Change,
  claim,
  decodeVerifyingKey,
  deposit,
  NATIVE_MINT,
  NEVER,
  openVault,
  payHouseWithdrawal,
  requestHouseWithdrawal,
  requestWithdrawal,
  retireVerifyingKey,
  scheduleChange,
  setPaused,
  setSettler,
  settleTransfers,
  verifyingKeyAddress,
  withdrawnChange,
} from '../client/index.ts';
import { LAMPORTS_PER_SOL, type TestChain } from './chain.ts';
import { settlement } from './settlement.ts';
import {
  CHANGE_DELAY_SLOTS,
  EXIT_DELAY_SLOTS,
  LEADER,
  makeWorld,
  program,
  readHouse,
  readVault,
  type TestHouse,
} from './world.ts';

const SOL = LAMPORTS_PER_SOL;
const namesOf = (house: TestHouse) => ({ program, authority: house.authority, house: house.address });

async function keyOf(chain: TestChain, house: TestHouse, id: number) {
  return decodeVerifyingKey(chain.account(await verifyingKeyAddress({ program, house: house.address, id })).data);
}

test('a verifying key is retired at once before the first vault', async () => {
  const { chain, house } = await makeWorld(0);
  const { events } = await chain.land([await retireVerifyingKey({ ...namesOf(house), id: 1 })]);
  const retiredFromSlot = chain.slot;
  assert.deepEqual(events, [{ name: 'VerifyingKeyRetired', house: house.address, verifyingKeyId: 1, retiredFromSlot }]);
  assert.equal((await keyOf(chain, house, 1)).retiredFromSlot, retiredFromSlot);
  assert.equal((await keyOf(chain, house, 2)).retiredFromSlot, NEVER);
});

test('with bettors in, a retired key settles up to the last slot of the change delay, and nothing from then on', async () => {
  const { chain, house, vaults } = await makeWorld(1);
  await chain.land([await retireVerifyingKey({ ...namesOf(house), id: 1 })]);
  const from = chain.slot + CHANGE_DELAY_SLOTS;
  assert.equal((await keyOf(chain, house, 1)).retiredFromSlot, from);
  assert.equal((await chain.send([await retireVerifyingKey({ ...namesOf(house), id: 1 })])).error, 'EXISTING_RETIREMENT');
  const batch = () => settlement(chain, house, { runs: [{ vault: vaults[0]!, consume: 1n }] });
  chain.svm.warpToSlot(from - 1n);
  await chain.land([await batch()]);
  chain.svm.warpToSlot(from);
  assert.equal((await chain.send([await batch()])).error, 'RETIRED_VERIFYING_KEY');
});

test('a new settler settles at once, and the one before no more', async () => {
  const { chain, house, vaults } = await makeWorld(1);
  const settler = await chain.signer('next settler');
  const { events } = await chain.land([setSettler({ ...namesOf(house), settler: settler.address })]);
  assert.deepEqual(events, [{ name: 'SettlerSet', house: house.address, settler: settler.address }]);
  const plan = { runs: [{ vault: vaults[0]!, consume: SOL }] };
  assert.equal((await chain.send([await settlement(chain, house, plan)])).error, 'WRONG_SETTLER');
  await chain.land([await settlement(chain, { ...house, settler }, plan)]);
});

test('a pause stops new vaults and deposits; requests, settlement, claims and the house go on; and it ends', async () => {
  const { chain, house, vaults } = await makeWorld(2);
  const at = { program, house: house.address };
  const { owner } = vaults[0]!;
  const newcomer = await chain.signer('newcomer');
  const opening = async () => openVault({ ...at, payer: newcomer, owner: newcomer, sessionKeyHash: 5n });
  const paying = async () => deposit({ ...at, payer: owner, owner: owner.address, amount: SOL });
  await chain.land([requestHouseWithdrawal({ ...namesOf(house), amount: SOL })]);
  const { events } = await chain.land([setPaused({ ...namesOf(house), paused: true })]);
  assert.deepEqual(events, [{ name: 'PausedSet', house: house.address, paused: true }]);
  assert.equal((await chain.send([await opening()])).error, 'PAUSED_HOUSE');
  assert.equal((await chain.send([await paying()])).error, 'PAUSED_HOUSE');
  await chain.land([await requestWithdrawal({ ...at, owner, amount: SOL })]);
  await chain.land([
    await settlement(chain, house, { runs: [{ vault: vaults[0]!, consume: 2n * SOL, delta: -SOL, pay: true }] }),
  ]);
  await chain.land([await claim({ ...at, owner: owner.address })]);
  await chain.land([await requestWithdrawal({ ...at, owner: vaults[1]!.owner, amount: SOL })]);
  const transfers = [{ vault: vaults[1]!.address, consume: 0n, pay: true }];
  await chain.land([settleTransfers({ ...at, settler: house.settler, transferNumber: 1n, ...LEADER, transfers })]);
  await chain.land([await claim({ ...at, owner: vaults[1]!.owner.address })]);
  chain.svm.warpToSlot(chain.slot + CHANGE_DELAY_SLOTS);
  await chain.land([await payHouseWithdrawal(namesOf(house))]);
  await chain.land([setPaused({ ...namesOf(house), paused: false })]);
  await chain.land([await opening(), await paying()]);
});

test('a new authority takes over once it accepts, at the slot announced and not before; the old one is out', async () => {
  const { chain, house } = await makeWorld(1);
  const next = await chain.signer('next authority');
  const change: Change = { kind: 'authority', authority: next.address };
  const { events } = await chain.land([scheduleChange({ ...namesOf(house), change })]);
  const dueSlot = chain.slot + CHANGE_DELAY_SLOTS;
  assert.deepEqual(events, [{ name: 'ChangeScheduled', house: house.address, change, dueSlot }]);
  const pending = readHouse(chain, house);
  assert.deepEqual([pending.pendingAuthority, pending.pendingAuthoritySlot], [next.address, dueSlot]);
  const apply = applyChange({ ...namesOf(house), kind: 'authority', newAuthority: next });
  chain.svm.warpToSlot(dueSlot - 1n);
  assert.equal((await chain.send([apply])).error, 'INACTIVE_CHANGE');
  chain.svm.warpToSlot(dueSlot);
  const applied = await chain.land([apply]);
  assert.deepEqual(applied.events, [{ name: 'ChangeApplied', house: house.address, change }]);
  const after = readHouse(chain, house);
  assert.deepEqual([after.authority, after.pendingAuthority, after.pendingAuthoritySlot], [next.address, NATIVE_MINT, 0n]);
  assert.equal((await chain.send([setPaused({ ...namesOf(house), paused: true })])).error, 'WRONG_AUTHORITY');
  await chain.land([setPaused({ ...namesOf(house), authority: next, paused: true })]);
});

test('a new receipt key keeps the one before, and says when it took over', async () => {
  const { chain, house } = await makeWorld(1);
  const before = readHouse(chain, house);
  const receiptKey = new Uint8Array(32).fill(3);
  const change: Change = { kind: 'receiptKey', receiptKey };
  await chain.land([scheduleChange({ ...namesOf(house), change })]);
  chain.svm.warpToSlot(chain.slot + CHANGE_DELAY_SLOTS + 7n);
  const { events } = await chain.land([applyChange({ ...namesOf(house), kind: 'receiptKey' })]);
  assert.deepEqual(events, [{ name: 'ChangeApplied', house: house.address, change }]);
  const zero = new Uint8Array(32);
  assert.deepEqual(readHouse(chain, house), {
    ...before,
    receiptKey,
    previousReceiptKey: before.receiptKey,
    receiptKeySlot: chain.slot,
    pendingReceiptKey: zero,
    pendingReceiptKeySlot: 0n,
  });
});

test('new delays hold for what comes after; open requests and announcements keep their slots', async () => {
  const { chain, house, vaults } = await makeWorld(1);
  const at = { program, house: house.address };
  const change: Change = { kind: 'delays', exitDelaySlots: 1_500n, changeDelaySlots: 3_000n };
  await chain.land([scheduleChange({ ...namesOf(house), change })]);
  const due = chain.slot + CHANGE_DELAY_SLOTS;
  chain.svm.warpToSlot(due - 1n);
  const receiptKey = new Uint8Array(32).fill(3);
  await chain.land([
    await requestWithdrawal({ ...at, owner: vaults[0]!.owner, amount: SOL }),
    requestHouseWithdrawal({ ...namesOf(house), amount: SOL }),
    scheduleChange({ ...namesOf(house), change: { kind: 'receiptKey', receiptKey } }),
  ]);
  chain.svm.warpToSlot(due);
  const { events } = await chain.land([applyChange({ ...namesOf(house), kind: 'delays' })]);
  assert.deepEqual(events, [{ name: 'ChangeApplied', house: house.address, change }]);
  const after = readHouse(chain, house);
  assert.deepEqual([after.exitDelaySlots, after.changeDelaySlots, after.pendingDelaysSlot], [1_500n, 3_000n, 0n]);
  assert.deepEqual([after.pendingExitDelaySlots, after.pendingChangeDelaySlots], [0n, 0n]);
  const asked = due - 1n;
  assert.equal(readVault(chain, vaults[0]!).requestDeadline, asked + EXIT_DELAY_SLOTS);
  assert.deepEqual([after.requestSlot, after.pendingReceiptKeySlot], [asked + CHANGE_DELAY_SLOTS, asked + CHANGE_DELAY_SLOTS]);
  await chain.land([requestHouseWithdrawal({ ...namesOf(house), amount: SOL })]);
  assert.equal(readHouse(chain, house).requestSlot, due + 3_000n);
});

test('announcing again starts the wait anew, for every kind; withdrawing ends it; and an announcement lapses', async () => {
  const { chain, house } = await makeWorld(1);
  const newAuthority = await chain.signer('next authority');
  const changes: Change[] = [
    { kind: 'authority', authority: newAuthority.address },
    { kind: 'receiptKey', receiptKey: new Uint8Array(32).fill(3) },
    { kind: 'delays', exitDelaySlots: 1_500n, changeDelaySlots: 3_000n },
  ];
  const apply = (kind: Change['kind']) =>
    applyChange(kind === 'authority' ? { ...namesOf(house), kind, newAuthority } : { ...namesOf(house), kind });
  for (const change of changes) {
    const before = readHouse(chain, house);
    const schedule = scheduleChange({ ...namesOf(house), change });
    await chain.land([schedule]);
    chain.svm.warpToSlot(chain.slot + CHANGE_DELAY_SLOTS - 1n);
    await chain.land([schedule]);
    chain.svm.warpToSlot(chain.slot + 1n);
    assert.equal((await chain.send([apply(change.kind)])).error, 'INACTIVE_CHANGE', change.kind);
    chain.svm.warpToSlot(chain.slot + 2n * CHANGE_DELAY_SLOTS - 1n);
    assert.equal(await chain.simulate([apply(change.kind)]), undefined, 'the last slot before it lapses');
    chain.svm.warpToSlot(chain.slot + 1n);
    assert.equal((await chain.send([apply(change.kind)])).error, 'STALE_CHANGE', change.kind);
    const withdrawn = withdrawnChange(change.kind);
    const { events } = await chain.land([scheduleChange({ ...namesOf(house), change: withdrawn })]);
    assert.deepEqual(events, [{ name: 'ChangeScheduled', house: house.address, change: withdrawn, dueSlot: 0n }]);
    assert.equal((await chain.send([apply(change.kind)])).error, 'EMPTY_CHANGE', change.kind);
    assert.deepEqual(readHouse(chain, house), before);
  }
});

test('the house is paid its request within its slots, once, and liabilities fall with the bankroll', async () => {
  const { chain, house } = await makeWorld(1);
  const requested = await chain.land([requestHouseWithdrawal({ ...namesOf(house), amount: 30n * SOL })]);
  const first = chain.slot + CHANGE_DELAY_SLOTS;
  const request = { name: 'HouseWithdrawalRequested', house: house.address, amount: 30n * SOL, payableFromSlot: first };
  assert.deepEqual(requested.events, [request]);
  const pay = await payHouseWithdrawal(namesOf(house));
  chain.svm.warpToSlot(first - 1n);
  assert.equal((await chain.send([pay])).error, 'INACTIVE_HOUSE_REQUEST');
  chain.svm.warpToSlot(first + EXIT_DELAY_SLOTS + 1n);
  assert.equal((await chain.send([pay])).error, 'STALE_HOUSE_REQUEST');
  chain.svm.warpToSlot(first + EXIT_DELAY_SLOTS);
  const before = readHouse(chain, house);
  const [wallet, escrow] = [chain.lamportsOf(house.authority.address), chain.lamportsOf(house.escrow)];
  const { events } = await chain.land([pay]);
  assert.deepEqual(events, [{ name: 'HousePaid', house: house.address, amount: 30n * SOL }]);
  assert.equal(chain.lamportsOf(house.authority.address) - wallet, 30n * SOL);
  assert.equal(escrow - chain.lamportsOf(house.escrow), 30n * SOL);
  assert.deepEqual(readHouse(chain, house), {
    ...before,
    balance: before.balance - 30n * SOL,
    liabilities: before.liabilities - 30n * SOL,
    requestAmount: 0n,
    requestSlot: 0n,
  });
  assert.equal((await chain.send([pay])).error, 'EMPTY_HOUSE_REQUEST');
});

test('a second request of the house replaces the first and waits anew; zero withdraws it', async () => {
  const { chain, house } = await makeWorld(1);
  const request = (amount: bigint) => requestHouseWithdrawal({ ...namesOf(house), amount });
  await chain.land([request(SOL)]);
  chain.svm.warpToSlot(chain.slot + CHANGE_DELAY_SLOTS - 1n);
  await chain.land([request(90n * SOL)]);
  const { requestAmount, requestSlot } = readHouse(chain, house);
  assert.deepEqual([requestAmount, requestSlot], [90n * SOL, chain.slot + CHANGE_DELAY_SLOTS]);
  const { events } = await chain.land([request(0n)]);
  const none = { amount: 0n, payableFromSlot: 0n };
  assert.deepEqual(events, [{ name: 'HouseWithdrawalRequested', house: house.address, ...none }]);
  assert.equal((await chain.send([request(0n)])).error, 'EMPTY_HOUSE_REQUEST');
});
