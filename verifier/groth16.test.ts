// Would catch: a proof that others refuse being accepted, one that the program accepts being refused, a key that binds nothing.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { bn254 } from '@noble/curves/bn254.js';
import fc from 'fast-check';
import { circuitInfo, loadR1cs } from '../circuits/artifacts.ts';
import { plainBatch, statementOf } from '../circuits/test/batches.ts';
import { witnessCalculator } from '../circuits/witness.ts';
import { witnessInputOf } from '../circuits/witness-input.ts';
import { developmentSetup, Prover, verifyGroth16 as verifyNatively } from '../native/index.ts';
import { snarkjs, stopReferenceThreads, toSnarkjs } from '../native/test/fixtures.ts';
import { keyBytes, pointOutsideSubgroup, simulateProof, TRAPDOOR } from '../program/test/trapdoor.ts';
import { publicBatchOf, publicInput } from '../protocol/batch.ts';
import { concat } from '../protocol/bytes.ts';
import { bytesToInteger, integerToBytes } from '../protocol/field.ts';
import { prepareKey, verifyGroth16 } from './groth16.ts';

after(stopReferenceThreads);

const key = prepareKey(keyBytes(TRAPDOOR));
const X = 0x1234n;
const proof = simulateProof(X);

test('a proof of its input holds, whatever its randomness, and for no other input', () => {
  assert.equal(verifyGroth16({ key, proof, publicInput: X }), true);
  assert.equal(verifyGroth16({ key, proof: simulateProof(X, { a: 5n, b: 6n }), publicInput: X }), true);
  assert.equal(verifyGroth16({ key, proof, publicInput: X + 1n }), false);
  assert.equal(verifyGroth16({ key, proof: simulateProof(0n), publicInput: 0n }), true);
  assert.equal(verifyGroth16({ key: prepareKey(keyBytes({ ...TRAPDOOR, delta: 7n })), proof, publicInput: X }), false);
});

test('every flipped bit of a proof breaks it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 8 * proof.length - 1 }), (bit) => {
      const changed = Uint8Array.from(proof);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      assert.equal(verifyGroth16({ key, proof: changed, publicInput: X }), false);
    }),
    { numRuns: 60 },
  );
  for (const at of [0, 32, 96]) {
    for (const flag of [0x80, 0x40, 0xc0]) {
      const changed = Uint8Array.from(proof);
      changed[at] = (changed[at] as number) ^ flag;
      assert.equal(verifyGroth16({ key, proof: changed, publicInput: X }), false, `${at} ${flag}`);
    }
  }
});

test('points at infinity, of another group or above the modulus are no proof', () => {
  const outside = pointOutsideSubgroup();
  const bad: [number, Uint8Array][] = [
    [0, new Uint8Array(32)],
    [32, new Uint8Array(64)],
    [96, new Uint8Array(32)],
    [32, outside.slice(0, 64)],
    [0, integerToBytes(bn254.fields.Fp.ORDER + 1n)],
  ];
  for (const [at, bytes] of bad) {
    const changed = Uint8Array.from(proof);
    changed.set(bytes, at);
    assert.equal(verifyGroth16({ key, proof: changed, publicInput: X }), false);
  }
  assert.equal(verifyGroth16({ key, proof: new Uint8Array(128), publicInput: X }), false);
  assert.equal(verifyGroth16({ key, proof: proof.slice(1), publicInput: X }), false);
});

test('a key with a bad point, or without a second phase, is none', () => {
  const good = keyBytes(TRAPDOOR);
  for (const [at, length] of [
    [0, 64],
    [64, 128],
    [192, 128],
    [320, 128],
    [448, 64],
    [512, 64],
  ] as const) {
    const zero = Uint8Array.from(good);
    zero.fill(0, at, at + length);
    assert.throws(() => prepareKey(zero), /verifying key/);
    const flipped = Uint8Array.from(good);
    flipped[at + length - 1] = (flipped[at + length - 1] as number) ^ 1;
    assert.throws(() => prepareKey(flipped), /verifying key/);
  }
  const outside = Uint8Array.from(good);
  outside.set(pointOutsideSubgroup(), 64);
  assert.throws(() => prepareKey(outside), /verifying key/);
  assert.throws(() => prepareKey(keyBytes({ ...TRAPDOOR, delta: TRAPDOOR.gamma })), /second phase/);
});

test("it takes real proofs of the circuit, as the sequencer's kernel and snarkjs do, and refuses what they refuse", async () => {
  const { maxBets, maxVaults } = circuitInfo('tiny');
  const zkey = await developmentSetup(loadR1cs('tiny'));
  const prover = await Prover.load(zkey, { tablePasses: 64 });
  const { verifyingKey } = prover;
  const prepared = prepareKey(verifyingKey);
  const statement = statementOf(plainBatch([2]));
  const witness = witnessCalculator('tiny').compute({ ...witnessInputOf(statement, { maxBets, maxVaults }) });
  const snarkjsKey = await snarkjs.zKey.exportVerificationKey(zkey);
  for (let round = 0; round < 3; round += 1) {
    const { compressed, proof: points, publicInputs } = await prover.prove(witness);
    const x = bytesToInteger(publicInputs);
    assert.equal(x, publicInput(publicBatchOf(statement), maxVaults));
    for (const claimed of [x, x ^ 1n]) {
      const verdict = verifyGroth16({ key: prepared, proof: compressed, publicInput: claimed });
      assert.equal(verdict, claimed === x);
      assert.equal(verifyNatively({ verifyingKey, proof: points, publicInputs: integerToBytes(claimed) }), verdict);
      assert.equal(await snarkjs.groth16.verify(snarkjsKey, [`${claimed}`], toSnarkjs(points)), verdict);
    }
  }
  const made = await snarkjs.groth16.prove(zkey, { type: 'mem', data: witness });
  assert.equal(verifyGroth16({ key: prepared, proof: compress(made.proof), publicInput: BigInt(made.publicSignals[0]) }), true);
});

interface SnarkjsProof {
  pi_a: string[];
  pi_b: string[][];
  pi_c: string[];
}

/** A proof of snarkjs in Solana's 128 bytes. */
function compress({ pi_a: a, pi_b: b, pi_c: c }: SnarkjsProof): Uint8Array {
  const { Fp } = bn254.fields;
  const isLarger = (y: bigint) => y > Fp.neg(y);
  const point = (xs: string[], ys: string[]) => {
    const bytes = concat(xs.map((x) => integerToBytes(BigInt(x))));
    const y = BigInt(ys.find((part) => part !== '0') as string);
    if (isLarger(y)) bytes[0] = (bytes[0] as number) | 0x80;
    return bytes;
  };
  const [b0, b1] = b as [string[], string[]];
  return concat([
    point([a[0] as string], [a[1] as string]),
    point([b0[1] as string, b0[0] as string], [b1[1] as string, b1[0] as string]),
    point([c[0] as string], [c[1] as string]),
  ]);
}
