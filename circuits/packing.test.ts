// Catches lanes, selectors and slots that are not held in place. Packing is linear, so a lane over its width can cancel in another
// one without changing any public field; a slot or row that the selectors miss can move money that no one accounts for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reduce } from '../protocol/field.ts';
import { copyInput, keyOfSlot, plainBatch, repairAll, statementOf } from './test/batches.ts';
import { type Altered, Forger, harnessOf, holdFields, judge, refused, refusedOnlyBy } from './test/harness.ts';
import { inverse } from './test/solver.ts';
import { type WitnessInput, witnessInputOf } from './witness-input.ts';

const tiny = harnessOf('tiny');
const tinyForger = new Forger(tiny);
const twoBets = witnessInputOf(statementOf(plainBatch([2])), tiny.info);
const honest = tinyForger.attempt(twoBets);
const bettor = [keyOfSlot(0)];
const ROW0 = 'main\\.row\\[0\\]\\.bet';

function change(edit: (input: WitnessInput) => void, base = twoBets): WitnessInput {
  const input = copyInput(base);
  edit(input);
  return input;
}

/** Alters lanes so that the packed field stays what it was, signs what comes of it, and expects the range check to refuse. */
function cancels(field: number, edit: (input: WitnessInput) => void, place: RegExp): void {
  const attempt = tinyForger.forge(change(edit), {}, bettor);
  const name = `main.fields.field[${field}]`;
  assert.equal(attempt.value(name), honest.value(name), 'the attack must keep the packed field');
  refusedOnlyBy(attempt, place);
}

test('header lanes: over their width, and cancelling in the next lane', () => {
  for (const [name, bits] of [
    ['batchNumber', 64n],
    ['termsId', 32n],
    ['profitBps', 32n],
  ] as const) {
    const over = change((it) => {
      it[name] = 1n << bits;
    });
    refusedOnlyBy(tinyForger.forge(over, {}, bettor), new RegExp(`main\\.${name}Range`));
    const negative = change((it) => {
      it[name] = reduce(-1n);
    });
    refused(tinyForger.forge(negative, {}, bettor), new RegExp(`main\\.${name}Range`));
  }
  cancels(
    0,
    (it) => {
      it.batchNumber += 1n << 64n;
      it.termsId -= 1n;
    },
    /main\.batchNumberRange/,
  );
  cancels(
    0,
    (it) => {
      it.termsId += 1n << 32n;
      it.profitBps -= 1n;
    },
    /main\.termsIdRange/,
  );
  cancels(
    0,
    (it) => {
      it.batchNumber = reduce(it.batchNumber - (1n << 96n));
      it.profitBps += 1n;
    },
    /main\.batchNumberRange/,
  );
});

test('run lanes: over their width, and cancelling in another lane', () => {
  const over = 1n << 64n;
  refused(
    tinyForger.forge(
      change((it) => {
        it.start[0]! = over;
      }),
    ),
    /main\.slot\[0\]\.startRange/,
  );
  refusedOnlyBy(
    tinyForger.forge(
      change((it) => {
        it.firstBet[0] = over;
      }),
      {},
      bettor,
    ),
    /main\.slot\[0\]\.(firstBet|lastBet)Range/,
  );
  cancels(
    7,
    (it) => {
      it.firstBet[0]! += 1n;
      it.start[0] = startThatKeepsThePack(it);
    },
    /main\.(slot\[0\]\.(start|after)Range|row\[\d\]\.solvent)/,
  );
  // One bet more that no field shows: the first number goes below zero for it.
  cancels(
    7,
    (it) => {
      it.betCount[0]! += 1n;
      it.stakeUnits[2] = 1n;
      it.firstBet[0] = reduce(it.firstBet[0]! - (1n << 64n));
      it.start[0] = startThatKeepsThePack(it);
    },
    /main\.(slot\[0\]\.(start|after|firstBet|lastBet)Range|row\[\d\]\.solvent)/,
  );
});

/** after = start + delta, so start * (1 + 2^64) makes up for whatever the other lanes have changed. */
function startThatKeepsThePack(input: WitnessInput): bigint {
  const played = tinyForger.forge(input, {}, bettor);
  const delta = played.value('main.slot[0].after') - input.start[0]!;
  const others = (delta << 64n) + (input.firstBet[0]! << 128n) + (input.betCount[0]! << 192n);
  return reduce((honest.value('main.fields.field[7]') - others) * inverse(1n + (1n << 64n)));
}

test('betCount over 16 bits, zero, and more than the rows', () => {
  for (const count of [0n, 4n, 1n << 16n, reduce(-1n)]) {
    const input = change((it) => {
      it.betCount[0] = count;
    });
    refused(tinyForger.forge(input, {}, bettor), /main\.rows\.isEnd/);
  }
});

test('a last bet number past 64 bits', () => {
  const last = (1n << 64n) - 1n;
  const fits = change((it) => {
    it.firstBet[0] = last - 1n;
  });
  assert.equal(tinyForger.forge(fits, {}, bettor).accepted, true);
  const wraps = change((it) => {
    it.firstBet[0] = last;
  });
  refusedOnlyBy(tinyForger.forge(wraps, {}, bettor), /main\.slot\[0\]\.lastBetRange/);
});

test('bet lanes that cancel inside the signed pack', () => {
  const won = change((it) => {
    it.choice[0] = 1n;
  });
  repairAll(won, tiny.info);
  const signed = tinyForger.attempt(won);
  assert.equal(signed.accepted, true);
  const sameHead = (edit: (input: WitnessInput) => void, place: RegExp) => {
    const attempt = tinyForger.attempt(change(edit, won));
    assert.equal(attempt.value('main.row[0].bet.head'), signed.value('main.row[0].bet.head'));
    refused(attempt, place);
  };
  sameHead(
    (it) => {
      it.stakeUnits[0]! += 1n << 40n;
      it.choice[0] = 0n;
    },
    new RegExp(`${ROW0}\\.stakeRange`),
  );
  sameHead(
    (it) => {
      it.stakeUnits[0] = reduce(it.stakeUnits[0]! - (1n << 40n));
      it.choice[0] = 2n;
    },
    new RegExp(`${ROW0}\\.(stakeRange|choice)`),
  );
  sameHead(
    (it) => {
      it.choice[0] = 1n + (1n << 16n);
      it.firstBet[0]! -= 1n;
    },
    new RegExp(`${ROW0}\\.choice`),
  );
  sameHead((it) => {
    it.firstBet[0]! += 1n << 64n;
    it.termsId -= 1n;
  }, /main\.slot\[0\]\.firstBetRange/);
});

test('stakeUnits of 0 and 2^40, choice 2, even if the bettor signs', () => {
  const signed = (edit: (input: WitnessInput) => void) => tinyForger.forge(change(edit), {}, bettor);
  refusedOnlyBy(
    signed((it) => {
      it.stakeUnits[0] = 0n;
    }),
    new RegExp(`${ROW0}\\.stakeInverse`),
  );
  const rich = (it: WitnessInput) => {
    it.start[0] = 1n << 63n;
    it.stakeUnits[0] = 1n << 40n;
  };
  refusedOnlyBy(signed(rich), new RegExp(`${ROW0}\\.stakeRange`));
  refused(
    signed((it) => {
      it.choice[0] = 2n;
    }),
    new RegExp(`${ROW0}\\.choice`),
  );
});

test('scaled, shifted and split row selectors', () => {
  const attack = (altered: Altered) => tinyForger.forge(twoBets, altered, bettor);
  refused(attack({ 'main.rows.isIn[0][0]': 5n }), /main\.rows\.isIn\[0\]\[0\]/);
  refused(attack({ 'main.rows.isIn[0][2]': 1n }), /main\.rows\.isIn\[0\]\[2\]/);
  refused(attack({ 'main.rows.isEnd[0][1]': 5n }), /main\.rows\.isEnd\[0\]/);
  refused(attack({ 'main.rows.isEnd[0][0]': 3n, 'main.rows.isEnd[0][1]': reduce(-2n) }), /main\.rows\.isEnd\[0\]\[0\]/);
  refused(attack({ 'main.rows.isEnd[0][0]': 1n, 'main.rows.isEnd[0][1]': 0n }), /main\.rows\.isEnd\[0\]\[0\]/);
  refused(attack({ 'main.rows.isEnd[0][1]': 0n, 'main.rows.isEnd[0][2]': 1n }), /main\.rows\.isEnd\[0\]\[2\]/);
  refused(attack({ 'main.slot[0].isUsed': 0n }), /main\.slot\[0\]\.(isUsed|isEmpty)/);
  refused(attack({ 'main.session[0].enabled': 0n }), /main\.session\[0\]\.enabled/);
  refused(attack({ 'main.row[0].bet.isUsed': 0n }), /main\.row\[0\]\.bet/);
  refused(attack({ 'main.row[0].flip.isUsed': 0n }), /main\.row\[0\]\.flip\.isUsed/);
});

test('a row that belongs to no slot: stake, outcome', () => {
  refusedOnlyBy(
    tinyForger.forge(
      change((it) => {
        it.stakeUnits[2] = 9n;
      }),
    ),
    /main\.row\[2\]\.(bet\.stakeInverse|bet\.isUsed|solvent)/,
  );
  const bit = change((it) => {
    it.outcome[2] = 1n;
  });
  refusedOnlyBy(tinyForger.attempt(bit), /main\.row\[2\]\.flip\.root/);
});

test('several slots', async (context) => {
  const small = harnessOf('small');
  const forger = new Forger(small);
  const input = witnessInputOf(statementOf(plainBatch([2, 3])), small.info);
  const base = forger.attempt(input);
  const keys = [keyOfSlot(0), keyOfSlot(1)];
  assert.equal(base.accepted, true);

  await context.test('an unused slot that moves money, or has any public field', () => {
    refused(
      forger.attempt(
        change((it) => {
          it.start[2] = 5n;
        }, input),
      ),
      /main\.slot\[2\]\.(isEmpty|packed)/,
    );
    refused(
      forger.attempt(
        change((it) => {
          it.accountId[2] = 5n;
        }, input),
      ),
      /main\.slot\[2\]\.(isEmpty|accountId)/,
    );
    refused(
      forger.attempt(
        change((it) => {
          it.firstBet[3] = 5n;
        }, input),
      ),
      /main\.slot\[3\]\.(isEmpty|packed)/,
    );
    refusedOnlyBy(forger.attempt(input, { 'main.fields.field[12]': 5n }), /main\.fields\.field\[12\]/);
    refused(forger.attempt(input, { 'main.balance[16][2]': 5n }), /main\.balance\[16\]\[2\]/);
    refused(forger.attempt(input, { 'main.row[0].balanceAfter[2]': 5n }), /main\.row\[0\]\.balanceAfter\[2\]/);
  });

  await context.test("a bet charged to another slot's balance or chained to its head", () => {
    refused(
      forger.forge(input, { 'main.row[1].ownBalance.isIn[0]': 0n, 'main.row[1].ownBalance.isIn[1]': 1n }, keys),
      /ownBalance\.isIn/,
    );
    refused(forger.forge(input, { 'main.rows.isIn[0][1]': 0n, 'main.rows.isIn[1][1]': 1n }, keys), /main\.rows\.isIn\[\d\]\[1\]/);
    refused(forger.forge(input, { 'main.row[2].ownHead.out': base.value('main.head[2][0]') }, keys), /main\.row\[2\]\.ownHead/);
  });

  await context.test('a used slot after an unused one', () => {
    const gap = change((it) => {
      for (const list of [it.accountId, it.start, it.firstBet, it.betCount, it.headBefore])
        [list[1], list[2]] = [list[2]!, list[1]!];
      for (const list of [it.sessionKey, it.signatureR8]) [list[1], list[2]] = [list[2]!, list[1]!];
      [it.signatureS[1], it.signatureS[2]] = [it.signatureS[2]!, it.signatureS[1]!];
    }, input);
    refusedOnlyBy(forger.attempt(gap), /main\.slot\[2\]\.isUsed/);
  });

  await context.test('a negative betCount that another slot makes up for', () => {
    const counts = change((it) => {
      it.betCount = [4n, reduce(-1n), 2n, 0n];
    }, input);
    refused(forger.forge(counts, {}, [...keys, keyOfSlot(2)]), /main\.slot\[1\]\.betCountRange/);
  });

  await context.test('slots swapped against the public fields', () => {
    refused(
      forger.attempt(input, { ...holdFields(base, [5, 6, 7, 8, 9, 10]), 'main.fields.field[5]': input.accountId[1]! }),
      /field\[5\]/,
    );
  });

  await context.test('one vault in two slots is for the program to refuse: its addresses must ascend', () => {
    const twice = plainBatch([2, 3]);
    twice.runs[1] = { ...twice.runs[1]!, accountId: twice.runs[0]!.accountId };
    assert.equal(judge(small, witnessInputOf(statementOf(twice), small.info)).accepted, true);
  });
});
