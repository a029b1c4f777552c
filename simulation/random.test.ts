import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from './random.ts';

/** Would catch a stream that depends on anything but its seed, or that leaves a range. */
test('a seed gives one stream, in range and spread over it', () => {
  const draw = (seed: number) => {
    const random = new Random(seed);
    return Array.from({ length: 1_000 }, () => random.between(1, 6));
  };
  assert.deepEqual(draw(1), draw(1));
  assert.notDeepEqual(draw(1), draw(2));
  assert.notDeepEqual(draw(1), draw(1 + 2 ** 40));
  const seen = new Map<number, number>();
  for (const value of draw(3)) seen.set(value, (seen.get(value) ?? 0) + 1);
  assert.deepEqual([...seen.keys()].sort(), [1, 2, 3, 4, 5, 6]);
  for (const times of seen.values()) assert.ok(times > 100 && times < 240);
});

test('a fork is a stream of its own: what it draws changes nothing for its parent', () => {
  const rest = (draws: number) => {
    const random = new Random(5);
    const fork = random.fork();
    for (let count = 0; count < draws; count += 1) fork.fraction();
    return [random.fraction(), random.fraction()];
  };
  assert.deepEqual(rest(0), rest(100));
});
