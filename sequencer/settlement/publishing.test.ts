import assert from 'node:assert/strict';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { blobCid, blobHashOf } from '../../protocol/blob.ts';
import { compareBytes } from '../../protocol/bytes.ts';
import { useKernel } from '../../protocol/kernel.ts';
import type { RemoteBlobStore } from '../blobs/remote-store.ts';
import { CasinoError } from '../errors.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { SettlementFixture } from '../test/settlement-fixture.ts';
import type { BatchInstruction } from './chain-port.ts';

/* Catches a batch that is signed, or only shown to a node, before everyone can fetch its blob, and a store that holds the service up. */
useKernel(NATIVE_KERNEL);

const LOOKS = 60;

/** A store in memory that does what a test has it do. */
class TestStore implements RemoteBlobStore {
  readonly name: string;
  readonly kept = new Map<string, Uint8Array>();
  /** Blobs that it has given back as they are. */
  readonly given = new Set<string>();
  readonly calls: string[] = [];
  how: 'well' | 'down' | 'hung' | 'deaf' | 'lying' | 'forgetful' | 'takes and fails' | 'keeps other bytes' = 'well';

  constructor(name = 'a store') {
    this.name = name;
  }

  async put({ cid, bytes }: { cid: string; bytes: Uint8Array }, signal: AbortSignal): Promise<void> {
    await this.#called('put', signal);
    if (this.how === 'forgetful') return;
    this.kept.set(cid, this.how === 'keeps other bytes' ? bytes.with(40, 255) : bytes);
    if (this.how === 'takes and fails') throw new CasinoError('BLOB_STORE_FAILED', `${this.name} gives no answer`);
  }

  async get(cid: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
    await this.#called('get', signal);
    const bytes = this.kept.get(cid);
    if (bytes && this.how === 'lying') return bytes.slice(0, -1);
    if (bytes && blobCid(blobHashOf(bytes)) === cid) this.given.add(cid);
    return bytes;
  }

  async #called(call: string, signal: AbortSignal): Promise<void> {
    this.calls.push(call);
    if (this.how === 'down') throw new CasinoError('BLOB_STORE_FAILED', `${this.name} can not be reached: ECONNREFUSED`);
    if (this.how === 'deaf') await new Promise(() => {});
    if (this.how !== 'hung') return;
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  }
}

describe('publishing', () => {
  let f: SettlementFixture;
  let store: TestStore;
  let unpublished: string[];

  beforeEach(async () => {
    f = await new SettlementFixture().open();
    store = new TestStore();
    f.stores = [store];
    unpublished = [];
    // Whoever sees these bytes, a node at a dry run included, could have them land.
    const watched = <T>(call: string, act: (batch: BatchInstruction) => Promise<T>) => {
      return async (batch: BatchInstruction) => {
        const lacking = f.stores.filter((one) => !(one as TestStore).given.has(blobCid(batch.blobHash)));
        if (lacking.length > 0) unpublished.push(`${call} ${batch.batchNumber}`);
        return act(batch);
      };
    };
    f.chain.signBatch = watched('sign', f.chain.signBatch.bind(f.chain));
    f.chain.dryRun = watched('dry run', f.chain.dryRun.bind(f.chain));
  });
  afterEach(async () => {
    assert.deepEqual(unpublished, []);
    await f.close();
  });

  /** Gives the loops time for many steps. */
  const wait = async () => {
    for (let looks = 0; looks < LOOKS; looks += 1) {
      f.nowMs += 3_000;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  const problems = () => f.publisher?.problems.map(({ code }) => code) ?? [];
  const reasons = () => f.read.auditTrail(1n).map(({ reason }) => reason);

  test('every batch is fetched back from every store before it is shown to a node', async () => {
    f.stores = [store, new TestStore('another')];
    for (const bettor of f.bettors) await f.place(bettor, 4);
    f.start();
    await f.settleAll();
    f.assertSettledOnce();
    for (const { batch } of f.chain.landed) {
      for (const one of f.stores as TestStore[]) assert.deepEqual(one.kept.get(blobCid(batch.blobHash)), f.blob(batch.blobHash));
    }
    assert.deepEqual(problems(), []);
    assert.ok(!reasons().some((reason) => reason.includes('waits')), 'what goes smoothly is no event');
  });

  for (const how of ['down', 'hung', 'deaf', 'lying', 'forgetful', 'keeps other bytes'] as const) {
    test(`a store that is ${how} delays batches and loses nothing`, async () => {
      store.how = how;
      const other = new TestStore('another');
      f.stores = [other, store];
      await f.place(f.alice, 2);
      f.start();
      await f.untilState('Proved');
      await wait();
      assert.deepEqual([f.states()[0], f.chain.signed.size, f.chain.dryRuns], ['Proved', 0, 0]);
      assert.equal(other.kept.size, f.unfinished.all.length, 'the other store has it');
      if (how === 'hung' || how === 'deaf') {
        // Such a store has no end by itself here; a real one has its time limit.
        await f.stop();
        store.how = 'well';
        await f.restart();
      }
      store.how = 'well';
      await f.settleAll();
      f.assertSettledOnce();
      assert.deepEqual(problems(), []);
    });
  }

  test('a store that is down is a problem with its name, said in the trail once, and over when it is back', async () => {
    store.how = 'down';
    await f.place(f.alice, 2);
    f.start();
    await f.until(() => problems().length > 0);
    await f.until(() => reasons().some((reason) => reason.includes('waits for its blob')));
    await wait();
    const [problem] = f.publisher?.problems ?? [];
    assert.equal(problem?.code, 'BLOB_STORE_DOWN');
    assert.match(
      problem?.message ?? '',
      /^batch 1 waits for a store to have the blob: a store can not be reached: ECONNREFUSED$/,
    );
    assert.deepEqual(f.settlement?.problems, [], 'settlement itself does not fail');
    store.how = 'well';
    await f.settleAll();
    assert.deepEqual(problems(), []);
    assert.equal(reasons().filter((reason) => reason.includes('waits for its blob')).length, 1);
    assert.deepEqual(
      f.read.auditTrail(1n).map(({ to }) => to),
      ['Pending', 'Proving', 'Proved', 'Proved', 'Submitted', 'Confirmed', 'Finalized'],
    );
  });

  test('a store that gives other bytes is another problem, said at once', async () => {
    for (const how of ['lying', 'keeps other bytes'] as const) {
      store.how = how;
      await f.place(f.alice, 1);
      if (!f.settlement) f.start();
      await f.until(() => problems().length > 0);
      assert.deepEqual(problems(), ['BLOB_STORE_CORRUPT']);
      assert.match(f.publisher?.problems[0]?.message ?? '', /gives other bytes than those of blob bafkrei/);
      store.how = 'well';
      await f.settleAll();
    }
  });

  test('several batches that wait are one problem of their store, and none of them is signed', async () => {
    store.how = 'down';
    for (const bettor of f.bettors) await f.place(bettor, 6);
    f.start();
    await f.until(() => f.unfinished.all.length >= 3);
    await f.until(() => /^\d batches from 1 on wait/.test(f.publisher?.problems[0]?.message ?? ''));
    assert.equal(problems().length, 1);
    assert.ok(f.unfinished.all.length <= 6, 'no more are built than may wait');
    store.how = 'well';
    await f.settleAll();
    f.assertSettledOnce();
  });

  test('a put whose answer was lost is found by asking, and not made again', async () => {
    store.how = 'takes and fails';
    await f.place(f.alice, 1);
    f.start();
    await f.settleAll();
    assert.deepEqual(store.calls, ['get', 'put', 'get']);
  });

  test('a start finds what the last run has published, and publishes what is missing', async () => {
    f.chain.onSend = 'drop';
    await f.place(f.alice, 9);
    f.start();
    await f.until(() => f.states().includes('Submitted') && store.given.size >= 2);
    await f.stop();
    store.calls.length = 0;
    const [first, ...others] = f.read.unfinishedBatches();
    assert.ok(first && others.length > 0);
    store.kept.delete(blobCid(first.blobHash));
    store.given.clear();
    f.chain.onSend = 'land';
    await f.restart();
    await f.until(() => store.given.size === others.length + 1);
    assert.equal(store.calls.filter((call) => call === 'put').length, 1);
    f.nowMs += 10_000;
    await f.settleAll();
    f.assertSettledOnce();
  });

  for (const ends of ['put', 'get', 'put and get'] as const) {
    test(`a process that ends while a ${ends} is under way loses nothing`, async () => {
      store.how = 'down';
      await f.place(f.alice, 2);
      f.start();
      await f.untilState('Proved');
      if (ends !== 'put') store.how = ends === 'get' ? 'lying' : 'forgetful';
      await wait();
      await f.restart();
      await wait();
      assert.equal(f.chain.signed.size, 0);
      store.how = 'well';
      await f.settleAll();
      f.assertSettledOnce();
    });
  }

  test('bytes that expire are signed again only with the blob still there, after a start', async () => {
    f.chain.onSend = 'drop';
    await f.place(f.alice, 1);
    f.start();
    await f.untilState('Submitted');
    await f.stop();
    store.how = 'down';
    store.given.clear();
    f.chain.height += 1_000n;
    await f.restart();
    await wait();
    assert.equal(f.chain.signed.size, 1);
    f.chain.onSend = 'land';
    store.how = 'well';
    await f.settleAll();
    assert.equal(f.chain.signed.size, 2);
    f.assertSettledOnce();
  });

  test('a batch that is taken back is not published any further, and its problem is over', async () => {
    store.how = 'down';
    await f.place(f.alice, 2);
    f.start();
    await f.until(() => problems().length > 0);
    const [batch] = f.unfinished.all;
    await f.unfinished.withdrawFrom(batch ?? assert.fail(), 'test');
    const { blobHash } = batch ?? assert.fail();
    await f.until(() => !f.unfinished.all.some((one) => compareBytes(one.blobHash, blobHash) === 0));
    store.how = 'well';
    await f.settleAll();
    f.assertSettledOnce();
    assert.deepEqual(problems(), []);
  });

  test('stopping waits for no store, not even for one that heeds no signal', async () => {
    for (const how of ['hung', 'deaf'] as const) {
      store.how = how;
      await f.place(f.alice, 1);
      await f.restart();
      await f.until(() => store.calls.length > 0);
      await f.stop();
      store.calls.length = 0;
    }
  });

  for (const damage of ['gone', 'damaged'] as const) {
    test(`an own file that is ${damage} at a start is made anew from the ledger before the batch goes out`, async () => {
      f.stores = [];
      f.proofs = false;
      await f.place(f.alice, 2);
      f.start();
      await f.until(() => f.states()[0] === 'Pending');
      await f.stop();
      const { blobHash } = f.read.batch(1n) ?? assert.fail();
      const path = join(f.blobsDirectory, blobCid(blobHash));
      if (damage === 'gone') rmSync(path);
      else writeFileSync(path, 'nonsense');
      f.proofs = true;
      await f.restart();
      await f.settleAll();
      assert.deepEqual(readdirSync(f.blobsDirectory).length, f.states().length);
      assert.deepEqual(blobHashOf(f.blob(blobHash)), blobHash);
    });
  }
});
