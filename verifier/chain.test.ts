// Would catch: an honest history that does not pass, one that passes only while it stands still, a run that cannot go on where it stopped.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { useKernel } from '../protocol/kernel.ts';
import { BlobStore } from '../sequencer/blobs/store.ts';
import { dataPaths } from '../sequencer/context.ts';
import { NATIVE_KERNEL } from '../sequencer/prover/native-kernel.ts';
import { ChainWorld } from '../sequencer/test/chain-world.ts';
import type { BlobSource } from './blob-source.ts';
import { type VerifyReport, verifyChain } from './chain.ts';

let world: ChainWorld;
let blobs: BlobSource;

before(async () => {
  useKernel(NATIVE_KERNEL);
  world = await ChainWorld.open(3);
  const store = new BlobStore(dataPaths(world.directory).blobs);
  blobs = { get: async (hash) => store.get(hash) };
  await world.bet(4);
  await world.settleAndCheck();
});
after(() => world.close());

const verify = (options: Partial<Parameters<typeof verifyChain>[0]> = {}): Promise<VerifyReport> =>
  verifyChain({ rpc: world.node.url, blobs, program: world.house.program, settleMs: 0, ...options });

test('a whole history passes, from its chain and its blobs alone', async () => {
  const report = await verify();
  assert.deepEqual(report.divergences, []);
  assert.equal(report.passed, true);
  assert.equal(report.bets, 12);
  assert.equal(report.vaultsCompared, 3);
});
