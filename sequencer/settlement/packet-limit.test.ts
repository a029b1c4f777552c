// Catches a batch that is planned although its transaction can not be sent, or with a key that the program does not take.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { useKernel } from '../../protocol/kernel.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { SettlementFixture } from '../test/settlement-fixture.ts';
import { withdrawUnprovable } from './unprovable.ts';

useKernel(NATIVE_KERNEL);

describe('planning within the packet and the active keys', () => {
  let f: SettlementFixture;
  beforeEach(async () => {
    f = await new SettlementFixture().open();
  });
  afterEach(() => f.close());

  test('a batch takes as many vaults as fit the packet, in the circuit that this needs, and says which it would have taken', async () => {
    for (const bettor of f.bettors.slice(0, 2)) await f.place(bettor, 1);
    f.prepare();
    f.maxPacketVaults = 1;
    const batch = f.build();
    assert.deepEqual([batch?.runs.length, batch?.size], [1, 'tiny']);
    assert.deepEqual(
      f.crowded.map((vaults) => vaults.length),
      [2],
    );
  });

  test('a batch that fits asks for no table', async () => {
    for (const bettor of f.bettors.slice(0, 2)) await f.place(bettor, 1);
    f.prepare();
    const batch = f.build();
    assert.deepEqual([batch?.runs.length, batch?.runs.map(({ slot }) => slot), f.crowded], [2, [0, 1], []]);
  });

  test('all bets are settled, in order, whatever the packet takes', async () => {
    f.maxPacketVaults = 1;
    for (const [index, bettor] of f.bettors.entries()) await f.place(bettor, 4 + index);
    f.start();
    await f.settleAll();
    f.assertSettledOnce();
    assert.ok(f.chain.landed.every(({ batch }) => batch.runs.length === 1));
  });

  test('a batch that turns out not to fit when its turn comes is planned anew with fewer vaults, and no vault is blamed', async () => {
    for (const bettor of f.bettors.slice(0, 2)) await f.place(bettor, 1);
    const dryRun = f.chain.dryRun.bind(f.chain);
    let tooLarge = 0;
    f.chain.dryRun = async (batch) => {
      if (batch.runs.length === 1) return dryRun(batch);
      tooLarge += 1;
      if (tooLarge === 3) f.maxPacketVaults = 1;
      return { reason: 'the transaction does not fit a packet', scope: 'packet' };
    };
    f.start();
    await f.settleAll();
    f.assertSettledOnce();
    assert.deepEqual([tooLarge, f.chain.landed.length, f.held()], [3, 2, []]);
  });

  test('a start without a circuit takes back what was to be proven with it, and settles it with the others', async () => {
    await f.place(f.alice, 5);
    f.prepare();
    const batch = f.build();
    assert.equal(batch?.size, 'small');
    await f.unfinished.add(batch);
    const loaded = f.sizes.slice(0, 1);
    f.sizes = loaded;
    await f.admission.reopen();
    await f.look();
    f.prepare();
    await withdrawUnprovable(f.unfinished, loaded);
    assert.deepEqual(f.unfinished.all, []);
    f.start();
    await f.settleAll();
    f.assertSettledOnce();
    assert.ok(f.chain.landed.every(({ batch: { maxBets } }) => maxBets === 3));
  });
});
