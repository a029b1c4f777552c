// Would catch: a circuit whose development key passes for a ceremony's, and a key that anyone can forge under and that nothing names.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, test } from 'node:test';
import { CIRCUIT_NAMES, loadR1cs } from '../circuits/artifacts.ts';
import { developmentSetup, verifyingKeyBytes } from '../native/index.ts';
import { isDevelopmentKey, keyWeakness } from './development-keys.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();
const keys = new Map<string, Uint8Array>();

before(async () => {
  for (const name of CIRCUIT_NAMES) keys.set(name, verifyingKeyBytes(await developmentSetup(loadR1cs(name))));
});

test('the development key of every circuit is known', () => {
  for (const [circuit, key] of keys) {
    const entry = {
      circuit,
      keySha256: sha256(key).toString('hex'),
      alphaBetaSha256: sha256(key.subarray(0, 192)).toString('hex'),
    };
    assert.ok(isDevelopmentKey(sha256(key)), `add to DEVELOPMENT_KEYS: ${JSON.stringify(entry)}`);
    assert.equal(keyWeakness(key), 'development');
  }
});

test('a contribution on top of a development key does not make it another', () => {
  for (const key of keys.values()) {
    const contributed = key.slice();
    // Any other delta, as only contributions change it.
    contributed[400] = (contributed[400] as number) ^ 1;
    assert.equal(isDevelopmentKey(sha256(contributed)), false);
    assert.equal(keyWeakness(contributed), 'derived-from-development', `alpha and beta are not known`);
  }
});

test('a key that nobody has contributed to is named, another one is not, and other sizes are refused', () => {
  const key = Uint8Array.from({ length: 576 }, (_, index) => index & 0xff);
  assert.equal(keyWeakness(key), undefined);
  key.copyWithin(320, 192, 320);
  assert.equal(keyWeakness(key), 'no-contribution');
  assert.throws(() => keyWeakness(key.subarray(1)), { code: 'BAD_LENGTH' });
  assert.equal(isDevelopmentKey(new Uint8Array(32)), false);
});
