import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { buildEddsa, buildPoseidon } from 'circomlibjs';
import fc from 'fast-check';
import { accountIdOf, domainOf, sessionKeyHashOf } from './account.ts';
import { BASE8, isInSubgroup, isOnCurve, multiplyBase8, pointFromBytes, SUBGROUP_ORDER, toCurve } from './babyjubjub.ts';
import { deltaOf, payoutOf, stakeUnitsOf } from './bet.ts';
import { fieldToHex, fromHex, toHex } from './bytes.ts';
import { signatureFromBytes, signatureToBytes, signEddsa, verifyEddsa } from './eddsa.ts';
import { FIELD_ORDER, fieldFromBytes, fieldToBytes, inverse, legendre, limbs, squareRoot } from './field.ts';
import { PORTABLE_KERNEL, poseidon, useKernel } from './kernel.ts';
import { outcomeOf } from './outcome.ts';
import { pack } from './pack.ts';
import { sessionKeyFromSeed, sessionMessage, sessionSeedFromSignature } from './session.ts';

const vector = (name: string) => JSON.parse(readFileSync(new URL(`vectors/${name}.json`, import.meta.url), 'utf8'));
const field = fc.bigInt({ min: 0n, max: FIELD_ORDER - 1n });
const refuses = (code: string, act: () => unknown) => assert.throws(act, { name: 'ProtocolError', code });

const reference = { eddsa: await buildEddsa(), poseidon: await buildPoseidon() };
after(() => (globalThis as { curve_bn128?: { terminate(): void } }).curve_bn128?.terminate());

describe('field', () => {
  test('bytes come back, and only canonical ones are read', () => {
    fc.assert(fc.property(field, (x) => fieldFromBytes(fieldToBytes(x)) === x));
    refuses('NOT_CANONICAL', () => fieldFromBytes(fromHex(FIELD_ORDER.toString(16), 32)));
    refuses('NOT_CANONICAL', () => fieldToBytes(-1n));
    refuses('BAD_LENGTH', () => fieldFromBytes(new Uint8Array(31)));
  });

  test('exactly one of y and 5 y has a root, and it squares back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: FIELD_ORDER - 1n }), (y) => {
        const roots = [squareRoot(y), squareRoot((5n * y) % FIELD_ORDER)];
        assert.equal(roots.filter((root) => root !== undefined).length, 1);
        assert.equal(legendre(y), roots[0] === undefined ? -1 : 1);
        if (roots[0] !== undefined) assert.equal((roots[0] * roots[0]) % FIELD_ORDER, y);
        assert.equal((y * inverse(y)) % FIELD_ORDER, 1n);
      }),
      { numRuns: 40 },
    );
    assert.equal(squareRoot(0n), 0n);
    assert.equal(legendre(0n), 0);
  });

  test('limbs are the high and the low half', () => {
    assert.deepEqual(limbs(fromHex(`${'00'.repeat(15)}01${'00'.repeat(15)}02`, 32)), [1n, 2n]);
  });
});

describe('pack', () => {
  test('a lane over its width is refused, not carried into its neighbour', () => {
    refuses('NOT_CANONICAL', () => pack([{ name: 'a', value: 256n, bits: 8 }]));
    refuses('NOT_CANONICAL', () => pack([{ name: 'a', value: -1n, bits: 8 }]));
    refuses('NOT_CANONICAL', () =>
      pack([
        { name: 'a', value: 0n, bits: 200 },
        { name: 'b', value: 0n, bits: 64 },
      ]),
    );
    assert.equal(
      pack([
        { name: 'a', value: 0xffn, bits: 8 },
        { name: 'b', value: 1n, bits: 64 },
      ]),
      0x1ffn,
    );
  });
});

describe('poseidon', () => {
  test("is circomlib's for every arity in use", () => {
    for (const { inputs, output } of vector('poseidon')) {
      const values = inputs.map((input: string) => BigInt(`0x${input}`));
      assert.equal(fieldToHex(poseidon(values)), output);
      assert.equal(reference.poseidon.F.toObject(reference.poseidon(values)), BigInt(`0x${output}`));
    }
  });

  test('refuses inputs that are not canonical and arities that the protocol does not use', () => {
    refuses('NOT_CANONICAL', () => poseidon([FIELD_ORDER]));
    refuses('BAD_LENGTH', () => poseidon([1n, 2n, 3n, 4n, 5n, 6n]));
  });

  test('a kernel that computes something else is not installed', () => {
    assert.throws(() => useKernel({ ...PORTABLE_KERNEL, poseidon: () => 1n }), /differs/);
    assert.throws(() => useKernel({ ...PORTABLE_KERNEL, legendre: () => 1 }), /differs/);
    useKernel(PORTABLE_KERNEL);
  });
});

describe('session signatures', () => {
  const key = sessionKeyFromSeed(new Uint8Array(32).fill(7));

  test("circomlibjs accepts ours, and we accept circomlibjs's", () => {
    const { eddsa } = reference;
    const F = eddsa.babyJub.F;
    fc.assert(
      fc.property(field, (message) => {
        const ours = signEddsa(key, message);
        const theirForm = { R8: [F.e(ours.r8.x), F.e(ours.r8.y)], S: ours.s };
        assert.ok(eddsa.verifyPoseidon(F.e(message), theirForm, [F.e(key.publicKey.x), F.e(key.publicKey.y)]));
        const theirs = eddsa.signPoseidon(new Uint8Array(32).fill(9), F.e(message));
        const [x, y] = eddsa.prv2pub(new Uint8Array(32).fill(9)).map((c: Uint8Array) => F.toObject(c));
        const signature = { r8: { x: F.toObject(theirs.R8[0]), y: F.toObject(theirs.R8[1]) }, s: theirs.S };
        assert.ok(verifyEddsa({ publicKey: { x, y }, signature, message }));
      }),
      { numRuns: 10 },
    );
  });

  test('a changed message, key, R8 or S is refused, and so is S + l', () => {
    const message = 123n;
    const signature = signEddsa(key, message);
    const other = sessionKeyFromSeed(new Uint8Array(32).fill(8)).publicKey;
    const publicKey = key.publicKey;
    assert.ok(verifyEddsa({ publicKey, signature, message }));
    assert.ok(!verifyEddsa({ publicKey, signature, message: 124n }));
    assert.ok(!verifyEddsa({ publicKey: other, signature, message }));
    assert.ok(!verifyEddsa({ publicKey, signature: { ...signature, s: signature.s + 1n }, message }));
    assert.ok(!verifyEddsa({ publicKey, signature: { ...signature, s: signature.s + SUBGROUP_ORDER }, message }));
    assert.ok(!verifyEddsa({ publicKey, signature: { ...signature, r8: { ...signature.r8, x: signature.r8.x + 1n } }, message }));
    assert.deepEqual(signatureFromBytes(signatureToBytes(signature)), signature);
    refuses('NOT_CANONICAL', () => signatureFromBytes(new Uint8Array(96).fill(255)));
  });

  test('points of small order and outside the subgroup are told apart', () => {
    const orderTwo = { x: 0n, y: FIELD_ORDER - 1n };
    assert.ok(isOnCurve(orderTwo) && !isInSubgroup(orderTwo));
    assert.ok(!isInSubgroup({ x: 0n, y: 1n }), 'the identity is no key');
    const outside = toCurve(BASE8).add(toCurve(orderTwo)).toAffine();
    assert.ok(isOnCurve(outside) && !isInSubgroup(outside));
    assert.ok(isInSubgroup(multiplyBase8(5n)));
    assert.ok(!isOnCurve({ x: 1n, y: 1n }));
    const signature = { r8: BASE8, s: 1n };
    assert.ok(!verifyEddsa({ publicKey: orderTwo, signature, message: 1n }), 'A of small order signs anything');
  });

  test('the golden vector pins message, derivation and signature', () => {
    const golden = vector('session');
    const seed = sessionSeedFromSignature(fromHex(golden.walletSignature, 64));
    const derived = sessionKeyFromSeed(seed);
    assert.equal(toHex(seed), golden.seed);
    assert.deepEqual(derived.publicKey, pointFromBytes(fromHex(golden.publicKey, 64)));
    assert.equal(fieldToHex(sessionKeyHashOf(derived.publicKey)), golden.sessionKeyHash);
    assert.equal(toHex(signatureToBytes(signEddsa(derived, BigInt(`0x${golden.head}`)))), golden.signature);
    assert.ok(golden.message.startsWith('ZK Casino session key\n\nSite: https://example.com\n'));
  });

  test('a session message can not be made to name another site by a line break', () => {
    const fields = { genesisHash: 'g', house: 'h', deviceNonce: '0'.repeat(32) };
    refuses('BAD_VALUE', () => sessionMessage({ ...fields, origin: 'https://a\nCluster: x' }));
    refuses('BAD_VALUE', () => sessionMessage({ ...fields, origin: 'https://a', deviceNonce: 'short' }));
  });
});

describe('bets and outcomes', () => {
  test('a win pays stakeUnits * (10000 + profitBps), a loss costs the stake, exactly', () => {
    assert.equal(deltaOf({ stakeUnits: 3n, won: true, profitBps: 9_800 }), 29_400n);
    assert.equal(deltaOf({ stakeUnits: 3n, won: false, profitBps: 9_800 }), -30_000n);
    assert.equal(payoutOf({ stakeUnits: 3n, won: true, profitBps: 9_800 }), 59_400n);
    assert.equal(payoutOf({ stakeUnits: 3n, won: false, profitBps: 9_800 }), 0n);
  });

  test('a stake is a positive multiple of the unit below 2^40 units', () => {
    assert.equal(stakeUnitsOf(10_000n), 1n);
    for (const amount of [0n, 9_999n, 10_001n, -10_000n, (1n << 40n) * 10_000n]) refuses('BAD_VALUE', () => stakeUnitsOf(amount));
  });

  test('an outcome of zero is refused, all others are a bit', () => {
    refuses('BAD_VALUE', () => outcomeOf({ serverSeed: 1n, head: FIELD_ORDER - 1n }));
    fc.assert(
      fc.property(field, (head) => [0, 1].includes(outcomeOf({ serverSeed: 2n, head }))),
      { numRuns: 20 },
    );
  });

  test('the same vault has another account in another cluster', () => {
    const vault = new Uint8Array(32).fill(1);
    const [one, other] = [domainOf(new Uint8Array(32).fill(2)), domainOf(new Uint8Array(32).fill(3))];
    assert.notEqual(accountIdOf({ domain: one, vault }), accountIdOf({ domain: other, vault }));
  });
});
