// Catches a signal that the constraints leave free. First each wire of a witness is altered alone; then the Jacobian of all
// constraints shows that no combination of wires can move either, as long as the public fields and the secrets stay.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { reduce } from '../protocol/field.ts';
import { batches } from './test/arbitraries.ts';
import { plainBatch, statementOf, type TestBatch } from './test/batches.ts';
import { FREE_HINTS, givenWires, SIGNED_HINTS } from './test/free-signals.ts';
import { type Harness, harnessOf, judge, wireNames } from './test/harness.ts';
import { freeColumns } from './test/jacobian.ts';
import { perturb } from './test/perturbation.ts';
import { occurrences } from './test/r1cs.ts';
import { type WitnessInput, witnessInputOf } from './witness-input.ts';

const tiny = harnessOf('tiny');
const names = wireNames(tiny);

function witnessOf(harness: Harness, input: WitnessInput): bigint[] {
  const verdict = judge(harness, input);
  assert.ok(verdict.accepted);
  return verdict.wires;
}

/**
 * Alters every wire of each batch's witness: what no constraint notices must be an explained hint. Each constraint must notice a wire in
 * some witness; in an unused slot a product of two zeros does not.
 */
function everyWireHolds(harness: Harness, samples: TestBatch[]): void {
  const named = wireNames(harness);
  const noticed = new Set<number>();
  for (const one of samples) {
    const wires = witnessOf(harness, witnessInputOf(statementOf(one), harness.info));
    assert.equal(wires.length, harness.info.wires);
    const { survivors, broken } = perturb(harness.r1cs, wires);
    for (const constraint of broken) noticed.add(constraint);
    for (const { wire, altered } of survivors) {
      const name = named[wire]!;
      const explained = FREE_HINTS.test(name) || (SIGNED_HINTS.test(name) && altered === reduce(-wires[wire]!));
      assert.ok(explained, `${name} can be ${altered}`);
    }
  }
  assert.equal(noticed.size, harness.info.constraints);
}

test('every wire of tiny altered alone breaks a constraint, and every constraint is broken so', () => {
  const counts = [[1], [2], [3]];
  everyWireHolds(
    tiny,
    [0, 9800].flatMap((profitBps) => counts.map((count) => plainBatch(count, { profitBps }))),
  );
});

test('every wire of small altered alone breaks a constraint, with unused slots and without', () => {
  everyWireHolds(harnessOf('small'), [plainBatch([2, 3]), plainBatch([1]), plainBatch([4, 4, 4, 4])]);
});

test('the Jacobian over all wires that are not given has full column rank, but for the free hints', (context) => {
  const given = givenWires(names);
  // The constant and all 31 inputs but the three outcomes and the three roots.
  assert.equal(given.size, 26);
  let witnesses = 0;
  let core = 0;
  for (const batch of fc.sample(batches(tiny.info), { numRuns: 200, seed: 20 })) {
    if (witnesses === 20) break;
    if (batch.runs.some((run) => run.firstBet + BigInt(run.bets.length) > 1n << 64n)) continue;
    const verdict = judge(tiny, witnessInputOf(statementOf(batch), tiny.info));
    if (!verdict.accepted) continue;
    witnesses += 1;
    const { free, coreColumns } = freeColumns(tiny.r1cs, verdict.wires, given);
    core = Math.max(core, coreColumns);
    for (const wire of free) assert.match(names[wire]!, FREE_HINTS);
  }
  context.diagnostic(`${witnesses} witnesses, ${names.length - given.size} columns, at most ${core} left after peeling`);
  assert.equal(witnesses, 20);
});

test('the rank check sees a constraint taken away', () => {
  const wires = witnessOf(tiny, witnessInputOf(statementOf(plainBatch([2])), tiny.info));
  const touching = occurrences(tiny.r1cs);
  for (const name of ['main.row[0].flip.yInverse', 'main.root[1]', 'main.row[0].bet.stakeInverse']) {
    const wire = names.indexOf(name);
    assert.ok(wire > 0, `${name} has no wire`);
    const taken = new Set(touching[wire]);
    const less = { ...tiny.r1cs, constraints: tiny.r1cs.constraints.filter((_, index) => !taken.has(index)) };
    assert.ok(freeColumns(less, wires, givenWires(names)).free.includes(wire));
  }
});
