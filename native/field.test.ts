// Would catch: a hash that differs from circomlib's in any width, a wrong root, a value taken that is not canonical.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { legendre, poseidon, sqrt } from './index.ts';
import { circomlibjs, fromBytes, SCALAR_MODULUS, stopReferenceThreads, toBytes, withCode } from './test/fixtures.ts';

const element = fc.oneof(fc.constantFrom(0n, 1n, SCALAR_MODULUS - 1n), fc.bigInt({ min: 0n, max: SCALAR_MODULUS - 1n }));

after(stopReferenceThreads);

test('Poseidon equals circomlibjs for 1 to 12 inputs', async () => {
  const reference = await circomlibjs.buildPoseidon();
  for (let count = 1; count <= 12; count++) {
    fc.assert(
      fc.property(fc.array(element, { minLength: count, maxLength: count }), (inputs) => {
        assert.deepEqual(fromBytes(poseidon(toBytes(...inputs))), [reference.F.toObject(reference(inputs))]);
      }),
      { numRuns: 20 },
    );
  }
});

test('Poseidon has the published value of two inputs', () => {
  // The test vector of circomlib and of the Poseidon paper's reference code for (1, 2).
  const expected = 7853200120776062878684798364095072458815029376092732009249414926327459813530n;
  assert.deepEqual(fromBytes(poseidon(toBytes(1n, 2n))), [expected]);
});

test('Poseidon refuses other lengths and values that are not canonical', () => {
  assert.throws(() => poseidon(new Uint8Array(0)), withCode('INVALID_ARGUMENT'));
  assert.throws(() => poseidon(new Uint8Array(13 * 32)), withCode('INVALID_ARGUMENT'));
  assert.throws(() => poseidon(new Uint8Array(33)), withCode('INVALID_ARGUMENT'));
  assert.throws(() => poseidon(toBytes(1n, SCALAR_MODULUS)), withCode('NOT_CANONICAL'));
  assert.throws(() => poseidon(new Uint8Array(32).fill(255)), withCode('NOT_CANONICAL'));
});

test('only a Uint8Array over memory of its own is taken', () => {
  for (const value of ['00', null, undefined, 5, new Uint16Array(16), new ArrayBuffer(32), [1]]) {
    assert.throws(() => poseidon(value as never), withCode('INVALID_ARGUMENT'));
  }
  assert.throws(() => poseidon(new Uint8Array(new SharedArrayBuffer(32))), withCode('INVALID_ARGUMENT'));
});

function powerMod(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, base % SCALAR_MODULUS];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % SCALAR_MODULUS;
    square = (square * square) % SCALAR_MODULUS;
  }
  return result;
}

test('the Legendre symbol equals Euler’s criterion', () => {
  fc.assert(
    fc.property(element, (x) => {
      const power = powerMod(x, (SCALAR_MODULUS - 1n) / 2n);
      assert.equal(legendre(toBytes(x)), power === SCALAR_MODULUS - 1n ? -1 : Number(power));
    }),
  );
});

test('the square root is the smaller one, and null for a non-square', () => {
  fc.assert(
    fc.property(element, (x) => {
      const smaller = 2n * x <= SCALAR_MODULUS ? x : SCALAR_MODULUS - x;
      const root = sqrt(toBytes((x * x) % SCALAR_MODULUS));
      assert(root !== null);
      assert.deepEqual(fromBytes(root), [smaller]);
      // 5 is a non-residue, so 5 x^2 is one too.
      if (x !== 0n) assert.equal(sqrt(toBytes((5n * x * x) % SCALAR_MODULUS)), null);
    }),
  );
  assert.throws(() => sqrt(toBytes(SCALAR_MODULUS)), withCode('NOT_CANONICAL'));
  assert.throws(() => legendre(toBytes(SCALAR_MODULUS)), withCode('NOT_CANONICAL'));
  assert.throws(() => legendre(new Uint8Array(31)), withCode('INVALID_ARGUMENT'));
});
