// Would catch: an amount that is rounded, a search that leads to the wrong place, a filtered list that loses rows between two pages.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ago, duration, exactTime, grouped, isoTime, roughSol, shortened, sol } from './format.ts';
import { gather } from './gather.ts';
import { hrefOf, known } from './query.ts';
import { placeOf } from './search.ts';

test('lamports in SOL are exact, however many', () => {
  assert.equal(sol('1'), '0.000000001');
  assert.equal(sol('1234500000'), '1.2345');
  assert.equal(sol('18446744073709551615'), '18,446,744,073.709551615');
  assert.equal(sol(-1_500_000_000n), '−1.5');
  assert.equal(sol('0'), '0');
  assert.equal(roughSol('1000999999999'), '1,000.999');
  assert.equal(grouped('9007199254740993'), '9,007,199,254,740,993');
});

test('a time that is no time does not take the page down: a house signs whatever it likes', () => {
  assert.equal(isoTime(0), '1970-01-01T00:00:00.000Z');
  for (const timeMs of [Number(2n ** 64n - 1n), Number.MAX_SAFE_INTEGER, Number.NaN]) {
    assert.equal(isoTime(timeMs), undefined);
    assert.equal(typeof exactTime(timeMs), 'string');
  }
});

test('times and names are short', () => {
  assert.deepEqual([999, 1_500, 59_900, 61_000, 3_660_000].map(duration), [
    '999 ms',
    '1.50 s',
    '59.9 s',
    '1 min 1 s',
    '1 h 1 min',
  ]);
  assert.deepEqual(
    [0, 5_000, 65_000, 3_600_000, 90_000_000].map((age) => ago(0, age)),
    ['just now', '5 s ago', '1 min ago', '1 h ago', '1 d ago'],
  );
  assert.equal(shortened('0123456789abcdef'), '012345…cdef');
  assert.equal(shortened('short'), 'short');
});

test('the search leads to bets, batches and bettors, and nowhere else', () => {
  assert.equal(placeOf(` ${'A'.repeat(64)} `), `/bets/${'a'.repeat(64)}`);
  assert.equal(placeOf('#12'), '/batches/12');
  assert.equal(placeOf('batch 12'), '/batches/12');
  assert.equal(
    placeOf('9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin'),
    '/bets?user=9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin',
  );
  for (const text of ['', '0', '-1', 'javascript:alert(1)', '//evil.example', 'g'.repeat(64), '1'.repeat(20)])
    assert.equal(placeOf(text), undefined, text);
});

test('addresses keep what is filtered, and nothing that is empty or strange', () => {
  assert.equal(hrefOf('/bets', { user: 'a&b', won: '', batch: undefined }), '/bets?user=a%26b');
  assert.deepEqual(known({ user: 'a', other: 'b', won: '' }, ['user', 'won']), { user: 'a' });
});

test('a page is filled over several requests, goes on where it ended, and ends', async () => {
  const asked: [string | undefined, number][] = [];
  const pages = [
    { rows: [1], next: 'a' },
    { rows: [], next: 'b' },
    { rows: [2, 3], next: 'c' },
  ];
  const read = async ({ cursor, limit }: { cursor: string | undefined; limit: number }) => {
    asked.push([cursor, limit]);
    return pages[asked.length - 1] ?? { rows: [], next: 'd' };
  };
  assert.deepEqual(await gather({ cursor: undefined, limit: 3, read }), { rows: [1, 2, 3], next: 'c' });
  assert.deepEqual(asked, [
    [undefined, 3],
    ['a', 2],
    ['b', 2],
  ]);
  assert.deepEqual(await gather({ cursor: 'c', limit: 3, read }), { rows: [], next: 'd' });
  assert.ok(asked.length < 20, 'a search without end is cut off');
  assert.deepEqual(await gather({ cursor: undefined, limit: 3, read: async () => ({ rows: [7], next: null }) }), {
    rows: [7],
    next: null,
  });
});
