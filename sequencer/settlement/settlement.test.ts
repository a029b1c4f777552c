import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { decodeBlob } from '../../protocol/blob.ts';
import { useKernel } from '../../protocol/kernel.ts';
import { CasinoError } from '../errors.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { SettlementFixture } from '../test/settlement-fixture.ts';

useKernel(NATIVE_KERNEL);

describe('settlement', () => {
  let f: SettlementFixture;
  beforeEach(async () => {
    f = await new SettlementFixture().open();
  });
  afterEach(() => f.close());

  test('bets of several vaults are batched in order, settled once, and their blobs say what was played', async () => {
    for (const [index, bettor] of f.bettors.entries()) await f.place(bettor, 4 + index);
    f.start();
    await f.settleAll();
    f.assertSettledOnce();
    for (const { batch } of f.chain.landed) {
      const blob = decodeBlob(f.blob(batch.blobHash));
      assert.equal(blob.batchNumber, batch.batchNumber);
      assert.deepEqual(
        blob.runs.map(({ after }) => after),
        batch.runs.map(({ after }) => after),
      );
    }
    assert.ok(f.chain.landed.some(({ batch }) => batch.maxBets === 6));
  });

  test('a single bet takes the smallest circuit', async () => {
    await f.place(f.alice, 1);
    f.start();
    await f.settleAll();
    assert.equal(f.chain.landed[0]?.batch.maxBets, 3);
  });

  for (const state of ['Proving', 'Submitted', 'Confirmed'] as const) {
    test(`a crash while a batch is ${state} loses nothing and settles nothing twice`, async () => {
      await f.place(f.alice, 2);
      if (state === 'Proving') {
        f.onProve = () => {
          throw new CasinoError('PROVER_FAILED', 'the process dies here');
        };
      }
      f.chain.onSend = state === 'Confirmed' ? 'land' : 'drop';
      f.start();
      await f.untilState(state);
      await f.stop();
      await f.place(f.alice, 3);
      f.onProve = () => {};
      f.chain.onSend = 'land';
      await f.restart();
      f.nowMs += 10_000;
      await f.settleAll();
      f.assertSettledOnce();
    });
  }

  for (const state of ['Pending', 'Proved'] as const) {
    test(`a ledger that a crash left with a ${state} batch is resumed from there`, async () => {
      await f.place(f.alice, 2);
      f.prepare();
      const batch = f.build();
      assert.ok(batch);
      await f.unfinished.add(batch);
      if (state === 'Proved') {
        await f.unfinished.move(batch, { to: 'Proving', reason: 'test' });
        await f.unfinished.move(batch, { to: 'Proved', reason: 'test', progress: { proof: new Uint8Array(128), proveMs: 1 } });
      }
      await f.restart();
      await f.settleAll();
      f.assertSettledOnce();
    });
  }

  test('a send that fails after landing is found on chain, not signed again', async () => {
    await f.place(f.alice, 1);
    f.chain.onSend = 'land-and-fail';
    f.start();
    await f.settleAll();
    assert.equal(f.chain.signed.size, 1);
    f.assertSettledOnce();
  });

  test('unseen bytes are sent again, and other bytes are signed only past their height', async () => {
    await f.place(f.alice, 1);
    f.chain.onSend = 'drop';
    f.start();
    await f.until(
      () => f.chain.sent.length >= 3,
      () => {
        f.nowMs += 1_000;
      },
    );
    assert.equal(f.chain.signed.size, 1);
    f.chain.height += 151n;
    await f.until(() => f.chain.signed.size === 2);
    assert.equal(f.chain.land('signature-1'), false);
    f.chain.onSend = 'land';
    f.nowMs += 10_000;
    await f.settleAll();
    f.assertSettledOnce();
  });

  test('bytes of a fenced leader are replaced at once: the program refuses them for ever', async () => {
    await f.place(f.alice, 1);
    f.chain.onSend = 'drop';
    f.start();
    await f.untilState('Submitted');
    f.chain.leader = { epoch: 2n, nonce: 7n };
    f.chain.onSend = 'land';
    await f.settleAll();
    assert.equal(f.chain.signed.size, 2);
    f.assertSettledOnce();
  });

  test('a confirmation that a fork takes back returns to Submitted and is settled again', async () => {
    await f.place(f.alice, 1);
    f.start();
    await f.untilState('Confirmed');
    f.chain.onSend = 'drop';
    f.chain.forkAway();
    await f.untilState('Submitted');
    f.chain.onSend = 'land';
    f.nowMs += 10_000;
    await f.settleAll();
    f.assertSettledOnce();
    const trail = f.read.auditTrail(1n).map(({ to }) => to);
    assert.deepEqual(trail, ['Pending', 'Proving', 'Proved', 'Submitted', 'Confirmed', 'Submitted', 'Confirmed', 'Finalized']);
  });

  test('a prover that fails for a while delays and loses nothing', async () => {
    await f.place(f.alice, 2);
    let failures = 0;
    f.onProve = () => {
      failures += 1;
      if (failures < 3) throw new CasinoError('PROVER_FAILED', 'out of memory');
    };
    f.start();
    await f.settleAll();
    assert.equal(failures, 3);
    f.assertSettledOnce();
  });

  test('deposits are consumed once, by the next run, however many batches are in flight', async () => {
    const original = f.alice.view.bind(f.alice);
    f.alice.view = (change) => ({ ...original(), pendingDeposit: 500_000n, ...change });
    await f.look();
    await f.place(f.alice, 7);
    f.chain.onSend = 'drop';
    f.start();
    await f.until(() => f.unfinished.all.length >= 2);
    f.chain.onSend = 'land';
    f.nowMs += 10_000;
    await f.settleAll();
    const consumed = f.chain.landed.flatMap(({ batch }) => batch.runs.map(({ consume }) => consume));
    assert.deepEqual(
      consumed.filter((amount) => amount > 0n),
      [500_000n],
    );
    f.assertSettledOnce();
  });
});
