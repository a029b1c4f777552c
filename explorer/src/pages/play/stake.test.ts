// Would catch: an amount that is read as another one, and a stake that the house would have to refuse.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lamportsOf, STAKE_STEP, scaled, solText, wrongStake } from './stake.ts';

test('an amount of SOL is read exactly, and anything else is none', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 17n }), (lamports) => {
      assert.equal(lamportsOf(solText(lamports)), lamports);
    }),
  );
  assert.equal(lamportsOf(' 0,05 '), 50_000_000n);
  for (const text of ['', '.', '1.', '.5', '-1', '+1', '1e9', '0x1', '1_000', '1 000', '1.0000000001', 'NaN', '９']) {
    assert.equal(lamportsOf(text), undefined, text);
  }
});

test('a stake is in whole steps, within balance and limit', () => {
  const limits = { balance: 5n * STAKE_STEP, maxStake: 3n * STAKE_STEP };
  for (const stake of [1n, 2n, 3n]) assert.equal(wrongStake(stake * STAKE_STEP, limits), undefined);
  for (const stake of [undefined, 0n, 1n, STAKE_STEP + 1n, 4n * STAKE_STEP]) assert.ok(wrongStake(stake, limits));
  assert.match(wrongStake(6n * STAKE_STEP, { ...limits, maxStake: undefined }) ?? '', /More than/);
  assert.equal(scaled(STAKE_STEP, 'half', undefined), STAKE_STEP);
  assert.equal(scaled(3n * STAKE_STEP, 'half', undefined), STAKE_STEP);
  assert.equal(scaled(2n * STAKE_STEP, 'double', limits.maxStake), limits.maxStake);
  assert.equal(scaled(0n, 'double', undefined), STAKE_STEP);
});
