import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { useKernel } from '../../protocol/kernel.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { SettlementFixture, TINY } from '../test/settlement-fixture.ts';
import type { FinalizedHouse, SignatureState } from './chain-port.ts';

useKernel(NATIVE_KERNEL);

describe('submission', () => {
  let f: SettlementFixture;
  beforeEach(async () => {
    f = await new SettlementFixture({ sizes: [TINY] }).open();
  });
  afterEach(() => f.close());

  /** Gives the loops time for many looks at the chain. */
  const wait = async () => {
    for (let looks = 0; looks < 40; looks += 1) {
      f.nowMs += 3_000;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  const finalizedHouse = (change: (house: FinalizedHouse) => FinalizedHouse) => {
    const original = f.chain.finalizedHouse.bind(f.chain);
    f.chain.finalizedHouse = async () => change(await original());
  };
  const submitted = async () => {
    await f.place(f.alice, 1);
    f.chain.onSend = 'drop';
    f.start();
    await f.untilState('Submitted');
  };

  test('what is sent is durable before: bytes, signature, height and leader pair', async () => {
    await f.place(f.alice, 1);
    f.chain.send = async (bytes) => {
      const batch = f.read.batch(1n);
      assert.deepEqual(batch?.transaction, bytes);
      assert.equal(batch?.signature, new TextDecoder().decode(bytes));
      assert.deepEqual([batch?.lastValidBlockHeight, batch?.leaderEpoch, batch?.leaderNonce], [f.chain.height + 150n, 1n, 1n]);
      f.chain.land(batch?.signature ?? '');
    };
    f.start();
    await f.settleAll();
    f.assertSettledOnce();
  });

  test('a node that is behind and shows an older leader pair fences nothing', async () => {
    f.chain.leader = { epoch: 5n, nonce: 9n };
    await submitted();
    finalizedHouse((house) => ({ ...house, leader: { epoch: 4n, nonce: 3n } }));
    await wait();
    assert.equal(f.chain.signed.size, 1);
  });

  test('a height beyond the bytes says nothing while the status is seen, or the finalized house has the batch', async () => {
    await submitted();
    f.chain.land('signature-1');
    f.chain.finalizeAll();
    let lost = 0;
    f.chain.status = async (): Promise<SignatureState | undefined> => {
      lost += 1;
      return undefined;
    };
    f.chain.height += 1_000n;
    await f.settleAll();
    assert.ok(lost > 0);
    assert.equal(f.chain.signed.size, 1);
  });

  /** The batch has landed, and the node knows neither its signature nor the house's history. */
  const forgotten = async () => {
    await submitted();
    f.chain.land('signature-1');
    f.chain.status = async () => undefined;
    f.chain.findBatch = async () => undefined;
    f.chain.finalizeAll();
  };

  test('a batch whose signature the node has forgotten is known by its blob in the finalized house', async () => {
    await forgotten();
    await f.settleAll();
    assert.equal(f.chain.signed.size, 1);
    assert.deepEqual(f.settlement?.problems, []);
    f.assertSettledOnce();
  });

  test("a settled number that the node can not explain is a problem that is said, and nobody's guess", async () => {
    finalizedHouse((house) => ({ ...house, lastBlobHash: new Uint8Array(32) }));
    await forgotten();
    await f.until(() => f.settlement?.problems[0] !== undefined);
    assert.match(f.settlement?.problems[0] ?? '', /batch 1 waits: its number is settled/);
    assert.deepEqual(
      f.errors.map(({ alert }) => alert),
      ['settlement-blocked'],
    );
    assert.deepEqual([f.states(), f.chain.signed.size], [['Submitted'], 1]);
  });

  test('a failure that a fork could still undo takes nothing back; a final one leads to other bytes', async () => {
    await submitted();
    const { status } = f.chain;
    let failure: SignatureState | undefined = { commitment: 'confirmed', failure: 'WRONG_BATCH_NUMBER' };
    f.chain.status = async (signature) => (signature === 'signature-1' ? failure : status.call(f.chain, signature));
    await wait();
    assert.deepEqual([f.states(), f.chain.signed.size], [['Submitted'], 1]);
    failure = { commitment: 'finalized', failure: 'WRONG_BATCH_NUMBER' };
    f.chain.onSend = 'land';
    await f.settleAll();
    assert.equal(f.chain.signed.size, 2);
    f.assertSettledOnce();
  });

  test('a batch whose transactions pass dry runs and fail on chain is given up on after some', async () => {
    await submitted();
    f.chain.status = async () => ({ commitment: 'finalized', failure: 'ComputationalBudgetExceeded' });
    await f.until(() => f.held().length === 1);
    assert.ok(f.chain.signed.size <= 6);
  });

  test('a fork that takes several confirmations back takes them all back at once, and all are settled again', async () => {
    await f.place(f.alice, 9);
    f.start();
    await f.until(() => f.states().filter((state) => state === 'Confirmed').length === 3);
    f.chain.onSend = 'drop';
    f.chain.forkAway();
    f.chain.forkAway();
    await f.until(() => f.states()[0] === 'Submitted');
    assert.deepEqual(f.states(), ['Submitted', 'Submitted', 'Confirmed']);
    f.chain.onSend = 'land';
    f.nowMs += 10_000;
    await f.settleAll();
    f.assertSettledOnce();
  });

  test('after a fork, living bytes of a later batch keep the one before it from being taken back', async () => {
    await f.place(f.alice, 6);
    f.start();
    await f.until(() => f.states().filter((state) => state === 'Confirmed').length === 2);
    f.chain.onSend = 'drop';
    f.chain.forkAway();
    f.chain.forkAway();
    await f.until(() => f.states().every((state) => state === 'Submitted'));
    const first = f.read.batch(1n);
    assert.ok(first);
    // The first one's bytes are dead, the second one's are not.
    const signature = first.signature as string;
    const { status } = f.chain;
    f.chain.status = async (one) =>
      one === signature ? { commitment: 'finalized', failure: 'INVALID_PROOF' } : status.call(f.chain, one);
    f.chain.badVaults.set(f.alice.vault, 'INVALID_PROOF');
    await wait();
    assert.deepEqual(f.states(), ['Submitted', 'Submitted']);
    f.chain.height += 200n;
    await f.until(() => f.held().length === 1);
    f.chain.badVaults.clear();
    f.chain.onSend = 'land';
    f.nowMs += 3_600_000;
    await f.settleAll();
    f.assertSettledOnce();
  });

  test('a batch waits for the one before it, and is no fault of a node that lacks it', async () => {
    await f.place(f.alice, 6);
    f.start();
    await f.until(() => f.states().filter((state) => state === 'Confirmed').length === 2);
    f.chain.onSend = 'drop';
    f.chain.forkAway();
    f.chain.forkAway();
    await wait();
    assert.deepEqual(f.errors, []);
    f.chain.onSend = 'land';
    f.nowMs += 10_000;
    await f.settleAll();
    assert.equal(f.read.auditTrail(2n).filter(({ to }) => to === '').length, 0);
    f.assertSettledOnce();
  });
});
