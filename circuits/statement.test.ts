// Catches a circuit that accepts more, or less, than the protocol's text: the text's own reference judges the same inputs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { publicBatchOf, publicInput } from '../protocol/batch.ts';
import { batches, mutate, mutations } from './test/arbitraries.ts';
import { repairOutcomes, statementOf, type TestBatch } from './test/batches.ts';
import { type Harness, harnessOf, judge } from './test/harness.ts';
import { checkStatement } from './test/reference.ts';
import { type WitnessInput, witnessInputOf } from './witness-input.ts';

interface Tally {
  accepted: number;
  refused: Map<string, number>;
}

/** Both judges on one input; they must agree, on the public input too. */
function compare(harness: Harness, input: WitnessInput, tally: Tally): void {
  const expected = checkStatement(input, harness.info);
  const actual = judge(harness, input);
  if (expected.accepted) {
    assert.ok(actual.accepted, actual.accepted ? '' : `the circuit refuses what the statement accepts: ${actual.reason}`);
    assert.equal(actual.publicInput, expected.publicInput);
    tally.accepted += 1;
  } else {
    assert.ok(!actual.accepted, `the circuit accepts although ${expected.reason}`);
    tally.refused.set(expected.reason, (tally.refused.get(expected.reason) ?? 0) + 1);
  }
}

/** The inputs of a batch whose bet numbers may run past 64 bits, which the protocol's own packing would refuse. */
function inputOf(batch: TestBatch, harness: Harness): WitnessInput | undefined {
  const lastBetFits = batch.runs.every((run) => run.firstBet + BigInt(run.bets.length) <= 1n << 64n);
  return lastBetFits ? witnessInputOf(statementOf(batch), harness.info) : undefined;
}

function compareMany(name: string, runs: { honest: number; mutated: number }): Tally {
  const harness = harnessOf(name);
  const tally: Tally = { accepted: 0, refused: new Map() };
  const batch = batches(harness.info);
  const honest = fc.property(batch, (one) => {
    const input = inputOf(one, harness);
    fc.pre(input !== undefined);
    compare(harness, input, tally);
  });
  fc.assert(honest, { numRuns: runs.honest });
  const mutated = fc.property(batch, mutations, (one, mutation) => {
    const input = inputOf(one, harness);
    fc.pre(input !== undefined);
    compare(harness, mutate(input, mutation, harness.info), tally);
  });
  fc.assert(mutated, { numRuns: runs.mutated });
  return tally;
}

test('tiny accepts exactly what the statement accepts', (context) => {
  const tally = compareMany('tiny', { honest: 80, mutated: 320 });
  context.diagnostic(`${tally.accepted} accepted; ${JSON.stringify(Object.fromEntries(tally.refused))}`);
  assert.ok(tally.accepted >= 40, 'the generator must reach both verdicts');
  assert.ok(tally.refused.size >= 6, 'the generator must reach many rules');
});

test('small accepts exactly what the statement accepts', (context) => {
  const tally = compareMany('small', { honest: 12, mutated: 28 });
  context.diagnostic(`${tally.accepted} accepted; ${JSON.stringify(Object.fromEntries(tally.refused))}`);
});

test('an accepted batch has the public input that the protocol computes', () => {
  const harness = harnessOf('small');
  const bets = [{ stakeUnits: 3n, choice: 1 as const, clientSeed: 9n }];
  const run = { accountId: 5n, start: 10n ** 9n, firstBet: 1n, headBefore: 5n, bets };
  const statement = statementOf({ batchNumber: 1n, termsId: 1, profitBps: 9800, k: 8n, runs: [run, { ...run, accountId: 6n }] });
  const input = witnessInputOf(statement, harness.info);
  const verdict = judge(harness, input);
  assert.ok(verdict.accepted);
  assert.equal(verdict.publicInput, publicInput(publicBatchOf(statement), harness.info.maxVaults));
  const copy = structuredClone(input);
  repairOutcomes(copy, harness.info);
  assert.deepEqual(copy, input);
});
