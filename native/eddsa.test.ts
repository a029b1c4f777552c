// Would catch: a signature accepted that the circuit refuses, or refused that it accepts.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import {
  MAX_SIGNATURE_BATCH,
  poseidon,
  publicKeyStatus,
  type SignedMessage,
  verifyEddsaPoseidon,
  verifyEddsaPoseidonBatch,
} from './index.ts';
import { circomlibjs, fromBytes, SCALAR_MODULUS, stopReferenceThreads, toBytes, withCode } from './test/fixtures.ts';

const SUBGROUP_ORDER = 2736030358979909402780800718157159386076813972158567259200215660948447373041n;

type Point = readonly [bigint, bigint];
type Signature = { key: Point; r8: Point; s: bigint; message: bigint };

const IDENTITY: Point = [0n, 1n];
const scalar = fc.bigInt({ min: 1n, max: SUBGROUP_ORDER - 1n });
const element = fc.bigInt({ min: 0n, max: SCALAR_MODULUS - 1n });

let eddsa: Awaited<ReturnType<typeof circomlibjs.buildEddsa>>;
let base8: Point;
/** A generator of the eight points of small order. */
let torsion: Point;

const toReference = (point: Point) => point.map((coordinate) => eddsa.F.e(coordinate));
const fromReference = (point: readonly unknown[]): Point => [eddsa.F.toObject(point[0]), eddsa.F.toObject(point[1])];
const add = (a: Point, b: Point) => fromReference(eddsa.babyJub.addPoint(toReference(a), toReference(b)));
const multiply = (a: Point, factor: bigint) => fromReference(eddsa.babyJub.mulPointEscalar(toReference(a), factor));

before(async () => {
  eddsa = await circomlibjs.buildEddsa();
  base8 = fromReference(eddsa.babyJub.Base8);
  torsion = multiply(fromReference(eddsa.babyJub.Generator), SUBGROUP_ORDER);
});
after(stopReferenceThreads);

/** Signs, with a small-order point of choice added to A and R8 before they are hashed. */
function sign(options: { secret: bigint; nonce: bigint; message: bigint; keyTwist?: bigint; r8Twist?: bigint }): Signature {
  const { secret, nonce, message, keyTwist = 0n, r8Twist = 0n } = options;
  const key = add(multiply(base8, secret), multiply(torsion, keyTwist));
  const r8 = add(multiply(base8, nonce), multiply(torsion, r8Twist));
  const [h = 0n] = fromBytes(poseidon(toBytes(...r8, ...key, message)));
  return { key, r8, s: (nonce + 8n * h * secret) % SUBGROUP_ORDER, message };
}

function pack({ key, r8, s, message }: Signature): SignedMessage {
  return { publicKey: toBytes(...key), signature: toBytes(...r8, s), message: toBytes(message) };
}

const verify = (signature: Signature) => verifyEddsaPoseidon(pack(signature));

/** circomlibjs' verifier, and the one check more that the circuit makes: 8A is not the identity. */
function referenceVerify({ key, r8, s, message }: Signature): boolean {
  const holds: boolean = eddsa.verifyPoseidon(eddsa.F.e(message), { R8: toReference(r8), S: s }, toReference(key));
  return holds && multiply(key, 8n)[0] !== 0n;
}

test('signatures of circomlibjs verify, for a random key and message', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), element, (secret, message) => {
      const { R8, S } = eddsa.signPoseidon(Buffer.from(secret), eddsa.F.e(message));
      const signature = { key: fromReference(eddsa.prv2pub(Buffer.from(secret))), r8: fromReference(R8), s: S, message };
      assert.equal(verify(signature), true);
      assert.equal(publicKeyStatus(toBytes(...signature.key)), 'valid');
    }),
    { numRuns: 25 },
  );
});

test('a changed field verifies exactly when circomlibjs says so', () => {
  const change = fc.record({ field: fc.nat(6), by: fc.bigInt({ min: 1n, max: 1000n }) });
  fc.assert(
    fc.property(scalar, scalar, element, change, (secret, nonce, message, { field, by }) => {
      const original = sign({ secret, nonce, message });
      const changed = { ...original };
      if (field === 0) changed.message = (message + by) % SCALAR_MODULUS;
      if (field === 1) changed.s = (original.s + by) % SUBGROUP_ORDER;
      if (field === 2) changed.r8 = add(original.r8, multiply(base8, by));
      if (field === 3) changed.key = add(original.key, multiply(base8, by));
      if (field === 4) changed.r8 = [(original.r8[0] + by) % SCALAR_MODULUS, original.r8[1]];
      if (field === 5) changed.key = [original.key[0], (original.key[1] + by) % SCALAR_MODULUS];
      assert.equal(verify(changed), field === 6);
      assert.equal(referenceVerify(changed), field === 6);
    }),
    { numRuns: 60 },
  );
});

test('small-order parts: of A they change nothing, of R8 they break the signature', () => {
  for (let twist = 0n; twist < 8n; twist++) {
    const secrets = { secret: 12345n, nonce: 6789n, message: 42n };
    const twistedKey = sign({ ...secrets, keyTwist: twist });
    assert.equal(verify(twistedKey), true);
    assert.equal(referenceVerify(twistedKey), true);
    assert.equal(publicKeyStatus(toBytes(...twistedKey.key)), twist === 0n ? 'valid' : 'outside-subgroup');
    const twistedR8 = sign({ ...secrets, r8Twist: twist });
    assert.equal(verify(twistedR8), twist === 0n);
    assert.equal(referenceVerify(twistedR8), twist === 0n);
  }
});

test('a key of small order is refused, though its equation holds', () => {
  for (let twist = 0n; twist < 8n; twist++) {
    const key = multiply(torsion, twist);
    // 8A is the identity, so S * B8 == R8 holds for every message.
    const forged = { key, r8: multiply(base8, 99n), s: 99n, message: 7n };
    assert.equal(eddsa.verifyPoseidon(eddsa.F.e(7n), { R8: toReference(forged.r8), S: 99n }, toReference(key)), true);
    assert.equal(verify(forged), false);
    assert.equal(publicKeyStatus(toBytes(...key)), 'small-order');
  }
  assert.equal(publicKeyStatus(toBytes(...IDENTITY)), 'small-order');
});

test('S is taken only below the subgroup order', () => {
  const signature = sign({ secret: 5n, nonce: 6n, message: 7n });
  for (let s = signature.s + SUBGROUP_ORDER; s < 1n << 256n; s += SUBGROUP_ORDER) {
    assert.equal(verify({ ...signature, s }), false);
  }
  // R8 = -h 8A makes S = 0 the right value; so does R8 = identity with a suitable nonce.
  assert.equal(verify(sign({ secret: 5n, nonce: SUBGROUP_ORDER, message: 7n })), true);
});

test('coordinates and message are taken only when canonical', () => {
  const original = sign({ secret: 5n, nonce: 6n, message: 7n });
  const [x, y] = original.key;
  const [rx, ry] = original.r8;
  assert.equal(verify({ ...original, key: [x + SCALAR_MODULUS, y] }), false);
  assert.equal(verify({ ...original, key: [x, y + SCALAR_MODULUS] }), false);
  assert.equal(verify({ ...original, r8: [rx + SCALAR_MODULUS, ry] }), false);
  assert.equal(verify({ ...original, r8: [rx, ry + SCALAR_MODULUS] }), false);
  assert.equal(verify({ ...original, message: 7n + SCALAR_MODULUS }), false);
  assert.equal(publicKeyStatus(toBytes(x + SCALAR_MODULUS, y)), 'not-canonical');
  assert.equal(publicKeyStatus(toBytes(x + 1n, y)), 'off-curve');
  assert.equal(publicKeyStatus(toBytes(0n, 0n)), 'off-curve');
});

test('a wrong length is an error, not a refusal', () => {
  const item = pack(sign({ secret: 5n, nonce: 6n, message: 7n }));
  for (const field of ['publicKey', 'signature', 'message'] as const) {
    for (const length of [0, 31, 63, 65, 95, 97]) {
      assert.throws(() => verifyEddsaPoseidon({ ...item, [field]: new Uint8Array(length) }), withCode('INVALID_ARGUMENT'));
    }
  }
  assert.throws(() => publicKeyStatus(new Uint8Array(63)), withCode('INVALID_ARGUMENT'));
});

test('random bytes never verify and never throw', () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  fc.assert(
    fc.property(bytes(64), bytes(96), bytes(32), (publicKey, signature, message) => {
      assert.equal(verifyEddsaPoseidon({ publicKey, signature, message }), false);
      assert.notEqual(publicKeyStatus(publicKey), 'valid');
    }),
    { numRuns: 500 },
  );
});

test('a batch answers as its items do, and names its limit', async () => {
  const good = sign({ secret: 5n, nonce: 6n, message: 7n });
  const items = Array.from({ length: 200 }, (_, i) => pack(i % 3 === 0 ? { ...good, message: BigInt(i) } : good));
  assert.deepEqual(await verifyEddsaPoseidonBatch(items), items.map(verifyEddsaPoseidon));
  assert.deepEqual(await verifyEddsaPoseidonBatch([]), []);
  const item = pack(good);
  await assert.rejects(verifyEddsaPoseidonBatch(Array(MAX_SIGNATURE_BATCH + 1).fill(item)), withCode('TOO_LARGE'));
  await assert.rejects(verifyEddsaPoseidonBatch([{ ...item, message: new Uint8Array(31) }]), withCode('INVALID_ARGUMENT'));
  await assert.rejects(verifyEddsaPoseidonBatch([{ ...item, message: 'x' as never }]), withCode('INVALID_ARGUMENT'));
});
