import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { poseidon, publicKeyStatus, verifyEddsaPoseidon } from './index.ts';

const vector = (name: string) => JSON.parse(readFileSync(new URL(`../protocol/vectors/${name}.json`, import.meta.url), 'utf8'));
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));

test("the kernel's Poseidon gives the protocol's golden outputs", () => {
  for (const { inputs, output } of vector('poseidon')) {
    assert.deepEqual(poseidon(bytes(inputs.join(''))), bytes(output));
  }
});

test('the kernel takes the golden session key and signature, and no other head', () => {
  const { publicKey, signature, head, sessionKeyHash } = vector('session');
  const signed = { publicKey: bytes(publicKey), signature: bytes(signature), message: bytes(head) };
  assert.equal(publicKeyStatus(signed.publicKey), 'valid');
  assert.deepEqual(poseidon(signed.publicKey), bytes(sessionKeyHash));
  assert.ok(verifyEddsaPoseidon(signed));
  assert.ok(!verifyEddsaPoseidon({ ...signed, message: bytes(sessionKeyHash) }));
});
