import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { getBase58Decoder } from '@solana/kit';
import { decodeBase58, encodeBase58 } from './base58.ts';

test('base58 agrees with kit on every length and on leading zeros', () => {
  for (let index = 0; index < 300; index += 1) {
    const bytes = new Uint8Array(randomBytes(index % 70));
    bytes.fill(0, 0, index % 5);
    const text = encodeBase58(bytes);
    assert.equal(text, getBase58Decoder().decode(bytes));
    assert.deepEqual(decodeBase58(text), bytes);
  }
  for (const bad of ['0', 'O', 'I', 'l', 'a b', 'é']) assert.equal(decodeBase58(bad), null);
});
