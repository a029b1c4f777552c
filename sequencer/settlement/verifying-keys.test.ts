import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SYSTEM_CLOCK } from '../clock.ts';
import { FakeSettlementChain } from '../test/fake-settlement-chain.ts';
import { VerifyingKeys } from './verifying-keys.ts';

// Catches a look that believes a node's made-up slot for ever: no size would be usable until the next start.
test('an answer from a slot that never was is followed by the next one', async () => {
  const chain = new FakeSettlementChain();
  let nowMs = 0;
  const keys = new VerifyingKeys({ chain, clock: { ...SYSTEM_CLOCK, nowMs: () => nowMs } });
  const sizes = [{ name: 'tiny', vkId: 1, maxBets: 3, maxVaults: 1 }];
  const honest = chain.verifyingKeys.bind(chain);
  chain.verifyingKeys = async () => ({ slot: 9_999_999n, keys: new Map() });
  assert.deepEqual(await keys.usable(sizes, 10n), []);
  chain.verifyingKeys = honest;
  nowMs += 10_000;
  assert.deepEqual(await keys.usable(sizes, 10n), sizes);
});
