import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ed25519 } from '@noble/curves/ed25519.js';
import { type Address, type Instruction, lamports } from '@solana/kit';
import {
  challenge,
  deposit,
  escalateChallenge,
  forceExit,
  receiptCheck,
  requestWithdrawal,
  settleBatch,
  settleTransfers,
} from '../client/index.ts';
import { addressBytes } from '../client/instructions/build.ts';
import { LAMPORTS_PER_SOL, signerNamed } from './chain.ts';
import { type ReceiptPlan, receiptBytes, receiptFor } from './receipts.ts';
import { planBatch, settlement } from './settlement.ts';
import { forged, patch, substitute, u64 } from './stage.ts';
import {
  CHANGE_DELAY_SLOTS,
  EXIT_DELAY_SLOTS,
  LEADER,
  makeWorld,
  program,
  readHouse,
  readVault,
  receiptSecretFor,
  type TestVault,
  type World,
} from './world.ts';

const SOL = LAMPORTS_PER_SOL;
const HUGE = 0xffff_ffff_ffff_ffffn;
const NO_CHALLENGE = [0n, 0n, 0n, new Uint8Array(32), false];

const names = ({ house }: World, { owner }: TestVault) => ({ program, owner, house: house.address });
/** A challenge by a receipt, behind `check` if that is given. */
const open = async (world: World, vault: TestVault, plan: ReceiptPlan = {}, check?: Instruction) =>
  world.chain.send([check ?? receiptFor(world.house, vault, plan), await challenge(names(world, vault))]);
const escalate = ({ chain, house }: World, { address: vault }: TestVault) =>
  chain.send([escalateChallenge({ program, house: house.address, vault })]);
const settle = async ({ chain, house }: World, plan: Parameters<typeof settlement>[2]) =>
  chain.land([await settlement(chain, house, plan)]);

const challengeOf = (world: World, vault: TestVault) => {
  const { challengeBet, challengeReserved, challengeSlot, challengeKey, challengeOverdue } = readVault(world.chain, vault);
  return [challengeBet, challengeReserved, challengeSlot, challengeKey, challengeOverdue];
};
const heldOf = ({ chain, house }: World) => {
  const { reserved, overdue } = readHouse(chain, house);
  return { reserved, overdue };
};

test('a challenge reserves what the receipt promises beyond balance and deposits, and moves nothing', async () => {
  const world = await makeWorld(2);
  const { chain, house } = world;
  const [vault, other] = world.vaults as [TestVault, TestVault];
  await settle(world, { runs: [{ vault, consume: 2n * SOL, delta: SOL }] });
  const before = readHouse(chain, house);
  const receiptKey = ed25519.getPublicKey(house.receiptSecret);
  const { events, error } = await open(world, vault, { betNumber: 3n, balanceAfter: 9n * SOL });
  assert.equal(error, undefined);
  const ids = { house: house.address, vault: vault.address };
  assert.deepEqual(events, [{ name: 'ChallengeOpened', ...ids, betNumber: 3n, reserved: 3n * SOL, receiptKey }]);
  assert.deepEqual(challengeOf(world, vault), [3n, 3n * SOL, chain.slot, receiptKey, false]);
  assert.deepEqual(readHouse(chain, house), { ...before, reserved: 3n * SOL });
  // A receipt that promises no more than there is reserves nothing, and is a challenge all the same.
  assert.equal((await open(world, other, { balanceAfter: 5n * SOL })).error, undefined);
  assert.deepEqual(challengeOf(world, other).slice(0, 2), [1n, 0n]);
  assert.deepEqual(heldOf(world), { reserved: 3n * SOL, overdue: 0n });
});

test('the check may name its own instruction by number; any changed byte of key, signature or receipt fails', async () => {
  const world = await makeWorld(1);
  const vault = world.vaults[0]!;
  const check = receiptFor(world.house, vault);
  for (let offset = 0; offset < check.data.length; offset += 1) {
    const data = Uint8Array.from(check.data);
    data[offset] = (data[offset] ?? 0) ^ 1;
    const { error } = await open(world, vault, {}, { ...check, data } as Instruction);
    assert.ok(error !== undefined, `byte ${offset}`);
  }
  assert.deepEqual(challengeOf(world, vault), NO_CHALLENGE);
  // Compute unit limit and price come first, so the check is instruction 2.
  const data = [4, 8, 14].reduce((bytes, offset) => patch(offset, [2, 0])(bytes), new Uint8Array(check.data) as Uint8Array);
  assert.equal((await open(world, vault, {}, { ...check, data } as Instruction)).error, undefined);
});

/** What would break: trusting the account that is passed for the list of instructions (as the Wormhole bridge did). */
test('a list of instructions that the sender wrote itself is refused, whoever owns it', async () => {
  const world = await makeWorld(1);
  const { chain, house } = world;
  const vault = world.vaults[0]!;
  const { programAddress, data } = receiptFor(house, vault, { balanceAfter: HUGE });
  const listed = [...[0, 0], ...addressBytes(programAddress), ...[data.length & 255, data.length >> 8], ...data];
  const bytes = Uint8Array.from([...[1, 0, 4, 0], ...listed, ...[1, 0]]);
  const { address } = await signerNamed('fake sysvar');
  const instruction = substitute(await challenge(names(world, vault)), 3, address);
  for (const owner of ['Sysvar1111111111111111111111111111111111111', '11111111111111111111111111111111', program]) {
    const account = { address, data: bytes, programAddress: owner as Address, executable: false };
    chain.svm.setAccount({ ...account, lamports: lamports(SOL), space: BigInt(bytes.length) });
    assert.equal((await chain.send([instruction])).error, 'WRONG_INSTRUCTIONS_SYSVAR');
  }
});

test('the key before the present one counts for the change delay, in its last slot too, and a zero key never', async () => {
  const world = await makeWorld(1);
  const { chain, house } = world;
  const vault = world.vaults[0]!;
  const secret = receiptSecretFor('the key before');
  const since = chain.slot;
  const withPrevious = (key: Uint8Array) =>
    chain.svm.setAccount(forged(144, [...key, ...u64(since)])(chain.account(house.address)));
  withPrevious(ed25519.getPublicKey(secret));
  chain.svm.warpToSlot(since + CHANGE_DELAY_SLOTS);
  assert.equal((await open(world, vault, { secret })).error, undefined);
  chain.svm.warpToSlot(since + CHANGE_DELAY_SLOTS + 1n);
  assert.equal((await open(world, vault, { secret, betNumber: 2n })).error, 'WRONG_RECEIPT_KEY');
  assert.equal((await open(world, vault, { betNumber: 2n })).error, undefined);

  withPrevious(new Uint8Array(32));
  chain.svm.warpToSlot(since);
  // 32 zeros encode a point of order 4; with a signature of (identity, 0) lenient verifiers accept one message in four.
  const identity = Uint8Array.from({ length: 64 }, (_, index) => (index === 0 ? 1 : 0));
  for (let time = 0n; time < 32n; time += 1n) {
    const receipt = receiptBytes(house, vault, { betNumber: 3n, time });
    const check = receiptCheck({ receiptKey: new Uint8Array(32), signature: identity, receipt });
    assert.ok((await open(world, vault, {}, check)).error !== undefined);
  }
});

test('a later receipt replaces an earlier one: its reservation and its clock, and it is no longer overdue', async () => {
  const world = await makeWorld(1);
  const { chain } = world;
  const vault = world.vaults[0]!;
  await open(world, vault, { betNumber: 4n, balanceAfter: 8n * SOL });
  chain.svm.warpToSlot(chain.slot + EXIT_DELAY_SLOTS + 1n);
  assert.equal((await escalate(world, vault)).error, undefined);
  assert.deepEqual(heldOf(world), { reserved: 3n * SOL, overdue: 1n });
  assert.equal((await open(world, vault, { betNumber: 3n, balanceAfter: 9n * SOL })).error, 'EXISTING_CHALLENGE');
  assert.equal((await open(world, vault, { betNumber: 5n, balanceAfter: 7n * SOL })).error, undefined);
  assert.deepEqual(heldOf(world), { reserved: 2n * SOL, overdue: 0n });
  assert.deepEqual(challengeOf(world, vault).slice(0, 3), [5n, 2n * SOL, chain.slot]);
  assert.equal((await escalate(world, vault)).error, 'INACTIVE_ESCALATION');
});

test('anyone escalates once the delay is over, and the batch that reaches the bet releases everything', async () => {
  const world = await makeWorld(2);
  const { chain, house } = world;
  const [vault, other] = world.vaults as [TestVault, TestVault];
  await open(world, vault, { betNumber: 3n, balanceAfter: 8n * SOL });
  await open(world, other, { betNumber: 1n, balanceAfter: 7n * SOL });
  chain.svm.warpToSlot(chain.slot + EXIT_DELAY_SLOTS);
  assert.equal((await escalate(world, vault)).error, 'INACTIVE_ESCALATION');
  chain.svm.warpToSlot(chain.slot + 1n);
  const escalated = await escalate(world, vault);
  assert.deepEqual(escalated.events, [{ name: 'ChallengeOverdue', house: house.address, vault: vault.address, betNumber: 3n }]);
  assert.equal((await escalate(world, vault)).error, 'EXISTING_ESCALATION');
  assert.deepEqual(heldOf(world), { reserved: 5n * SOL, overdue: 1n });
  // Bets 1 and 2 do not answer a challenge of bet 3.
  await settle(world, { runs: [{ vault, betCount: 2, consume: 5n * SOL }] });
  assert.deepEqual(heldOf(world), { reserved: 5n * SOL, overdue: 1n });
  await settle(world, { runs: [{ vault, delta: 3n * SOL }] });
  assert.deepEqual(heldOf(world), { reserved: 2n * SOL, overdue: 0n });
  assert.deepEqual(challengeOf(world, vault), NO_CHALLENGE);
  assert.equal((await escalate(world, vault)).error, 'EMPTY_CHALLENGE');
  assert.equal((await open(world, vault, { betNumber: 3n })).error, 'STALE_RECEIPT');
  // A run that goes past the bet answers it as well.
  await settle(world, { runs: [{ vault: other, betCount: 3, consume: SOL }] });
  assert.deepEqual(heldOf(world), { reserved: 0n, overdue: 0n });
});

/** What would break: lesser bets that lose, or a deposit or payment in between, leave less reserved than the receipt promises. */
test('until its bet is settled, a challenge reserves more by what lesser bets lose and less by what they win', async () => {
  const world = await makeWorld(2);
  const { chain, house } = world;
  const [vault, other] = world.vaults as [TestVault, TestVault];
  const reserved = () => readHouse(chain, house).reserved;
  await open(world, other, { balanceAfter: 6n * SOL });
  await open(world, vault, { betNumber: 6n, balanceAfter: 8n * SOL });
  assert.equal(reserved(), 4n * SOL);
  await settle(world, { runs: [{ vault, consume: 4n * SOL, delta: -2n * SOL }] });
  assert.equal(reserved(), 6n * SOL);
  await settle(world, { runs: [{ vault, betCount: 2, delta: 1n }] });
  assert.equal(reserved(), 6n * SOL - 1n);
  // The receipt knows nothing of a later deposit, and a payment to the owner makes no bet's promise larger.
  const { owner, address } = vault;
  const moved = { ...names(world, vault), amount: 3n * SOL };
  await chain.land([await deposit({ ...moved, payer: owner, owner: owner.address })]);
  await chain.land([
    await requestWithdrawal(moved),
    settleTransfers({
      program,
      settler: house.settler,
      house: house.address,
      ...LEADER,
      transferNumber: 1n,
      transfers: [{ vault: address, consume: 0n, pay: true }],
    }),
  ]);
  assert.equal(reserved(), 6n * SOL - 1n);
  // Beyond the promise nothing is reserved; a loss from there counts only as far as it goes below.
  await settle(world, { runs: [{ vault, consume: 2n * SOL, delta: 6n * SOL }] });
  assert.equal(reserved(), SOL);
  await settle(world, { runs: [{ vault, delta: -2n * SOL }] });
  assert.equal(reserved(), 2n * SOL - 1n);
  await settle(world, { runs: [{ vault }] });
  assert.deepEqual(challengeOf(world, vault), NO_CHALLENGE);
  assert.equal(reserved(), SOL);
});

test('one batch answers the challenges of several vaults, overdue or not', async () => {
  const world = await makeWorld(3);
  const { chain } = world;
  for (const vault of world.vaults) await open(world, vault, { balanceAfter: 6n * SOL });
  chain.svm.warpToSlot(chain.slot + EXIT_DELAY_SLOTS + 1n);
  for (const vault of world.vaults.slice(1)) await escalate(world, vault);
  assert.deepEqual(heldOf(world), { reserved: 3n * SOL, overdue: 2n });
  await settle(world, { runs: world.vaults.map((vault) => ({ vault, consume: SOL })) });
  assert.deepEqual(heldOf(world), { reserved: 0n, overdue: 0n });
});

test('an exit releases the challenge; the exited vault cannot open another', async () => {
  const world = await makeWorld(1);
  const { chain } = world;
  const vault = world.vaults[0]!;
  await open(world, vault, { balanceAfter: 8n * SOL });
  await chain.land([await requestWithdrawal({ ...names(world, vault), amount: SOL })]);
  chain.svm.warpToSlot(chain.slot + EXIT_DELAY_SLOTS + 1n);
  await escalate(world, vault);
  assert.deepEqual(heldOf(world), { reserved: 3n * SOL, overdue: 1n });
  await chain.land([await forceExit(names(world, vault))]);
  assert.deepEqual(heldOf(world), { reserved: 0n, overdue: 0n });
  assert.deepEqual(challengeOf(world, vault), NO_CHALLENGE);
  assert.equal((await open(world, vault, { betNumber: 9n })).error, 'FROZEN_VAULT');
});

/** What would break: a house whose receipt to its own accomplice fills the 64 bits, so that no bettor can challenge any more. */
test('no receipt, however large its promise, keeps another vault from a challenge', async () => {
  const world = await makeWorld(3);
  const { chain, house } = world;
  const [accomplice, bettor, late] = world.vaults as [TestVault, TestVault, TestVault];
  const { liabilities } = readHouse(chain, house);
  assert.equal((await open(world, accomplice, { betNumber: HUGE, balanceAfter: HUGE })).error, undefined);
  assert.deepEqual(heldOf(world), { reserved: liabilities, overdue: 0n });
  assert.equal((await open(world, bettor)).error, undefined);
  assert.equal(readVault(chain, bettor).challengeReserved, SOL);
  // Even at the last of the 64 bits a challenge opens and counts.
  const room = HUGE - SOL / 2n - readHouse(chain, house).reserved;
  const padded = (vault: TestVault, by: bigint) =>
    chain.svm.setAccount(forged(264, u64(readVault(chain, vault).challengeReserved + by))(chain.account(vault.address)));
  padded(accomplice, room);
  chain.svm.setAccount(forged(288, u64(HUGE - SOL / 2n))(chain.account(house.address)));
  assert.equal((await open(world, late)).error, undefined);
  assert.equal(readVault(chain, late).challengeReserved, SOL / 2n);
  await settle(world, { runs: [{ vault: late, consume: SOL }] });
  assert.equal(readHouse(chain, house).reserved, HUGE - SOL / 2n);
});

/** Guarantee 5 again: a challenge, a deposit behind it, and its escalation leave a batch on its way as it was. */
test('a batch planned before a challenge settles after it, and after its escalation', async () => {
  for (const late of [0n, EXIT_DELAY_SLOTS, EXIT_DELAY_SLOTS + 1n]) {
    const world = await makeWorld(1);
    const { chain, house } = world;
    const vault = world.vaults[0]!;
    const { input } = planBatch(chain, house, { runs: [{ vault, consume: 5n * SOL, delta: -5n * SOL }] });
    assert.equal((await open(world, vault, { balanceAfter: HUGE })).error, undefined);
    const { owner } = vault;
    await chain.land([await deposit({ ...names(world, vault), payer: owner, owner: owner.address, amount: SOL })]);
    chain.svm.warpToSlot(chain.slot + late);
    if (late > EXIT_DELAY_SLOTS) assert.equal((await escalate(world, vault)).error, undefined);
    await chain.land([await settleBatch(input)]);
    assert.deepEqual(heldOf(world), { reserved: 0n, overdue: 0n });
  }
});
