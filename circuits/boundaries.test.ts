// Catches an off-by-one at the edges of every range: the last value that fits is proven, the next one is not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { publicBatchOf, publicInput } from '../protocol/batch.ts';
import type { CoinSide } from '../protocol/bet.ts';
import { FIELD_ORDER } from '../protocol/field.ts';
import { copyInput, plainBatch, repairAll, statementOf, type TestBatch, type TestRun } from './test/batches.ts';
import { harnessOf, judge } from './test/harness.ts';
import { checkStatement } from './test/reference.ts';
import { type WitnessInput, witnessInputOf } from './witness-input.ts';

const harness = harnessOf('tiny');
const U64 = (1n << 64n) - 1n;

/** One vault's batch of the bets given. */
function batch(run: Partial<TestRun>, changes: Partial<TestBatch> = {}): TestBatch {
  const plain = plainBatch([run.bets?.length ?? 1], changes);
  return { ...plain, runs: [{ ...plain.runs[0]!, ...run }] };
}

/** A bet on heads with that outcome: the client seed is looked for. */
function batchWith(outcome: CoinSide, stakeUnits: bigint, run: Partial<TestRun>, changes: Partial<TestBatch> = {}): TestBatch {
  for (let clientSeed = 0n; ; clientSeed += 1n) {
    const tried = batch({ ...run, bets: [{ stakeUnits, choice: 1, clientSeed }] }, changes);
    if (publicBatchOf(statementOf(tried)).outcomes[0] === outcome) return tried;
  }
}

function accepts(one: TestBatch): void {
  const statement = statementOf(one);
  const verdict = judge(harness, witnessInputOf(statement, harness.info));
  assert.ok(verdict.accepted, verdict.accepted ? '' : verdict.reason);
  assert.equal(verdict.publicInput, publicInput(publicBatchOf(statement), harness.info.maxVaults));
}

/** Refused by the circuit, and by the reference for this reason. */
function refuses(input: WitnessInput, reason: RegExp): void {
  assert.equal(judge(harness, input).accepted, false);
  const expected = checkStatement(input, harness.info);
  assert.match(expected.accepted ? '' : expected.reason, reason);
}

/** The batch's inputs with one edit, everything signed and fitted again. */
function edited(one: TestBatch, edit: (input: WitnessInput) => void): WitnessInput {
  const input = copyInput(witnessInputOf(statementOf(one), harness.info));
  edit(input);
  repairAll(input, harness.info);
  return input;
}

test('stakeUnits: 1 and 2^40 - 1 are in, 0 and 2^40 are out', () => {
  const rich = 1n << 63n;
  accepts(batch({ start: rich, bets: [{ stakeUnits: 1n, choice: 0, clientSeed: 0n }] }));
  const most = batch({ start: rich, bets: [{ stakeUnits: (1n << 40n) - 1n, choice: 1, clientSeed: 1n }] });
  accepts(most);
  refuses(
    edited(most, (input) => {
      input.stakeUnits[0] = 0n;
    }),
    /stakeUnits is zero/,
  );
  refuses(
    edited(most, (input) => {
      input.stakeUnits[0] = 1n << 40n;
    }),
    /stakeUnits does not fit/,
  );
});

test('balances: down to 0 and up to 2^64 - 1, not beyond', () => {
  accepts(batchWith(0, 7n, { start: 70_000n }));
  refuses(
    edited(batchWith(0, 7n, { start: 70_000n }), (input) => {
      input.start[0] = 69_999n;
    }),
    /does not cover the stake/,
  );
  // The stake has to be covered by what is there, not by what is won.
  refuses(
    edited(batchWith(1, 7n, { start: 70_000n }), (input) => {
      input.start[0] = 69_999n;
    }),
    /does not cover the stake/,
  );
  accepts(batchWith(0, 1n, { start: U64 }));
  const full = batchWith(1, 1n, { start: U64 - 9_800n });
  accepts(full);
  refuses(
    edited(full, (input) => {
      input.start[0] = U64 - 9_799n;
    }),
    /after does not fit/,
  );
  refuses(
    edited(batchWith(0, 1n, { start: U64 }), (input) => {
      input.start[0] = U64 + 1n;
    }),
    /start does not fit/,
  );
  refuses(
    edited(full, (input) => {
      input.start[0] = 0n;
    }),
    /does not cover the stake/,
  );
});

test('bet numbers: the last one is 2^64 - 1', () => {
  const bets = [0n, 1n, 2n].map((clientSeed) => ({ stakeUnits: 1n, choice: 0 as const, clientSeed }));
  const last = batch({ firstBet: U64 - 2n, bets });
  accepts(last);
  accepts(batch({ firstBet: 1n, bets }));
  refuses(
    edited(last, (input) => {
      input.firstBet[0]! += 1n;
    }),
    /last bet number/,
  );
  refuses(
    edited(last, (input) => {
      input.firstBet[0]! += 3n;
    }),
    /firstBet does not fit/,
  );
});

test('odds: profitBps 0 and 2^32 - 1, won and lost', () => {
  for (const profitBps of [0, 2 ** 32 - 1]) {
    for (const outcome of [0, 1] as const) accepts(batchWith(outcome, 3n, {}, { profitBps }));
  }
  const over = edited(batchWith(0, 3n, {}), (input) => {
    input.profitBps = 1n << 32n;
  });
  refuses(over, /profitBps does not fit/);
});

test('header: batch number and terms at both ends', () => {
  accepts(batch({}, { batchNumber: 0n, termsId: 0 }));
  accepts(batch({}, { batchNumber: U64, termsId: 2 ** 32 - 1 }));
  refuses(
    edited(batch({}), (input) => {
      input.batchNumber = U64 + 1n;
    }),
    /batchNumber does not fit/,
  );
  refuses(
    edited(batch({}), (input) => {
      input.termsId = 1n << 32n;
    }),
    /termsId does not fit/,
  );
});

test('field elements: 0 and r - 1 for k, seeds, heads and account', () => {
  for (const value of [0n, FIELD_ORDER - 1n]) {
    const bets = [{ stakeUnits: 1n, choice: 0 as const, clientSeed: value }];
    accepts(batch({ accountId: value, headBefore: value, bets }, { k: value }));
  }
});

test('one, two and three bets fill the rows; none is refused', () => {
  for (const count of [1, 2, 3]) accepts(plainBatch([count]));
  refuses(
    edited(plainBatch([1]), (input) => {
      input.betCount[0] = 0n;
    }),
    /unused|no bet/,
  );
});
