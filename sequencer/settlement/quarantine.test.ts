import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { useKernel } from '../../protocol/kernel.ts';
import { CasinoError } from '../errors.ts';
import { addressOf } from '../ledger/addresses.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { SettlementFixture, WIDE } from '../test/settlement-fixture.ts';

useKernel(NATIVE_KERNEL);
const HOUR_MS = 3_600_000;

describe('quarantine', () => {
  let f: SettlementFixture;
  beforeEach(async () => {
    f = await new SettlementFixture({ bettors: 8, sizes: [WIDE] }).open();
    for (const bettor of f.bettors) await f.place(bettor, 2);
  });
  afterEach(() => f.close());

  /** Until every vault but these has all of its bets final. */
  const settleAllBut = (...held: number[]) =>
    f.until(
      () =>
        f.bettors.every((bettor, index) => {
          const open = f.admission.admission.vaultOf(bettor.owner).openBets.length;
          return held.includes(index) ? open > 0 : open === 0;
        }) && f.held().length === held.length,
      async () => {
        f.chain.finalizeAll();
        await f.look();
      },
    );

  for (const bad of [[3], [0, 7], [2, 3], [0, 1, 2, 3, 4, 5, 6]]) {
    test(`vaults ${bad} of eight are found by trying halves, held, and alone wait`, async () => {
      for (const index of bad) f.chain.badVaults.set(f.bettor(index).vault, 'INVALID_PROOF');
      f.start();
      await settleAllBut(...bad);
      assert.deepEqual(f.held().sort(), bad.map((index) => f.bettor(index).vault as string).sort());
      for (const { alert, reason } of f.errors) assert.deepEqual([alert, reason], ['vault-quarantined', 'INVALID_PROOF']);
      assert.equal(f.errors.length, bad.length);
      assert.equal(f.settlement?.problems.length, bad.length);
      assert.equal(f.admission.book.openBets, 2 * bad.length);
      assert.deepEqual(
        f.chain.landed.map(({ batchNumber }) => batchNumber),
        f.chain.landed.map((_, index) => BigInt(index + 1)),
      );
      f.chain.badVaults.clear();
      await f.restart();
      await f.settleAll();
      await f.until(() => f.held().length === 0);
      f.assertSettledOnce();
    });
  }

  test('two vaults that no proof exists for are held while the rest settle', async () => {
    const bad = new Set([1, 4].map((index) => f.bettor(index).vault));
    f.onProve = ({ runs }) => {
      if (runs.some(({ vault }) => bad.has(addressOf(vault)))) throw new CasinoError('SETTLEMENT_REJECTED', 'no witness exists');
    };
    f.start();
    await settleAllBut(1, 4);
  });

  test('a vault that freezes between planning and landing is named by the chain, without trying halves', async () => {
    let proofs = 0;
    f.onProve = () => {
      proofs += 1;
      if (proofs === 1) f.chain.confirmedChanges.set(f.bettor(5).vault, { frozen: true });
    };
    f.start();
    await settleAllBut(5);
    assert.equal(proofs, 2);
    assert.match(f.settlement?.problems[0] ?? '', /frozen by a forced exit/);
  });

  test('a vault that freezes once the bytes are out is held when they are dead, not before', async () => {
    f.chain.onSend = 'drop';
    f.start();
    await f.untilState('Submitted');
    f.chain.confirmedChanges.set(f.bettor(5).vault, { frozen: true });
    for (let looks = 0; looks < 20; looks += 1) await f.look();
    assert.deepEqual(f.states(), ['Submitted']);
    assert.deepEqual(f.held(), []);
    f.chain.onSend = 'land';
    f.chain.height += 200n;
    await settleAllBut(5);
    f.chain.changes.set(f.bettor(5).vault, { frozen: true });
    await f.look();
    assert.equal(f.admission.book.openBets, 0, 'once the exit is final its bets are void');
    await f.until(() => f.held().length === 0);
  });

  test("bets of a held vault have to wait and are not refused; another's are taken", async () => {
    f.chain.badVaults.set(f.bettor(3).vault, 'INVALID_PROOF');
    f.start();
    await settleAllBut(3);
    const bet = f.bettor(3).sign();
    await assert.rejects(f.admission.admission.placeBet(bet), { code: 'BUSY' });
    await f.place(f.bettor(2), 1);
    f.chain.badVaults.clear();
    f.nowMs += HOUR_MS;
    await f.settleAll();
    await f.until(() => f.held().length === 0);
    await f.admission.admission.placeBet(bet);
    f.bettor(3).accept(bet);
    await f.settleAll();
    f.assertSettledOnce();
  });

  test('a held vault survives a start, is tried again by it and then on a slow schedule, each time later', async () => {
    f.chain.badVaults.set(f.bettor(3).vault, 'INVALID_PROOF');
    f.start();
    await settleAllBut(3);
    // Not the ledger's word, which is there a moment before the process knows of it: the clock must not move in between.
    const attempts = () => f.admission.admission.vaultOf(f.bettor(3).owner).quarantine?.attempts;
    assert.equal(attempts(), 1);
    await f.restart();
    await f.until(() => attempts() === 2);
    const { chain } = f;
    const before = chain.dryRuns;
    f.nowMs += 9 * 60_000;
    for (let looks = 0; looks < 30; looks += 1) await new Promise((resolve) => setTimeout(resolve, 2));
    assert.equal(chain.dryRuns, before);
    f.nowMs += 2 * 60_000;
    await f.until(() => attempts() === 3);
    assert.equal(f.chain.landed.length, f.states().length);
  });

  test('a held vault is tried again several times before an exit delay is over, and more often before its deadline', async () => {
    // An exit delay of ten minutes.
    f.slotMs = 400;
    f.chain.badVaults.set(f.bettor(3).vault, 'INVALID_PROOF');
    f.start();
    await settleAllBut(3);
    const attempts = () => f.admission.admission.vaultOf(f.bettor(3).owner).quarantine?.attempts;
    for (let expected = 2; expected <= 4; expected += 1) {
      f.nowMs += 75_000;
      await f.until(() => attempts() === expected);
    }
    f.nowMs += 20_000;
    for (let looks = 0; looks < 30; looks += 1) await f.look();
    assert.equal(attempts(), 4);
    f.chain.changes.set(f.bettor(3).vault, { requestAmount: 5n, requestDeadline: f.slot + 375n });
    await f.look();
    await f.until(() => attempts() === 5);
    f.nowMs += 20_000;
    await f.until(() => attempts() === 6);
  });

  test('held vaults that a start tries again, one after the other, let the others settle in between, and have one trial each', async () => {
    const bad = [0, 1, 2, 3, 4];
    for (const index of bad) f.chain.badVaults.set(f.bettor(index).vault, 'INVALID_PROOF');
    f.start();
    await settleAllBut(...bad);
    await f.stop();
    await f.place(f.bettor(6), 2);
    const proven: string[] = [];
    f.onProve = ({ runs }) => void proven.push(runs.map(({ vault }) => (vault[0] as number) - 101).join());
    await f.restart();
    await f.until(() => proven.includes('6'));
    assert.ok(proven.indexOf('6') <= 1, `proven: ${proven}`);
    const attempts = () => bad.map((index) => f.admission.admission.vaultOf(f.bettor(index).owner).quarantine?.attempts);
    await f.until(() => attempts().every((count) => count === 2));
    assert.deepEqual(proven.toSorted(), ['0', '1', '2', '3', '4', '6']);
  });

  test('a house that can not pay blames nobody, says so, and resumes when it is funded', async () => {
    f.chain.houseFailure = 'INSUFFICIENT_HOUSE_BALANCE';
    f.start();
    await f.until(() => f.settlement?.problems[0] !== undefined);
    assert.match(f.settlement?.problems[0] ?? '', /batch 1 waits: INSUFFICIENT_HOUSE_BALANCE/);
    assert.deepEqual(
      f.errors.map(({ alert }) => alert),
      ['settlement-blocked'],
    );
    assert.deepEqual([f.held(), f.chain.signed.size], [[], 0]);
    f.chain.houseFailure = undefined;
    await f.settleAll();
    assert.deepEqual(f.settlement?.problems, []);
    assert.equal(f.read.auditTrail(1n).filter(({ to }) => to === '').length, 0);
    f.assertSettledOnce();
  });

  test('a vault whose session key the chain has no more is held before anything is proven', async () => {
    f.chain.changes.set(f.bettor(3).vault, { keys: [7n, 8n].map((hash) => ({ hash, from: 0n, until: 1n << 60n })) as never });
    await f.look();
    f.start();
    await settleAllBut(3);
    assert.match(f.settlement?.problems[0] ?? '', /not registered any more/);
    f.chain.changes.clear();
    f.nowMs += HOUR_MS;
    await f.settleAll();
    await f.until(() => f.held().length === 0);
    f.assertSettledOnce();
  });

  test('vaults under trial that can not be planned do not hold the others up', async () => {
    f.chain.badVaults.set(f.bettor(3).vault, 'INVALID_PROOF');
    f.start();
    await f.until(() => f.read.auditTrail(1n).some(({ to }) => to === ''));
    for (const index of [0, 1, 2, 3]) f.chain.changes.set(f.bettor(index).vault, { frozen: true });
    await f.until(
      () => f.admission.book.openBets === 8,
      async () => {
        f.chain.finalizeAll();
        await f.look();
      },
    );
  });
});

describe('verifying keys', () => {
  let f: SettlementFixture;
  beforeEach(async () => {
    f = await new SettlementFixture().open();
  });
  afterEach(() => f.close());

  test('a size whose key is about to retire is not planned with', async () => {
    f.chain.keys.set(2, { activeFromSlot: 0n, retiredFromSlot: f.chain.height + 1_000n });
    for (const bettor of f.bettors) await f.place(bettor, 2);
    f.start();
    await f.settleAll();
    assert.ok(f.chain.landed.every(({ batch }) => batch.vkId === 1));
  });

  test('a batch whose key has retired meanwhile is taken back and built in another size, nobody blamed', async () => {
    f.onProve = ({ runs }) => {
      if (runs.length > 1) f.chain.keys.set(2, { activeFromSlot: 0n, retiredFromSlot: f.chain.height });
    };
    for (const bettor of f.bettors) await f.place(bettor, 2);
    f.start();
    await f.settleAll();
    assert.ok(f.chain.landed.every(({ batch }) => batch.vkId === 1));
    assert.deepEqual(f.errors, []);
    f.assertSettledOnce();
  });

  test('no key that lasts is a problem that health shows', async () => {
    f.chain.keys.clear();
    await f.place(f.alice, 1);
    f.start();
    await f.until(() => f.settlement?.problems.some((problem) => problem.includes('no verifying key')) === true);
  });
});
