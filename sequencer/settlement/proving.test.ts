import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { useKernel } from '../../protocol/kernel.ts';
import { CasinoError } from '../errors.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { SettlementFixture, TINY } from '../test/settlement-fixture.ts';

useKernel(NATIVE_KERNEL);

/** Proofs that end when the test says so, by the first bet of their first run. */
class HeldProofs {
  readonly waiting = new Map<bigint, () => void>();
  most = 0;

  hold = (firstBet: bigint): Promise<void> =>
    new Promise((resolve) => {
      this.waiting.set(firstBet, () => {
        this.waiting.delete(firstBet);
        resolve();
      });
      this.most = Math.max(this.most, this.waiting.size);
    });
}

describe('parallel proofs', () => {
  let f: SettlementFixture;
  let proofs: HeldProofs;
  beforeEach(async () => {
    f = await new SettlementFixture({ sizes: [TINY] }).open();
    proofs = new HeldProofs();
    f.onProve = ({ runs }) => proofs.hold(runs[0]?.firstBet as bigint);
    f.parallelProofs = 3;
  });
  afterEach(async () => {
    f.onProve = () => {};
    for (const end of proofs.waiting.values()) end();
    await f.close();
  });

  test('as many as allowed are under way, and no more batches are built than are bounded', async () => {
    await f.place(f.alice, 60);
    f.start();
    await f.until(() => proofs.waiting.size === 3);
    for (let looks = 0; looks < 20; looks += 1) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(proofs.most, 3);
    assert.equal(f.states().length, 3);
    f.chain.onSend = 'drop';
    for (let ended = 0; ended < 20; ended += 1) {
      for (const end of [...proofs.waiting.values()]) end();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await f.until(() => f.states().every((state) => state === 'Proved' || state === 'Submitted'));
    const most = f.states().length;
    assert.ok(most >= 4 && most <= 6, `${most} batches wait for the chain`);
  });

  test('proofs that are done out of order are submitted in order', async () => {
    await f.place(f.alice, 9);
    f.start();
    await f.until(() => proofs.waiting.size === 3);
    proofs.waiting.get(7n)?.();
    proofs.waiting.get(4n)?.();
    await f.until(() => f.states().filter((state) => state === 'Proved').length === 2);
    assert.deepEqual([f.chain.sent, f.states()], [[], ['Proved', 'Proved', 'Proving']]);
    proofs.waiting.get(1n)?.();
    await f.settleAll();
    assert.deepEqual(
      f.chain.landed.map(({ batch }) => batch.runs[0]?.firstBet),
      [1n, 4n, 7n],
    );
    f.assertSettledOnce();
  });

  test('a late proof of a batch that was taken back is dropped, and those built on it are proven anew', async () => {
    await f.place(f.alice, 9);
    let rejected = false;
    const hold = f.onProve;
    f.onProve = async (statement) => {
      if (statement.batchNumber === 1n && !rejected) {
        await f.until(() => proofs.waiting.size === 2);
        rejected = true;
        throw new CasinoError('SETTLEMENT_REJECTED', 'no witness exists');
      }
      if (!rejected) return hold(statement);
    };
    f.start();
    await f.until(() => f.read.auditTrail(3n).some(({ to }) => to === ''));
    const late = [...proofs.waiting.values()];
    assert.equal(late.length, 2);
    for (const end of late) end();
    await f.settleAll();
    f.assertSettledOnce();
    const trail = f.read.auditTrail(2n).map(({ from, to }) => `${from}>${to}`);
    assert.deepEqual(trail.slice(0, 3), ['>Pending', 'Pending>Proving', 'Proving>']);
  });

  test('proofs under way end when the service stops, and their batches are resumed by the next start', async () => {
    await f.place(f.alice, 9);
    f.start();
    await f.until(() => proofs.waiting.size === 3);
    const stopped = f.stop();
    for (const end of [...proofs.waiting.values()]) end();
    await stopped;
    f.onProve = () => {};
    await f.restart();
    await f.settleAll();
    f.assertSettledOnce();
  });
});
