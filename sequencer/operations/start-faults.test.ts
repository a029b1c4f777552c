// Would catch: a start that a chain's fault breaks for good, a house made or funded twice, a false LEDGER_STALE, a lead taken by halves.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Signature } from '@solana/kit';
import { eventsOf } from '../../program/client/index.ts';
import { connectRpc } from '../chain/rpc.ts';
import { DEFAULTS } from '../config.ts';
import type { Fault } from '../test/chain-proxy.ts';
import { ChainWorld } from '../test/chain-world.ts';

const FAULTS: Fault[] = [
  { kind: 'lose-answer' },
  { kind: 'cut' },
  { kind: 'status', code: 429 },
  { kind: 'status', code: 500 },
  { kind: 'say', text: '{"jsonrpc":"2.0","id":"1"}' },
  { kind: 'say', text: '{"jsonrpc":"2.0","id":"1","result":null}' },
];
const SENDING_FAULTS: Fault[] = [
  { kind: 'lose-answer' },
  { kind: 'swallow' },
  { kind: 'repeat', times: 2 },
  { kind: 'cut' },
  { kind: 'status', code: 429 },
];

async function within(bettors: number, body: (w: ChainWorld) => Promise<void>): Promise<void> {
  const w = await ChainWorld.open(bettors);
  try {
    await body(w);
  } finally {
    await w.close();
  }
}

/** The house as it should be after any number of starts. */
async function assertHouseMadeOnce(w: ChainWorld): Promise<void> {
  await w.seat(0);
  const rpc = connectRpc(w.node.url);
  const { house, program } = w.house;
  let [funded, batches] = [0n, 0];
  const options = { commitment: 'finalized', encoding: 'base64', maxSupportedTransactionVersion: 0 } as const;
  for (const { signature, err } of await rpc.getSignaturesForAddress(house, { commitment: 'finalized' }).send()) {
    const transaction = err ? null : await rpc.getTransaction(signature as Signature, options).send();
    for (const event of eventsOf(transaction?.meta?.logMessages ?? [], program)) {
      if (event.name === 'HouseFunded') funded += event.amount;
      if (event.name === 'BatchSettled') batches += 1;
    }
  }
  assert.deepEqual({ funded, batches }, { funded: DEFAULTS.bankroll, batches: 0 });
  await w.bet(1);
  await w.settleAndCheck();
}

describe('a first start', () => {
  test('while the node is away fails, and works once it is back', () =>
    within(0, async (w) => {
      w.proxy.fail(undefined, { kind: 'cut' });
      const { length } = w.proxy.calls;
      const started = w.startSupervised();
      await w.until('it was asked', () => w.proxy.calls.length > length + 3);
      w.proxy.heal();
      await started;
      await assertHouseMadeOnce(w);
    }));

  test('whose requests fail, each in another way', () =>
    within(0, async (w) => {
      for (let turn = 0; turn < 60; turn += 1) {
        w.proxy.fail(undefined, FAULTS[turn % FAULTS.length] as Fault, 1);
        w.proxy.fail(undefined, { kind: 'delay', ms: 0 }, turn % 7);
      }
      await w.startSupervised();
      await assertHouseMadeOnce(w);
    }));

  test('whose transactions meet a fault each', () =>
    within(0, async (w) => {
      for (const fault of SENDING_FAULTS) w.proxy.fail(['sendTransaction'], fault, 1);
      w.proxy.fail(['sendTransaction'], { kind: 'hold' }, 1);
      const started = w.startSupervised();
      await w.until('one is held', () => w.proxy.held > 0);
      await w.node.addSlots(200);
      await started;
      await w.proxy.release();
      await assertHouseMadeOnce(w);
    }));
});

describe('a further start', () => {
  test('with unsettled batches and every kind of fault', () =>
    within(2, async (w) => {
      w.proxy.fail(['sendTransaction'], { kind: 'hold' });
      await w.bet(2);
      await w.untilState('Submitted');
      await w.stop();
      w.proxy.heal();
      for (const fault of SENDING_FAULTS) w.proxy.fail(['sendTransaction'], fault, 1);
      for (let turn = 0; turn < 40; turn += 1) w.proxy.fail(undefined, FAULTS[turn % FAULTS.length] as Fault, 1);
      await w.startSupervised();
      w.proxy.heal();
      await w.proxy.release();
      await w.settleAndCheck();
    }));

  test('at a node that is behind says so, and is not taken for a stale ledger', () =>
    within(1, async (w) => {
      await w.stop();
      const stale = await w.node.replica(join(w.directory, 'stale'));
      try {
        await w.node.addSlots(50);
        await w.start();
        await w.bet(1);
        await w.settleAndCheck();
        await w.stop();
        w.proxy.fail(undefined, { kind: 'reroute', url: stale.url });
        await assert.rejects(w.start(), { code: 'CHAIN_UNREACHABLE', message: /is behind/ });
      } finally {
        await stale.close();
      }
      w.proxy.heal();
      await w.start();
      await w.bet(1);
      await w.settleAndCheck();
    }));
});
