// Would catch: a single changed byte of a history, whoever changed it, that passes or is blamed on something else.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { fromHex, toHex } from '../protocol/bytes.ts';
import { verifyChain } from './chain.ts';
import { type Lived, live } from './test/lived-world.ts';
import { playBack } from './test/recording.ts';

let lived: Lived;

before(async () => {
  lived = await live();
});

const verify = (world: Lived, options = {}) =>
  verifyChain({
    rpc: playBack(world.chain),
    blobs: { get: async (hash) => world.blobs.get(toHex(hash)) },
    program: world.program,
    settleMs: 0,
    ...options,
  });

test('a house that has seen everything passes', async () => {
  const report = await verify(lived);
  assert.deepEqual(report.divergences, []);
  assert.equal(report.passed, true);
  assert.equal(report.bets, 18);
});
