// Would catch: lamports taken for SOL or the other way round, a digit that is lost, an amount that means two things.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { amountOf, inSol, money } from './amounts.ts';

test('a number is SOL, and lamports say so', () => {
  const read: [string, bigint][] = [
    ['1.5', 1_500_000_000n],
    ['1.5SOL', 1_500_000_000n],
    ['2 sol', 2_000_000_000n],
    ['0.000000001', 1n],
    ['1500000000lamports', 1_500_000_000n],
    ['1 lamport', 1n],
    ['18446744073709551615lamports', (1n << 64n) - 1n],
    ['1000000SOL', 1_000_000_000_000_000n],
  ];
  for (const [text, lamports] of read) assert.equal(amountOf(text), lamports, text);
});

test('what is not clear is refused', () => {
  const refused = [
    '',
    '0',
    '0.0',
    '-1',
    '+1',
    '1e3',
    '1,5',
    '1.',
    '.5',
    '0.0000000001',
    '1.5lamports',
    '0x10',
    'all',
    '1 2',
    'SOL',
    '１',
  ];
  for (const text of [...refused, '1500000000', '18446744073709551616lamports', '99999999999SOL']) {
    assert.throws(() => amountOf(text), { name: 'InvalidArgumentError' } as never, text);
  }
});

test('what is shown reads back as the same amount', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: (1n << 64n) - 1n }), (lamports) => {
      assert.equal(amountOf(`${inSol(lamports)}SOL`), lamports);
      assert.equal(money(lamports), `${inSol(lamports)} SOL (${lamports} lamports)`);
    }),
  );
  assert.equal(inSol(-1_500_000_000n), '-1.5');
});
