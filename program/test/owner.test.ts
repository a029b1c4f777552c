import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  claim,
  deposit,
  forceExit,
  NEVER,
  requestWithdrawal,
  rotateSessionKey,
  settleBatch,
  settleTransfers,
} from '../client/index.ts';
import { LAMPORTS_PER_SOL } from './chain.ts';
import { planBatch, settlement } from './settlement.ts';
import { forged } from './stage.ts';
import {
  CHANGE_DELAY_SLOTS,
  EXIT_DELAY_SLOTS,
  LEADER,
  makeWorld,
  program,
  readHouse,
  readVault,
  type TestVault,
  type World,
} from './world.ts';

const SOL = LAMPORTS_PER_SOL;

const names = ({ house }: World, { owner }: TestVault) => ({ program, owner, house: house.address });
const request = async (world: World, vault: TestVault, amount = SOL) =>
  world.chain.land([await requestWithdrawal({ ...names(world, vault), amount })]);
const exit = async (world: World, vault: TestVault) => world.chain.send([await forceExit(names(world, vault))]);
const rotate = async (world: World, vault: TestVault, { hash = 6n, from = world.chain.slot } = {}) =>
  world.chain.send([await rotateSessionKey({ ...names(world, vault), sessionKeyHash: hash, from })]);
const settle = async ({ chain, house }: World, plan: Parameters<typeof settlement>[2]) =>
  chain.send([await settlement(chain, house, plan)]);

/** What would break: an exit that needs anything of the operator, or leaves anything behind. */
test('with the operator gone, the owner gets balance and deposits out, and the vault is frozen for ever', async () => {
  const world = await makeWorld(2);
  const { chain, house } = world;
  const [vault, stayer] = world.vaults as [TestVault, TestVault];
  const { owner, address } = vault;
  await chain.land([await settlement(chain, house, { runs: [{ vault, betCount: 2, consume: 2n * SOL, delta: SOL }] })]);
  await request(world, vault);
  const deadline = chain.slot + EXIT_DELAY_SLOTS;
  chain.svm.warpToSlot(deadline);
  assert.equal((await exit(world, vault)).error, 'INACTIVE_EXIT');
  chain.svm.warpToSlot(deadline + 1n);
  // Not even a pause holds it up.
  chain.svm.setAccount(forged(11, [1])(chain.account(house.address)));
  const before = readHouse(chain, house);
  const exited = await exit(world, vault);
  assert.deepEqual(exited.events, [{ name: 'VaultExited', house: house.address, vault: address, amount: 6n * SOL, lastBet: 2n }]);
  assert.deepEqual(readHouse(chain, house), before);
  const { frozen, balance, pendingDeposit, claimable, requestAmount, requestDeadline } = readVault(chain, vault);
  assert.deepEqual(
    [frozen, balance, pendingDeposit, claimable, requestAmount, requestDeadline],
    [true, 0n, 0n, 6n * SOL, 0n, 0n],
  );

  const walletBefore = chain.lamportsOf(owner.address);
  await chain.land([await claim({ program, house: house.address, owner: owner.address })]);
  assert.equal(chain.lamportsOf(owner.address) - walletBefore, 6n * SOL);

  chain.svm.setAccount(forged(11, [0])(chain.account(house.address)));
  const frozenVault = { vault: address, consume: 0n, pay: true };
  const refused = [
    await exit(world, vault),
    await rotate(world, vault),
    await chain.send([await requestWithdrawal({ ...names(world, vault), amount: SOL })]),
    await chain.send([await deposit({ ...names(world, vault), payer: owner, owner: owner.address, amount: SOL })]),
    await settle(world, { runs: [{ vault }] }),
    await settle(world, { runs: [{ vault }, { vault: stayer, consume: SOL }] }),
    await chain.send([
      settleTransfers({
        ...names(world, vault),
        settler: house.settler,
        transferNumber: 1n,
        ...LEADER,
        transfers: [frozenVault],
      }),
    ]),
  ];
  assert.deepEqual(
    refused.map(({ error }) => error),
    refused.map(() => 'FROZEN_VAULT'),
  );
  assert.equal((await settle(world, { runs: [{ vault: stayer, consume: SOL }] })).error, undefined);
});

test('an exit with nothing in the vault freezes it all the same', async () => {
  const world = await makeWorld(1);
  const vault = world.vaults[0]!;
  await settle(world, { runs: [{ vault, consume: 5n * SOL, delta: -5n * SOL }] });
  await request(world, vault);
  world.chain.svm.warpToSlot(world.chain.slot + EXIT_DELAY_SLOTS + 1n);
  assert.equal((await exit(world, vault)).error, undefined);
  assert.deepEqual([readVault(world.chain, vault).frozen, readVault(world.chain, vault).claimable], [true, 0n]);
});

/** Guarantee 5: what would break is a loser who makes the batch with its loss fail. */
test('a batch planned before a request settles at its deadline, and after it until the exit', async () => {
  for (const late of [0n, EXIT_DELAY_SLOTS, EXIT_DELAY_SLOTS + 1n]) {
    const world = await makeWorld(1);
    const { chain, house } = world;
    const vault = world.vaults[0]!;
    const { input } = planBatch(chain, house, { runs: [{ vault, consume: 5n * SOL, delta: -5n * SOL, pay: true }] });
    await request(world, vault);
    chain.svm.warpToSlot(chain.slot + late);
    await chain.land([await settleBatch(input)]);
    assert.equal((await exit(world, vault)).error, 'EMPTY_REQUEST');
  }
});

test('a batch planned before a deposit settles after it, and so does one of a vault that claims', async () => {
  const world = await makeWorld(1);
  const { chain, house } = world;
  const vault = world.vaults[0]!;
  await request(world, vault);
  await settle(world, { runs: [{ vault, consume: 5n * SOL, pay: true }] });
  const { input } = planBatch(chain, house, { runs: [{ vault, delta: -4n * SOL }] });
  const owner = vault.owner;
  await chain.land([await deposit({ ...names(world, vault), payer: owner, owner: owner.address, amount: SOL })]);
  await chain.land([await claim({ program, house: house.address, owner: owner.address })]);
  await chain.land([await settleBatch(input)]);
});

test('after a rotation the old key is good through `until`, the new one from `from`, and never outside', async () => {
  const world = await makeWorld(1);
  const { chain, house } = world;
  const vault = world.vaults[0]!;
  const old = readVault(chain, vault).keys[0];
  const planned = planBatch(chain, house, { runs: [{ vault, consume: SOL, delta: -SOL }] });
  const from = chain.slot + 10n;
  const until = from + EXIT_DELAY_SLOTS;
  const { events } = await rotate(world, vault, { from });
  const ids = { house: house.address, vault: vault.address };
  assert.deepEqual(events, [{ name: 'SessionKeyRotated', ...ids, sessionKeyHash: 6n, from, previousUntil: until }]);
  assert.deepEqual(readVault(chain, vault).keys, [
    { ...old, until },
    { hash: 6n, from, until: NEVER },
  ]);

  const underNew = { runs: [{ vault, keySlot: 1 as const }] };
  chain.svm.warpToSlot(from - 1n);
  assert.equal((await settle(world, underNew)).error, 'INACTIVE_KEY_SLOT');
  chain.svm.warpToSlot(from);
  assert.equal(await chain.simulate([await settlement(chain, house, underNew)]), undefined);
  chain.svm.warpToSlot(until);
  assert.equal((await rotate(world, vault, { hash: 7n })).error, 'EXISTING_ROTATION');
  assert.equal(await chain.simulate([await settleBatch(planned.input)]), undefined);
  chain.svm.warpToSlot(until + 1n);
  assert.equal((await chain.send([await settleBatch(planned.input)])).error, 'RETIRED_KEY_SLOT');
  assert.equal((await settle(world, underNew)).error, undefined);
});

test('rotations take turns in the two slots, and the latest start is the change delay from now', async () => {
  const world = await makeWorld(1);
  const { chain } = world;
  const vault = world.vaults[0]!;
  let from = chain.slot;
  for (const [index, hash] of [6n, 7n, 8n].entries()) {
    from = chain.slot + CHANGE_DELAY_SLOTS;
    assert.equal((await rotate(world, vault, { hash, from })).error, undefined);
    const { keys } = readVault(chain, vault);
    const present = index % 2 === 0 ? keys[1] : keys[0];
    assert.deepEqual(present, { hash, from, until: NEVER });
    // A second rotation must not overwrite the key that is still good.
    assert.equal((await rotate(world, vault, { hash: 9n })).error, 'EXISTING_ROTATION');
    chain.svm.warpToSlot(from + EXIT_DELAY_SLOTS + 1n);
  }
});

test('a batch planned before a rotation under the key that it replaces lands in the last slot of the exit delay', async () => {
  const world = await makeWorld(1);
  const { chain, house } = world;
  const vault = world.vaults[0]!;
  assert.equal((await rotate(world, vault)).error, undefined);
  chain.svm.warpToSlot(chain.slot + EXIT_DELAY_SLOTS + 1n);
  const { input } = planBatch(chain, house, { runs: [{ vault, keySlot: 1, consume: SOL, delta: -SOL }] });
  assert.equal((await rotate(world, vault, { hash: 7n })).error, undefined);
  chain.svm.warpToSlot(chain.slot + EXIT_DELAY_SLOTS);
  await chain.land([await settleBatch(input)]);
});
