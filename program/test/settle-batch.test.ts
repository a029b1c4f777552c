import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestWithdrawal, settleBatch } from '../client/index.ts';
import { LAMPORTS_PER_SOL } from './chain.ts';
import { planBatch, settlement } from './settlement.ts';
import { forged, u64 } from './stage.ts';
import { makeWorld, program, readHouse, readVault } from './world.ts';

const SOL = LAMPORTS_PER_SOL;

test('a batch moves gains from the house and losses to it, and advances every counter', async () => {
  const { chain, house, vaults } = await makeWorld(3);
  const [first, second, third] = vaults as [(typeof vaults)[0], (typeof vaults)[0], (typeof vaults)[0]];
  const before = readHouse(chain, house);
  const plan = planBatch(chain, house, {
    runs: [
      { vault: first, betCount: 3, delta: 2n * SOL, consume: 4n * SOL },
      { vault: second, betCount: 1, delta: -5n * SOL, consume: 5n * SOL },
      { vault: third, betCount: 2, delta: 0n, consume: 1n },
    ],
  });
  const { events } = await chain.land([await settleBatch(plan.input)]);

  assert.deepEqual([readVault(chain, first).balance, readVault(chain, first).pendingDeposit], [6n * SOL, SOL]);
  assert.deepEqual([readVault(chain, second).balance, readVault(chain, second).pendingDeposit], [0n, 0n]);
  assert.deepEqual([readVault(chain, third).balance, readVault(chain, third).lastBet], [1n, 2n]);
  assert.deepEqual([readVault(chain, first).lastBet, readVault(chain, first).lastTerms], [3n, 1]);
  const after = readHouse(chain, house);
  assert.equal(after.balance, before.balance + 3n * SOL);
  assert.equal(after.liabilities, before.liabilities);
  assert.equal(after.lastBatch, 1n);
  assert.deepEqual(after.lastBlobHash, plan.batch.blobHash);

  const run = (index: number, betCount: number, consumed: bigint) => {
    const { start, after, firstBet } = plan.batch.runs[index]!;
    return { vault: vaults[index]!.address, start, after, firstBet, betCount, consumed, paid: 0n };
  };
  assert.deepEqual(events, [
    {
      name: 'BatchSettled',
      house: house.address,
      batchNumber: 1n,
      termsId: 1,
      verifyingKeyId: 1,
      blobHash: plan.batch.blobHash,
      houseBalanceAfter: after.balance,
      outcomes: plan.batch.outcomes,
      runs: [run(0, 3, 4n * SOL), run(1, 1, 5n * SOL), run(2, 2, 1n)],
    },
  ]);
});

test('batches follow each other, each from where the last one ended', async () => {
  const { chain, house, vaults } = await makeWorld(1);
  const vault = vaults[0]!;
  await chain.land([await settlement(chain, house, { runs: [{ vault, betCount: 2, consume: 3n * SOL, delta: SOL }] })]);
  await chain.land([await settlement(chain, house, { runs: [{ vault, betCount: 1, delta: -4n * SOL }] })]);
  await chain.land([await settlement(chain, house, { runs: [{ vault, betCount: 1, consume: 2n * SOL }], keyId: 2 })]);
  const { lastBet, balance, pendingDeposit } = readVault(chain, vault);
  assert.deepEqual({ lastBet, balance, pendingDeposit }, { lastBet: 4n, balance: 2n * SOL, pendingDeposit: 0n });
});

test('a paid request takes the balance first and then pending deposits, and is cleared', async () => {
  const { chain, house, vaults } = await makeWorld(3);
  const [all, part, more] = vaults as [(typeof vaults)[0], (typeof vaults)[0], (typeof vaults)[0]];
  const request = (vault: typeof all, amount: bigint) =>
    requestWithdrawal({ program, owner: vault.owner, house: house.address, amount });
  await chain.land([await request(all, 4n * SOL), await request(part, SOL), await request(more, 100n * SOL)]);
  const { events } = await chain.land([
    await settlement(chain, house, {
      runs: [
        { vault: all, consume: 2n * SOL, delta: SOL, pay: true },
        { vault: part, consume: 2n * SOL, pay: true },
        { vault: more, consume: 2n * SOL, delta: -SOL, pay: true },
      ],
    }),
  ]);
  const parts = vaults.map((vault) => {
    const { balance, pendingDeposit, claimable, requestAmount, requestDeadline } = readVault(chain, vault);
    return [balance, pendingDeposit, claimable, requestAmount, requestDeadline];
  });
  assert.deepEqual(parts, [
    [0n, 2n * SOL, 4n * SOL, 0n, 0n],
    [SOL, 3n * SOL, SOL, 0n, 0n],
    [0n, 0n, 4n * SOL, 0n, 0n],
  ]);
  assert.ok(events[0]?.name === 'BatchSettled');
  assert.deepEqual(
    events[0].runs.map(({ paid }) => paid),
    [4n * SOL, SOL, 4n * SOL],
  );
});

test('an unpaid request stays open, and a pay flag without a request does nothing', async () => {
  const { chain, house, vaults } = await makeWorld(2);
  const [open, none] = vaults as [(typeof vaults)[0], (typeof vaults)[0]];
  await chain.land([await requestWithdrawal({ program, owner: open.owner, house: house.address, amount: SOL })]);
  await chain.land([
    await settlement(chain, house, {
      runs: [
        { vault: open, consume: SOL },
        { vault: none, consume: SOL, pay: true },
      ],
    }),
  ]);
  assert.equal(readVault(chain, open).requestAmount, SOL);
  assert.deepEqual([readVault(chain, none).claimable, readVault(chain, none).balance], [0n, SOL]);
});

test('numbers at the edge of their lanes settle: a last bet near 2^64, the largest run', async () => {
  const { chain, house, vaults } = await makeWorld(1);
  const vault = vaults[0]!;
  const forged = chain.account(vault.address);
  new DataView(forged.data.buffer as ArrayBuffer).setBigUint64(248, 0xffff_ffff_ffff_fff0n, true);
  chain.svm.setAccount(forged);
  await chain.land([await settlement(chain, house, { runs: [{ vault, betCount: 15 }] })]);
  assert.equal(readVault(chain, vault).lastBet, 0xffff_ffff_ffff_ffffn);
});

test('a key is valid in its first and in its last slot, and the second key slot counts like the first', async () => {
  const { chain, house, vaults } = await makeWorld(1);
  const vault = vaults[0]!;
  const account = chain.account(vault.address);
  // Both slots: the same hash, from and until the current slot.
  const now = u64(chain.slot);
  const key = [...account.data.slice(112, 144), ...now, ...now];
  chain.svm.setAccount(forged(112, [...key, ...key])(account));
  await chain.land([await settlement(chain, house, { runs: [{ vault, keySlot: 0 }] })]);
  await chain.land([await settlement(chain, house, { runs: [{ vault, keySlot: 1 }] })]);
  chain.svm.warpToSlot(chain.slot + 1n);
  const late = await settlement(chain, house, { runs: [{ vault, keySlot: 1 }] });
  assert.equal((await chain.send([late])).error, 'RETIRED_KEY_SLOT');
});
