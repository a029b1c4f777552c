import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSeed } from './run.ts';

/** The long form is `npm run simulate -- --seeds 10000`. */
const SEEDS = 80;
const FIRST_SEED = 500_000;

test('whatever fails, every receipt is settled exactly once or voided by its own exit, and all comes to rest', async () => {
  let archivedBets = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed += 1) {
    const { problems, tail, coverage } = await runSeed(seed);
    archivedBets += coverage.archivedBets;
    const again = `npm run simulate -- --seed ${seed} --trace\n${tail.slice(-40).join('\n')}`;
    assert.deepEqual(problems, [], again);
  }
  assert.ok(archivedBets > 0, 'some of them are read from archives');
});

test('the same seed gives the same trace, another seed another one', async () => {
  const [first, again, other] = [await runSeed(7), await runSeed(7), await runSeed(8)];
  assert.equal(first.traceHash, again.traceHash);
  assert.deepEqual(first.coverage, again.coverage);
  assert.notEqual(first.traceHash, other.traceHash);
});

test('a disk that answers before it has written is noticed', async () => {
  const found: string[] = [];
  for (let seed = 1; seed <= 20; seed += 1) found.push(...(await runSeed(seed, { sabotage: 'lying-disk' })).problems);
  assert.ok(found.length > 0);
});
