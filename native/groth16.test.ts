// Would catch: a proof that others refuse, one of a false statement, a key that differs from run to run, a lost abort.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { developmentSetup, type Groth16Proof, Prover, verifyGroth16, verifyingKeyBytes } from './index.ts';
import { g1OffCurve, g2OutsideSubgroup } from './test/bad-points.ts';
import {
  BASE_MODULUS,
  fromBytes,
  multiplierR1cs,
  multiplierWitness,
  SCALAR_MODULUS,
  snarkjs,
  stopReferenceThreads,
  toBytes,
  toSnarkjs,
  withCode,
} from './test/fixtures.ts';

let zkey: Uint8Array;
let prover: Prover;
let witness: Uint8Array;
let proof: Groth16Proof;

before(async () => {
  zkey = await developmentSetup(multiplierR1cs);
  prover = await Prover.load(zkey);
  witness = await multiplierWitness({ x: 3n, y: 5n });
  proof = await prover.prove(witness);
});
after(stopReferenceThreads);

const verify = (changed: Partial<Groth16Proof>) => verifyGroth16({ verifyingKey: prover.verifyingKey, ...proof, ...changed });

/** `toSnarkjs` backwards. */
function fromSnarkjs({ pi_a: a, pi_b: b, pi_c: c }: { pi_a: string[]; pi_b: string[][]; pi_c: string[] }): Uint8Array {
  const coordinates = [a[0], a[1], b[0]?.[1], b[0]?.[0], b[1]?.[1], b[1]?.[0], c[0], c[1]];
  return toBytes(...coordinates.map((coordinate) => BigInt(coordinate ?? 0)));
}

test('the set-up of one circuit is the same every time, and marked', async () => {
  assert.deepEqual(await developmentSetup(multiplierR1cs), zkey);
  assert.equal(prover.isDevelopmentKey, true);
  assert(Buffer.from(zkey).includes('DEVELOPMENT ONLY'));
});

test('a proof verifies natively and in snarkjs, with the public inputs of the witness', async () => {
  assert.deepEqual(fromBytes(proof.publicInputs), [3n ** 65n + 5n, 15n, 5n]);
  assert.equal(verify({}), true);
  const key = await snarkjs.zKey.exportVerificationKey(zkey);
  assert.equal(await snarkjs.groth16.verify(key, fromBytes(proof.publicInputs).map(String), toSnarkjs(proof.proof)), true);
});

test('a proof of a key with fewer points in its tables verifies, and the tables are as much smaller', async () => {
  const windows = (bits: number) => Math.ceil(255 / bits);
  for (const tablePasses of [1, 2, 5, 32, 64]) {
    const other = await Prover.load(zkey, { windowBits: 8, tablePasses });
    const full = await Prover.load(zkey, { windowBits: 8 });
    const stored = Math.ceil(windows(8) / tablePasses);
    assert.equal(other.tableBytes * windows(8), full.tableBytes * stored);
    assert.equal(verifyGroth16({ verifyingKey: other.verifyingKey, ...(await other.prove(witness)) }), true);
  }
});

test('a proof that snarkjs makes with the key verifies natively', async () => {
  const made = await snarkjs.groth16.prove(zkey, witness);
  assert.equal(verify({ proof: fromSnarkjs(made.proof) }), true);
  assert.deepEqual(made.publicSignals, fromBytes(proof.publicInputs).map(String));
});

test('two proofs of one witness differ: they are blinded', async () => {
  assert.notDeepEqual((await prover.prove(witness)).proof, proof.proof);
});

test('the verifying key is the one of snarkjs, in EIP-197 order', async () => {
  const key = await snarkjs.zKey.exportVerificationKey(zkey);
  const g1 = ([x, y]: string[]) => [x, y];
  const g2 = ([x, y]: string[][]) => [x?.[1], x?.[0], y?.[1], y?.[0]];
  const points = [g1(key.vk_alpha_1), g2(key.vk_beta_2), g2(key.vk_gamma_2), g2(key.vk_delta_2), ...key.IC.map(g1)];
  const expected = toBytes(...points.flat().map((coordinate) => BigInt(coordinate)));
  assert.deepEqual(verifyingKeyBytes(zkey), expected);
  assert.deepEqual(prover.verifyingKey, expected);
});

test('the compressed proof has x of each point and its sign', () => {
  const [ax, ay, bx1, bx0, by1, by0, cx, cy] = fromBytes(proof.proof) as [bigint, ...bigint[]] & { length: 8 };
  const half = (BASE_MODULUS - 1n) / 2n;
  const flag = (negative: boolean) => (negative ? 1n << 255n : 0n);
  const bNegative = by1 === 0n ? (by0 ?? 0n) > half : (by1 ?? 0n) > half;
  const expected = [ax | flag((ay ?? 0n) > half), (bx1 ?? 0n) | flag(bNegative), bx0 ?? 0n, (cx ?? 0n) | flag((cy ?? 0n) > half)];
  assert.deepEqual(fromBytes(proof.compressed), expected);
});

test('any changed byte of proof or inputs is refused', () => {
  for (let i = 0; i < proof.proof.length; i += 5) {
    const changed = proof.proof.slice();
    changed[i] = (changed[i] ?? 0) ^ 1;
    assert.equal(verify({ proof: changed }), false, `byte ${i}`);
  }
  const [first = 0n, ...rest] = fromBytes(proof.publicInputs);
  assert.equal(verify({ publicInputs: toBytes(first + 1n, ...rest) }), false);
  assert.throws(() => verify({ publicInputs: toBytes(first + SCALAR_MODULUS, ...rest) }), withCode('NOT_CANONICAL'));
  assert.throws(() => verify({ publicInputs: toBytes(first) }), withCode('INVALID_ARGUMENT'));
  assert.throws(() => verify({ proof: proof.proof.slice(1) }), withCode('INVALID_ARGUMENT'));
});

test('points off the curve or outside the subgroup are refused', () => {
  const replaced = (bytes: Uint8Array, at: number, part: Uint8Array) => {
    const out = bytes.slice();
    out.set(part, at);
    return out;
  };
  assert.equal(verify({ proof: replaced(proof.proof, 0, toBytes(...g1OffCurve())) }), false);
  const [x0, x1, y0, y1] = g2OutsideSubgroup();
  const g2 = toBytes(x1, x0, y1, y0);
  assert.equal(verify({ proof: replaced(proof.proof, 64, g2) }), false);
  const [ax = 0n, ay = 0n] = fromBytes(proof.proof);
  assert.equal(verify({ proof: replaced(proof.proof, 0, toBytes(ax + BASE_MODULUS, ay)) }), false);
  for (const at of [64, 192, 320]) {
    const verifyingKey = replaced(prover.verifyingKey, at, g2);
    assert.throws(() => verifyGroth16({ ...proof, verifyingKey }), withCode('MALFORMED_VERIFYING_KEY'));
  }
  for (const length of [0, 447, 448, 513]) {
    const verifyingKey = prover.verifyingKey.slice(0, length);
    assert.throws(() => verifyGroth16({ ...proof, verifyingKey }), withCode('MALFORMED_VERIFYING_KEY'));
  }
});

test('a witness that breaks a constraint gives an error and no proof', async () => {
  const wires = (witness.length - 76) / 32;
  for (let wire = 1; wire < wires; wire++) {
    const changed = witness.slice();
    const at = 76 + 32 * wire;
    changed[at] = (changed[at] ?? 0) ^ 1;
    await assert.rejects(prover.prove(changed), withCode('WITNESS_UNSATISFIED'), `wire ${wire}`);
  }
});

test('proofs asked for together all come, on one lane and on several', async () => {
  const lanes = await Prover.load(zkey, { concurrentProofs: 3, threadsPerProof: 1, windowBits: 5 });
  for (const each of [prover, lanes]) {
    const proofs = await Promise.all(Array.from({ length: 12 }, () => each.prove(witness)));
    for (const made of proofs) assert.equal(verify(made), true);
  }
});

test('a full queue says BUSY, and what was queued is proven', async () => {
  const one = await Prover.load(zkey, { threadsPerProof: 1 });
  const results = await Promise.allSettled(Array.from({ length: 200 }, () => one.prove(witness)));
  const refused = results.filter((result) => result.status === 'rejected');
  // 64 may wait; how many more are done meanwhile depends on the machine.
  assert(refused.length > 0 && refused.length <= 200 - 64);
  for (const result of refused) withCode('BUSY')(result.reason);
});

test('an aborted proof is an error, before it starts and while it waits', async () => {
  await assert.rejects(prover.prove(witness, { signal: AbortSignal.abort() }), withCode('ABORTED'));
  const controller = new AbortController();
  const kept = Array.from({ length: 8 }, () => prover.prove(witness));
  const aborted = prover.prove(witness, { signal: controller.signal });
  controller.abort();
  await assert.rejects(aborted, withCode('ABORTED'));
  for (const made of await Promise.all(kept)) assert.equal(verify(made), true);
});

test('options out of range are refused', async () => {
  for (const options of [
    { windowBits: 3 },
    { windowBits: 19 },
    { tablePasses: 0 },
    { tablePasses: 65 },
    { concurrentProofs: 65 },
    { threadsPerProof: 1.5 },
    { threadsPerProof: -1 },
  ]) {
    await assert.rejects(Prover.load(zkey, options), withCode('INVALID_ARGUMENT'));
  }
});
