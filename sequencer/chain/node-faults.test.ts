// Would catch: a batch that is lost, settled twice or given up, or a service that stays down, because the node behaved badly.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import type { Signature } from '@solana/kit';
import type { Fault } from '../test/chain-proxy.ts';
import { ChainWorld } from '../test/chain-world.ts';
import type { TestNode } from '../test/test-node.ts';
import { ChainReader } from './reader.ts';
import { call, connectRpc } from './rpc.ts';

/** Requests that fail in a row: some steps fail again and again, and each backs off. */
const MANY = 8;

describe('a node that answers badly for a while', () => {
  let w: ChainWorld;
  before(async () => {
    w = await ChainWorld.open();
  });
  afterEach(() => w.proxy.heal());
  after(() => w.close());

  const faults: Record<string, Fault> = {
    'too many requests': { kind: 'status', code: 429 },
    'too many requests, with a time': { kind: 'status', code: 429, headers: { 'retry-after': '0' } },
    'too many requests, with a time that is none': { kind: 'status', code: 429, headers: { 'retry-after': 'soon' } },
    'bad gateway': { kind: 'status', code: 502 },
    unavailable: { kind: 'status', code: 503 },
    'garbage that is no JSON': { kind: 'say', text: '<html>' },
    'JSON that is no answer': { kind: 'say', text: '{"jsonrpc":"2.0","id":"1"}' },
    'JSON of another kind': { kind: 'say', text: '[]' },
    'null for everything': { kind: 'say', text: '{"jsonrpc":"2.0","id":"1","result":null}' },
    'an empty object for everything': { kind: 'say', text: '{"jsonrpc":"2.0","id":"1","result":{}}' },
    'nothing in everything': { kind: 'say', text: '{"jsonrpc":"2.0","id":"1","result":{"context":{"slot":9999999},"value":[]}}' },
    'unhealthy, behind by slots': {
      kind: 'say',
      text: '{"jsonrpc":"2.0","id":"1","error":{"code":-32005,"message":"Node is behind"}}',
    },
    'an internal error': { kind: 'say', text: '{"jsonrpc":"2.0","id":"1","error":{"code":-32603,"message":"Internal error"}}' },
    'half an answer': { kind: 'tear-answer' },
    'lost answers': { kind: 'lose-answer' },
    'cut connections': { kind: 'cut' },
    'slow answers': { kind: 'delay', ms: 200 },
    'answers slower than anybody waits': { kind: 'delay', ms: 1_000 },
  };
  for (const [name, fault] of Object.entries(faults)) {
    test(name, async () => {
      w.proxy.fail(undefined, fault, MANY);
      await w.bet(1);
      await w.settleAndCheck();
    });
  }
});

describe('a node that fails for a while in one way', () => {
  let w: ChainWorld;
  before(async () => {
    w = await ChainWorld.open();
  });
  afterEach(() => w.proxy.heal());
  after(() => w.close());

  test('is left alone for as long as it asks', async () => {
    await w.bet(1);
    w.proxy.fail(undefined, { kind: 'status', code: 429, headers: { 'retry-after': '1' } }, 1);
    const { length } = w.proxy.calls;
    await w.until('it was asked', () => w.proxy.calls.length > length);
    await w.settleAndCheck();
    const [refused, ...later] = w.proxy.calls.slice(length).map(({ atMs }) => atMs) as [number, ...number[]];
    // What was on its way already may still come.
    const resumed = later.find((atMs) => atMs > refused + 250) as number;
    assert.ok(resumed > refused + 900, `asked again after ${resumed - refused} ms`);
  });

  test('loses the answer to every kind of question', async () => {
    const methods = ['getSignatureStatuses', 'getTransaction', 'getAccountInfo', 'getProgramAccounts', 'getLatestBlockhash'];
    for (const method of methods) w.proxy.fail([method], { kind: 'lose-answer' }, 1);
    await w.bet(2);
    await w.settleAndCheck();
  });

  test('is down for a while: health says so, bets are taken all the same, and it recovers by itself', async () => {
    w.proxy.fail(undefined, { kind: 'cut' });
    await w.bet(2);
    await w.until('health shows it', async () => {
      const { status, problems, chain } = await w.health();
      return (
        status === 'degraded' && chain.age_ms > 0 && problems.some(({ message }) => message.includes('the chain does not answer'))
      );
    });
    w.proxy.heal();
    await w.settleAndCheck();
    assert.deepEqual(await w.health().then(({ status, problems }) => ({ status, problems })), { status: 'ok', problems: [] });
  });
});

describe('a node that is behind', () => {
  let w: ChainWorld;
  let stale: TestNode;
  before(async () => {
    w = await ChainWorld.open();
    await w.bet(1);
    await w.settleAndCheck();
    stale = await w.node.replica(join(w.directory, 'stale'));
    await w.node.addSlots(50);
  });
  afterEach(() => w.proxy.heal());
  after(async () => {
    await w.close();
    await stale.close();
  });

  test('is not believed: neither an account nor a status from before what was seen', async () => {
    const rpc = connectRpc(w.proxy.url, 300);
    const { house } = w.house;
    const status = () => call(rpc.getSignatureStatuses([w.batches()[0]?.signature as Signature]));
    const balance = (commitment: 'confirmed' | 'finalized') => call(rpc.getBalance(house, { commitment }));
    await balance('finalized');
    w.proxy.fail(undefined, { kind: 'reroute', url: stale.url });
    for (const ask of [status, () => balance('confirmed'), () => balance('finalized')]) {
      await assert.rejects(ask(), { code: 'CHAIN_UNREACHABLE', message: /is behind/ });
    }
    w.proxy.heal();
    for (const ask of [status, () => balance('confirmed'), () => balance('finalized')]) await ask();
  });

  test('answers everything for longer than it is doubted', async () => {
    await w.bet(1);
    w.proxy.fail(undefined, { kind: 'reroute', url: stale.url });
    await w.bet(1);
    const { length } = w.proxy.calls;
    await w.until('it was asked often', () => w.proxy.calls.length > length + 60);
    w.proxy.heal();
    await w.settleAndCheck();
  });

  test('answers every other question, behind a load balancer', async () => {
    for (let turn = 0; turn < 60; turn += 1) {
      w.proxy.fail(undefined, { kind: 'reroute', url: stale.url }, 1);
      w.proxy.fail(undefined, { kind: 'delay', ms: 0 }, 1);
    }
    await w.bet(3);
    await w.settleAndCheck();
  });

  test('says how a transaction stands whose height another node has seen pass: nothing is signed anew', async () => {
    w.proxy.fail(['sendTransaction'], { kind: 'hold' }, 1);
    await w.bet(1);
    const { batchNumber } = await w.untilState('Submitted');
    await w.until('it is held', () => w.proxy.held > 0);
    // Only heights, block hashes and sending come from the node that is up to date.
    const behind = ['getSignatureStatuses', 'getTransaction', 'getAccountInfo', 'getSignaturesForAddress', 'getProgramAccounts'];
    w.proxy.fail(behind, { kind: 'reroute', url: stale.url });
    await w.proxy.release();
    await w.until('it has landed', async () => (await lastBatch(w)) === batchNumber);
    await w.node.addSlots(200);
    const { length } = w.proxy.calls;
    await w.until('it was asked for', () => w.proxy.calls.length > length + 6);
    w.proxy.heal();
    await w.settleAndCheck();
    assert.equal(w.ledger.batch(batchNumber)?.attempt, 1);
  });
});

async function lastBatch(w: ChainWorld): Promise<bigint> {
  const { house, program } = w.house;
  const reader = new ChainReader({ rpc: connectRpc(w.node.url), program, house, nowMs: Date.now });
  return (await reader.houseAt('confirmed')).lastBatch;
}
