// Catches a batch that is planned although its transaction can not be sent, or with a key that the program does not take.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { useKernel } from '../../protocol/kernel.ts';
import { CasinoError } from '../errors.ts';
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

  test('a batch that turns out not to fit when it is signed is planned anew with fewer vaults', async () => {
    for (const bettor of f.bettors.slice(0, 2)) await f.place(bettor, 1);
    const sign = f.chain.signBatch.bind(f.chain);
    f.chain.signBatch = async (batch) => {
      if (batch.runs.length === 1) return sign(batch);
      f.maxPacketVaults = 1;
      throw new CasinoError('SETTLEMENT_REJECTED', 'the transaction does not fit a packet');
    };
    f.start();
    await f.settleAll();
    f.assertSettledOnce();
    assert.equal(f.chain.landed.length, 2);
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

  test('a circuit is used from the slot on in which the finalized chain shows its key active, and not once it is retired', async () => {
    const [tiny, small] = f.sizes;
    assert.ok(tiny && small);
    f.sizes = [tiny, { ...small, activeFromSlot: f.slot + 2n, retiredFromSlot: f.slot + 4n }];
    await f.place(f.alice, 5);
    f.prepare();
    const sizes: (string | undefined)[] = [];
    for (let looks = 0; looks < 4; looks += 1) {
      sizes.push(f.build()?.size);
      await f.look();
    }
    assert.deepEqual(sizes, ['tiny', 'tiny', 'small', 'small']);
    assert.equal(f.build()?.size, 'tiny');
  });
});
