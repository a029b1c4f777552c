// Catches a statement that lets an operator or a bettor cheat. Each attack alters inputs or inner signals, all other hints are solved
// to fit (test/solver.ts), and the committed constraints are the judge. The pattern names the constraint that must stand in the way.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { multiplyBase8, SUBGROUP_ORDER, toCurve } from '../protocol/babyjubjub.ts';
import { playRun } from '../protocol/batch.ts';
import type { CoinSide } from '../protocol/bet.ts';
import { signEddsa, verifyEddsa } from '../protocol/eddsa.ts';
import { reduce, squareRoot } from '../protocol/field.ts';
import { poseidon } from '../protocol/kernel.ts';
import { vaultKeyOf } from '../protocol/outcome.ts';
import { copyInput, keyOfSlot, plainBatch, sessionKey, signSlot, statementOf, type TestBatch } from './test/batches.ts';
import { type Altered, Forger, harnessOf, holdFields, refused, refusedOnlyBy } from './test/harness.ts';
import { inverse } from './test/solver.ts';
import { type WitnessInput, witnessInputOf } from './witness-input.ts';

type CurvePoint = ReturnType<typeof toCurve>;

const harness = harnessOf('tiny');
const forger = new Forger(harness);
const bettor = [keyOfSlot(0)];

const inputOf = (batch: TestBatch): WitnessInput => witnessInputOf(statementOf(batch), harness.info);
const twoBets = inputOf(plainBatch([2]));
const honest = forger.attempt(twoBets);

/** The altered copy of the two-bet input. */
function change(edit: (input: WitnessInput) => void, base = twoBets): WitnessInput {
  const input = copyInput(base);
  edit(input);
  return input;
}

const held = (...fields: number[]): Altered => holdFields(honest, fields);

const SIGNATURE = /main\.session\[0\]\.verifier\.(addRight|mulFix|eqCheck)/;

test('the honest batch is accepted, its wires solved and computed are the same', () => {
  assert.equal(honest.accepted, true);
  assert.deepEqual(honest.broken, []);
});

test('an invented bet after the signed ones', () => {
  const input = change((it) => {
    it.betCount[0] = 3n;
    it.stakeUnits[2] = 9n;
  });
  refusedOnlyBy(forger.forge(input), SIGNATURE);
  assert.equal(forger.forge(input, {}, bettor).accepted, true, 'only the signature is missing');
});

test('an altered stake, choice, client seed or head before', () => {
  for (const edit of [
    (it: WitnessInput) => {
      it.stakeUnits[0]! += 1n;
    },
    (it: WitnessInput) => {
      it.choice[1]! ^= 1n;
    },
    (it: WitnessInput) => {
      it.clientSeed[0]! += 1n;
    },
    (it: WitnessInput) => {
      it.headBefore[0]! += 1n;
    },
  ]) {
    refusedOnlyBy(forger.forge(change(edit)), SIGNATURE);
  }
});

test('a reordered pair of bets', () => {
  const input = change((it) => {
    for (const list of [it.stakeUnits, it.choice, it.clientSeed]) list.splice(0, 2, list[1]!, list[0]!);
  });
  refusedOnlyBy(forger.forge(input), SIGNATURE);
});

test('a signed run replayed under later numbers', () => {
  refusedOnlyBy(
    forger.forge(
      change((it) => {
        it.firstBet[0]! += 2n;
      }),
    ),
    SIGNATURE,
  );
});

test('a skipped number, and one number twice, even with the bettor signing', () => {
  for (const step of [0n, 2n]) {
    const altered = { 'main.nextBet[1][0]': twoBets.firstBet[0]! + step };
    refusedOnlyBy(forger.forge(twoBets, altered, bettor), /main\.nextBet\[1\]\[0\]/);
  }
});

test("another bettor's signature, and another bettor's key", () => {
  const head = honest.value('main.head[3][0]');
  const other = sessionKey(99);
  const signed = change((it) => signSlot(it, { slot: 0, key: other, head }));
  refusedOnlyBy(forger.forge(signed), SIGNATURE);
  signed.sessionKey[0] = [other.publicKey.x, other.publicKey.y];
  assert.equal(forger.attempt(signed).accepted, true, 'with its own key hash it is a batch of its own');
  refused(forger.attempt(signed, held(6)), /keyHash|session\[0\]\.hash|fields\.field\[6\]/);
});

test('an own key whose hash is scaled to the public one by the slot selector', () => {
  const other = sessionKey(99);
  const head = honest.value('main.head[3][0]');
  const input = change((it) => signSlot(it, { slot: 0, key: other, head }));
  input.sessionKey[0] = [other.publicKey.x, other.publicKey.y];
  const ownHash = poseidon([other.publicKey.x, other.publicKey.y]);
  const scale = reduce(honest.value('main.fields.field[6]') * inverse(ownHash));
  refused(forger.attempt(input, { ...held(6), 'main.slot[0].isUsed': scale }), /main\.slot\[0\]\.(isEmpty|isUsed)/);
});

test('a swapped outcome', () => {
  for (const row of [0, 1]) {
    const input = change((it) => {
      it.outcome[row]! ^= 1n;
    });
    refusedOnlyBy(forger.attempt(input), new RegExp(`main\\.row\\[${row}\\]\\.flip\\.(root|square)`));
  }
  const third = change((it) => {
    it.outcome[0] = 2n;
  });
  refused(forger.attempt(third), /main\.row\[0\]\.flip\.outcome/);
  const bits = honest.value('main.fields.field[4]') ^ 1n;
  refused(forger.attempt(twoBets, { 'main.fields.field[4]': bits }), /main\.fields\.field\[4\]/);
});

test('y that is zero has a root for either outcome', () => {
  for (const outcome of [0n, 1n]) {
    const input = change((it) => {
      it.outcome[0] = outcome;
      it.root[0] = 0n;
    });
    const head = honest.value('main.row[0].bet.head');
    const altered = { 'main.row[0].flip.serverSeed.out': -head, 'main.row[0].flip.y': 0n };
    refused(forger.attempt(input, altered), /main\.row\[0\]\.flip\.yInverse/);
  }
});

test('wrong k, wrong vault key, wrong server seed', () => {
  const input = change((it) => {
    it.k += 1n;
  });
  refused(forger.forge(input, held(1)), /main\.(vrfCommitment|fields\.field\[1\])/);
  refusedOnlyBy(forger.forge(twoBets, { 'main.vaultKey[0]': 5n }), /main\.vaultKey\[0\]/);
  refusedOnlyBy(forger.forge(twoBets, { 'main.row[0].ownVaultKey.out': 5n }), /main\.row\[0\]\.ownVaultKey/);
  refusedOnlyBy(forger.forge(twoBets, { 'main.row[0].flip.serverSeed.out': 5n }), /main\.row\[0\]\.flip\.serverSeed/);
});

test("other terms or odds than signed, other vault's account", () => {
  refusedOnlyBy(
    forger.forge(
      change((it) => {
        it.termsId += 1n;
      }),
    ),
    SIGNATURE,
  );
  refusedOnlyBy(
    forger.forge(
      change((it) => {
        it.termsId += 1n;
      }),
      { 'main.row[0].termsId': 3n, 'main.row[1].termsId': 3n },
    ),
    /main\.row\[\d\]\.termsId/,
  );
  refusedOnlyBy(forger.forge(twoBets, { 'main.row[0].profitBps': 20_000n }), /main\.row\[0\]\.profitBps/);
  refused(
    forger.forge(
      change((it) => {
        it.profitBps += 1n;
      }),
      held(0),
    ),
    /main\.(profitBps|fields\.field\[0\])/,
  );
  refusedOnlyBy(
    forger.forge(
      change((it) => {
        it.accountId[0]! += 1n;
      }),
    ),
    SIGNATURE,
  );
  refusedOnlyBy(forger.forge(twoBets, { 'main.row[0].ownAccountId.out': 5n }, bettor), /main\.row\[0\]\.ownAccountId/);
});

test('money from nothing: registers and payouts', () => {
  const rich = twoBets.start[0]! + 1_000_000n;
  refusedOnlyBy(forger.attempt(twoBets, { 'main.balance[0][0]': rich }), /main\.balance\[0\]\[0\]/);
  refusedOnlyBy(forger.attempt(twoBets, { 'main.balance[2][0]': rich }), /main\.(balance\[2\]\[0\]|row\[1\]\.balanceAfter)/);
  refusedOnlyBy(forger.attempt(twoBets, { 'main.row[0].payout.delta': 77n }), /main\.row\[0\]\.payout/);
  refusedOnlyBy(forger.attempt(twoBets, { 'main.row[0].payout.wonUnits': 77n }), /main\.row\[0\]\.payout/);
  refusedOnlyBy(forger.attempt(twoBets, { 'main.slot[0].after': rich }), /main\.slot\[0\]\.after/);
  refusedOnlyBy(forger.attempt(twoBets, { 'main.row[0].ownBalance.out': rich }), /main\.row\[0\]\.ownBalance/);
});

test('an overdraw in the middle of a run that ends solvent', () => {
  const base = plainBatch([2]);
  const [run] = base.runs;
  // A stake of 5 units is lost, then 8 units are staked with 5 left and won.
  for (let seed = 0n; ; seed += 1n) {
    const bet = (stakeUnits: bigint) => ({ stakeUnits, choice: 1 as CoinSide, clientSeed: seed });
    const tried = { ...run!, start: 100_000n, bets: [bet(5n), bet(8n)] };
    const vaultKey = vaultKeyOf({ k: base.k, accountId: tried.accountId });
    const { bets, after } = playRun({ run: tried, vaultKey, termsId: base.termsId, profitBps: base.profitBps });
    if (bets[0]!.outcome !== 0 || bets[1]!.outcome !== 1) continue;
    assert.ok(after > 0n);
    refusedOnlyBy(forger.attempt(inputOf({ ...base, runs: [tried] })), /main\.row\[1\]\.solvent/);
    const covered = forger.attempt(inputOf({ ...base, runs: [{ ...tried, start: 130_000n }] }));
    assert.equal(covered.accepted, true, 'it is refused for the balance alone');
    return;
  }
});

test('A and R8 off the curve', () => {
  refused(
    forger.forge(
      change((it) => {
        it.sessionKey[0] = [5n, 6n];
      }),
    ),
    /main\.session\[0\]\.keyOnCurve/,
  );
  refused(
    forger.forge(
      change((it) => {
        it.signatureR8[0] = [5n, 6n];
      }),
    ),
    /main\.session\[0\]\.r8OnCurve/,
  );
});

/** A point of order 8, which generates all points of small order: l times a point outside the subgroup. */
function smallOrderPoint(): CurvePoint {
  for (let y = 2n; ; y += 1n) {
    const x = squareRoot(reduce((1n - y * y) * inverse(168700n - 168696n * y * y)));
    if (x === undefined) continue;
    const point = toCurve({ x, y });
    const torsion = point.multiplyUnsafe(SUBGROUP_ORDER - 1n).add(point);
    if (!torsion.double().double().is0()) return torsion;
  }
}

test('A of small order, for which any message would verify', () => {
  const torsion = smallOrderPoint();
  const r8 = multiplyBase8(1234n);
  let point = toCurve({ x: 0n, y: 1n });
  for (let multiple = 0; multiple < 8; multiple += 1) {
    const { x, y } = point.toAffine();
    const input = change((it) => {
      it.sessionKey[0] = [x, y];
      it.signatureR8[0] = [r8.x, r8.y];
      it.signatureS[0] = 1234n;
    });
    refusedOnlyBy(forger.attempt(input), /main\.session\[0\]\.verifier\.isZero\.out/);
    const signature = { r8, s: 1234n };
    assert.equal(verifyEddsa({ publicKey: { x, y }, signature, message: honest.value('main.head[3][0]') }), false);
    point = point.add(torsion);
  }
  assert.ok(point.is0());
});

test('A with a part of small order is a key like any other, here and for admission', () => {
  const key = sessionKey(5);
  const head = honest.value('main.head[3][0]');
  const publicKey = toCurve(key.publicKey).add(smallOrderPoint()).toAffine();
  const input = change((it) => {
    it.sessionKey[0] = [publicKey.x, publicKey.y];
    signSlot(it, { slot: 0, key: { ...key, publicKey }, head });
  });
  assert.equal(forger.attempt(input).accepted, true);
  assert.equal(verifyEddsa({ publicKey, signature: signEddsa({ ...key, publicKey }, head), message: head }), true);
});

test('S above the order of the subgroup, which would be a second signature', () => {
  const input = change((it) => {
    it.signatureS[0]! += SUBGROUP_ORDER;
  });
  refusedOnlyBy(forger.attempt(input), /main\.session\[0\]\.verifier\.(compConstant|enabled)/);
});
