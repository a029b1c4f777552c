import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  challenge,
  escalateChallenge,
  forceExit,
  payHouseWithdrawal,
  requestHouseWithdrawal,
  requestWithdrawal,
} from '../client/index.ts';
import { LAMPORTS_PER_SOL } from './chain.ts';
import { receiptFor } from './receipts.ts';
import { settlement } from './settlement.ts';
import { CHANGE_DELAY_SLOTS, makeWorld, program, readHouse, readVault, type TestHouse, type World } from './world.ts';

const SOL = LAMPORTS_PER_SOL;
const HUGE = 0xffff_ffff_ffff_ffffn;
const namesOf = (house: TestHouse) => ({ program, authority: house.authority, house: house.address });

/** Opens a challenge of the first vault, which has 5 SOL pending, by a receipt for bet 2. */
async function openChallenge({ chain, house, vaults }: World, balanceAfter: bigint): Promise<void> {
  const vault = vaults[0]!;
  const receipt = receiptFor(house, vault, { betNumber: 2n, balanceAfter });
  await chain.land([receipt, await challenge({ program, owner: vault.owner, house: house.address })]);
}

/** What is paid of a bankroll of 100 SOL, by request and by what challenges reserve. */
const PAYMENTS: [requested: bigint, reserved: bigint, paid: bigint][] = [
  [1n, 0n, 1n],
  [100n * SOL, 0n, 100n * SOL],
  [100n * SOL + 1n, 0n, 100n * SOL],
  [HUGE, 0n, 100n * SOL],
  [HUGE, 1n, 100n * SOL - 1n],
  [60n * SOL, 40n * SOL, 60n * SOL],
  [60n * SOL, 40n * SOL + 1n, 60n * SOL - 1n],
  [HUGE, 100n * SOL - 1n, 1n],
  [HUGE, 100n * SOL, 0n],
  [1n, 105n * SOL, 0n], // as much as can be: everything that the house owes
];
for (const [requested, reserved, paid] of PAYMENTS) {
  test(`a request of ${requested} with ${reserved} reserved pays ${paid}`, async () => {
    const world = await makeWorld(1);
    const { chain, house, vaults } = world;
    await chain.land([requestHouseWithdrawal({ ...namesOf(house), amount: requested })]);
    chain.svm.warpToSlot(chain.slot + CHANGE_DELAY_SLOTS);
    if (reserved > 0n) await openChallenge(world, 5n * SOL + reserved);
    assert.equal(readHouse(chain, house).reserved, reserved);
    const outcome = await chain.send([await payHouseWithdrawal(namesOf(house))]);
    if (paid === 0n) {
      assert.equal(outcome.error, 'ZERO_PAYMENT');
      assert.equal(readHouse(chain, house).requestAmount, requested, 'the request is kept');
    } else {
      assert.equal(outcome.error, undefined, outcome.logs.join('\n'));
      assert.equal(readHouse(chain, house).balance, 100n * SOL - paid);
    }
    assert.equal(readVault(chain, vaults[0]!).pendingDeposit, 5n * SOL);
  });
}

/** What would break: a bankroll that leaves while a receipt is not honoured, or that stays locked up after it is. */
const ANSWERS: Record<string, (world: World) => Promise<bigint>> = {
  'the settlement of its bet': async ({ chain, house, vaults }) => {
    await chain.land([
      await settlement(chain, house, { runs: [{ vault: vaults[0]!, betCount: 2, consume: SOL, delta: 3n * SOL }] }),
    ]);
    return 97n * SOL;
  },
  "its owner's exit": async ({ chain, house, vaults }) => {
    await chain.land([await forceExit({ program, owner: vaults[0]!.owner, house: house.address })]);
    return 100n * SOL;
  },
};
for (const [answer, end] of Object.entries(ANSWERS)) {
  test(`an overdue challenge stops payments to the house altogether, until ${answer}`, async () => {
    const world = await makeWorld(1);
    const { chain, house, vaults } = world;
    const { owner, address: vault } = vaults[0]!;
    await openChallenge(world, 8n * SOL);
    await chain.land([
      requestHouseWithdrawal({ ...namesOf(house), amount: HUGE }),
      await requestWithdrawal({ program, owner, house: house.address, amount: SOL }),
    ]);
    chain.svm.warpToSlot(chain.slot + CHANGE_DELAY_SLOTS);
    await chain.land([escalateChallenge({ program, house: house.address, vault })]);
    const pay = async () => chain.send([await payHouseWithdrawal(namesOf(house))]);
    assert.equal((await pay()).error, 'EXISTING_OVERDUE_CHALLENGE');
    assert.equal(readHouse(chain, house).requestAmount, HUGE, 'the request is kept');
    const bankroll = await end(world);
    assert.deepEqual((await pay()).events, [{ name: 'HousePaid', house: house.address, amount: bankroll }]);
    const { balance, reserved, overdue } = readHouse(chain, house);
    assert.deepEqual([balance, reserved, overdue], [0n, 0n, 0n]);
  });
}

/** What would break: a payment that was announced in time takes what the receipt's bet wins, once bets before it have lost. */
test('a payment leaves what a challenged bet wins, however much the bets before it have lost', async () => {
  const world = await makeWorld(1);
  const { chain, house, vaults } = world;
  const vault = vaults[0]!;
  await chain.land([requestHouseWithdrawal({ ...namesOf(house), amount: HUGE })]);
  chain.svm.warpToSlot(chain.slot + CHANGE_DELAY_SLOTS);
  await openChallenge(world, 8n * SOL);
  await chain.land([await settlement(chain, house, { runs: [{ vault, consume: 5n * SOL, delta: -4n * SOL }] })]);
  const { events } = await chain.land([await payHouseWithdrawal(namesOf(house))]);
  assert.deepEqual(events, [{ name: 'HousePaid', house: house.address, amount: 97n * SOL }]);
  await chain.land([await settlement(chain, house, { runs: [{ vault, delta: 7n * SOL }] })]);
  assert.equal(readVault(chain, vault).balance, 8n * SOL);
});
