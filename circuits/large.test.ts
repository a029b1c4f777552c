// Catches a large circuit that is not the small ones' statement at its size: slots and rows beyond theirs, and the last of both.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { publicBatchOf, publicInput } from '../protocol/batch.ts';
import { copyInput, plainBatch, statementOf } from './test/batches.ts';
import { harnessOf, judge } from './test/harness.ts';
import { checkStatement } from './test/reference.ts';
import { type WitnessInput, witnessInputOf } from './witness-input.ts';

const large = harnessOf('large');
const { maxBets, maxVaults } = large.info;
/** Fills all slots and rows: the last slot has what the others leave. */
const full = [...Array<number>(maxVaults - 1).fill(4), maxBets - 4 * (maxVaults - 1)];
const fullStatement = statementOf(plainBatch(full));
const fullInput = witnessInputOf(fullStatement, large.info);

test('a full batch, one of unused slots, and one of a single vault are accepted', () => {
  assert.deepEqual([maxBets, maxVaults, full.at(-1)], [62, 16, 2]);
  for (const counts of [full, [3, 1, 7], [maxBets]]) {
    const statement = statementOf(plainBatch(counts));
    const verdict = judge(large, witnessInputOf(statement, large.info));
    assert.ok(verdict.accepted, verdict.accepted ? '' : verdict.reason);
    assert.equal(verdict.publicInput, publicInput(publicBatchOf(statement), maxVaults));
  }
});

test('a change to the last slot or row of a full batch is refused, as the reference refuses it', () => {
  const [slot, row] = [maxVaults - 1, maxBets - 1];
  const edits: Record<string, (input: WitnessInput) => void> = {
    'an altered stake': (it) => {
      it.stakeUnits[row]! += 1n;
    },
    'another choice': (it) => {
      it.choice[row]! ^= 1n;
    },
    'a dropped bet': (it) => {
      it.betCount[slot]! -= 1n;
    },
    'a skipped bet': (it) => {
      it.firstBet[slot]! += 1n;
    },
    "another vault's signature": (it) => {
      it.signatureS[slot] = it.signatureS[slot - 1]!;
    },
    'a balance that does not cover the stakes': (it) => {
      it.start[slot] = 1n;
    },
  };
  for (const [name, edit] of Object.entries(edits)) {
    const input = copyInput(fullInput);
    edit(input);
    assert.equal(checkStatement(input, large.info).accepted, false, name);
    assert.equal(judge(large, input).accepted, false, name);
  }
});

test('one bet, or one vault, more than there is room for has no input', () => {
  for (const counts of [[maxBets + 1], [...full, 1]]) {
    assert.throws(() => witnessInputOf(statementOf(plainBatch(counts)), large.info), { code: 'BATCH_TOO_LARGE' });
  }
});
