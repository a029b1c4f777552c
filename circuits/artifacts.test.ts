// Catches an artifact that is not what the manifest or the sources say, and a witness program that is used wrongly.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type BatchStatement, publicBatchOf, publicInput } from '../protocol/batch.ts';
import { CIRCUIT_NAMES, circuitInfo, loadR1cs, loadWasm } from './artifacts.ts';
import { CircuitError } from './errors.ts';
import { plainBatch, signalsOf, statementOf } from './test/batches.ts';
import { readR1cs } from './test/r1cs.ts';
import { type WitnessCalculator, witnessCalculator, witnessWires } from './witness.ts';
import { witnessInputOf } from './witness-input.ts';

const tiny = circuitInfo('tiny');

function code(expected: string): (error: unknown) => boolean {
  return (error) => error instanceof CircuitError && error.code === expected;
}

test('sources and artifacts are those that the manifest records', () => {
  const script = new URL('build.mjs', import.meta.url).pathname;
  execFileSync(process.execPath, [script, '--check'], { stdio: 'pipe' });
});

test('published counts are those of the constraint systems, and they fit their powers', () => {
  for (const name of CIRCUIT_NAMES) {
    const info = circuitInfo(name);
    const bytes = loadR1cs(name);
    assert.equal(createHash('sha256').update(bytes).digest('hex'), info.r1csSha256);
    assert.equal(createHash('sha256').update(loadWasm(name)).digest('hex'), info.wasmSha256);
    const r1cs = readR1cs(bytes);
    assert.equal(r1cs.constraints.length, info.constraints);
    assert.equal(r1cs.wireCount, info.wires);
    assert.equal(r1cs.publicCount, info.publicSignals);
    assert.equal(info.publicSignals, 1);
    assert.ok(info.constraints + info.publicSignals + 1 <= 2 ** info.power);
  }
});

test('the r1cs reader refuses what is no r1cs file', () => {
  const bytes = loadR1cs('tiny');
  assert.throws(() => readR1cs(bytes.subarray(0, bytes.length - 1)));
  assert.throws(() => readR1cs(new Uint8Array(64)));
});

test('an unknown circuit has a coded error', () => {
  for (const name of ['huge', 'toString', '__proto__']) assert.throws(() => circuitInfo(name), code('UNKNOWN_CIRCUIT'));
  assert.throws(() => witnessCalculator('huge'), code('UNKNOWN_CIRCUIT'));
});

test('a calculator is used again after any failure and gives the same bytes', () => {
  const calculator = witnessCalculator('tiny');
  const statement = statementOf(plainBatch([2]));
  const signals = signalsOf(witnessInputOf(statement, tiny));
  const first = calculator.compute(signals);
  assert.equal(witnessWires(first).length, tiny.wires);
  assert.equal(witnessWires(first)[1], publicInput(publicBatchOf(statement), tiny.maxVaults));
  const { k: _, ...missing } = signals;
  const wrong: [string, Parameters<WitnessCalculator['compute']>[0]][] = [
    ['BAD_INPUT', missing],
    ['BAD_INPUT', { ...signals, other: 1n }],
    ['BAD_INPUT', { ...signals, choice: [0n] }],
    ['BAD_INPUT', { ...signals, k: -1n }],
    ['BAD_INPUT', { ...signals, k: 1n << 254n }],
    ['WITNESS_REJECTED', { ...signals, k: 1n }],
    ['WITNESS_REJECTED', { ...signals, signatureS: [0n] }],
  ];
  for (const [expected, inputs] of wrong) {
    assert.throws(() => calculator.compute(inputs), code(expected));
    assert.deepEqual(calculator.compute(signals), first);
  }
});

test('a rejected witness names its place in the circuit', () => {
  const signals = signalsOf(witnessInputOf(statementOf(plainBatch([2])), tiny));
  assert.throws(
    () => witnessCalculator('tiny').compute({ ...signals, signatureS: [0n] }),
    /ForceEqualIfEnabled.*SessionSignature/,
  );
});

test('witness files are read back strictly', () => {
  const calculator = witnessCalculator('tiny');
  const wtns = calculator.compute(signalsOf(witnessInputOf(statementOf(plainBatch([1])), tiny)));
  assert.equal(witnessWires(wtns)[0], 1n);
  assert.throws(() => witnessWires(wtns.subarray(1)), code('BAD_INPUT'));
  assert.throws(() => witnessWires(new Uint8Array(10)), code('BAD_INPUT'));
});

test('a batch that does not fit, or has no bet, is refused before any work', () => {
  const fits: BatchStatement = statementOf(plainBatch([3]));
  assert.throws(() => witnessInputOf(statementOf(plainBatch([4])), tiny), code('BATCH_TOO_LARGE'));
  assert.throws(() => witnessInputOf(statementOf(plainBatch([1, 1])), tiny), code('BATCH_TOO_LARGE'));
  assert.throws(() => witnessInputOf({ ...fits, runs: [] }, tiny), code('BATCH_TOO_LARGE'));
});

test("the circuit's public input is that of the golden vectors", () => {
  const vectors = JSON.parse(readFileSync(new URL('../protocol/vectors/batches.json', import.meta.url), 'utf8'));
  for (const vector of vectors) {
    const name = CIRCUIT_NAMES.find((one) => circuitInfo(one).maxVaults === vector.maxVaults);
    assert.ok(name, `no size with ${vector.maxVaults} vaults`);
    const wtns = witnessCalculator(name).compute(signalsOf(witnessInputOf(statementOfVector(vector), circuitInfo(name))));
    assert.equal(witnessWires(wtns)[1], BigInt(`0x${vector.publicInput}`), vector.name);
  }
});

/** A batch of protocol/vectors/batches.json. */
function statementOfVector(vector: Vector): BatchStatement {
  const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));
  const field = (hex: string) => BigInt(`0x${hex}`);
  const fields = (hex: string) => hex.match(/.{64}/g)!.map(field);
  return {
    batchNumber: BigInt(vector.batchNumber),
    termsId: vector.termsId,
    profitBps: vector.profitBps,
    blobHash: bytes(vector.blobHash),
    k: field(vector.k),
    runs: vector.runs.map((run) => {
      const [x, y] = fields(run.sessionKey);
      const [r8x, r8y, s] = fields(run.signature);
      return {
        vault: bytes(run.vault),
        accountId: field(run.accountId),
        sessionKey: { x: x!, y: y! },
        start: BigInt(run.start),
        firstBet: BigInt(run.firstBet),
        headBefore: field(run.headBefore),
        signature: { r8: { x: r8x!, y: r8y! }, s: s! },
        bets: run.bets.map(({ stakeUnits, choice, clientSeed }) => ({
          stakeUnits: BigInt(stakeUnits),
          choice,
          clientSeed: field(clientSeed),
        })),
      };
    }),
  };
}

interface Vector {
  name: string;
  maxVaults: number;
  batchNumber: string;
  termsId: number;
  profitBps: number;
  blobHash: string;
  k: string;
  publicInput: string;
  runs: {
    vault: string;
    accountId: string;
    sessionKey: string;
    start: string;
    firstBet: string;
    headBefore: string;
    signature: string;
    bets: { stakeUnits: string; choice: 0 | 1; clientSeed: string }[];
  }[];
}
