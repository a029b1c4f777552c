import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { useKernel } from '../../protocol/kernel.ts';
import { CasinoError } from '../errors.ts';
import { addressBytes } from '../ledger/addresses.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { SettlementFixture } from '../test/settlement-fixture.ts';

useKernel(NATIVE_KERNEL);
const EVERYTHING = 10_000_000n;

describe('rejections', () => {
  let f: SettlementFixture;
  beforeEach(async () => {
    f = await new SettlementFixture().open();
  });
  afterEach(() => f.close());

  test('failed dry runs take nothing back while the bytes can land, and they may land after all', async () => {
    await f.place(f.alice, 1);
    f.chain.onSend = 'reject';
    f.start();
    await f.until(
      () => f.chain.sent.length >= 10,
      () => {
        f.nowMs += 3_000;
      },
    );
    await f.place(f.alice, 1);
    assert.equal(f.read.batch(1n)?.state, 'Submitted');
    assert.equal(f.chain.land('signature-1'), true);
    f.chain.onSend = 'land';
    await f.settleAll();
    f.assertSettledOnce();
  });

  test('a batch whose bytes are dead after failed dry runs is taken back with those built on it, and built anew', async () => {
    await f.place(f.alice, 7);
    f.chain.onSend = 'reject';
    f.start();
    await f.until(
      () => f.read.auditTrail(1n).some(({ to }) => to === ''),
      () => {
        f.nowMs += 3_000;
        if (f.chain.sent.length >= 4) {
          f.chain.badVaults.set(f.alice.vault, 'INVALID_PROOF');
          f.chain.height += 200n;
        }
      },
    );
    f.chain.badVaults.clear();
    f.chain.onSend = 'land';
    f.nowMs += 10_000;
    await f.settleAll();
    f.assertSettledOnce();
  });

  test('a transaction that is merely processed is waited for', async () => {
    await f.place(f.alice, 1);
    f.chain.onSend = 'drop';
    f.start();
    await f.until(() => f.chain.sent.length === 1);
    f.chain.land('signature-1');
    (f.chain.landed[0] as { commitment: string }).commitment = 'processed';
    f.chain.onSend = 'reject';
    for (let tries = 0; tries < 50; tries += 1) {
      f.nowMs += 3_000;
      f.chain.height += 10n;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    assert.deepEqual(f.states(), ['Submitted']);
    await f.settleAll();
    assert.equal(f.chain.signed.size, 1);
  });

  test('a vault that no proof exists for is held as Failed, its bets still owed; a start tries it once more', async () => {
    await f.place(f.alice, 1);
    f.onProve = () => {
      throw new CasinoError('SETTLEMENT_REJECTED', 'no witness exists');
    };
    f.start();
    await f.until(() => f.settlement?.problems[0] !== undefined);
    assert.match(f.settlement?.problems[0] ?? '', /held: no witness exists/);
    assert.equal(f.admission.book.openBets, 1);
    assert.equal(f.chain.landed.length, 0);
    f.onProve = () => {};
    await f.restart();
    await f.settleAll();
    f.assertSettledOnce();
  });

  test('a loop that keeps failing is a problem that health shows', async () => {
    await f.place(f.alice, 1);
    f.onProve = () => {
      throw new CasinoError('PROVER_FAILED', 'out of memory');
    };
    f.start();
    await f.until(() => f.settlement?.problems[0] !== undefined);
    assert.match(f.settlement?.problems[0] ?? '', /proving keeps failing: out of memory/);
  });

  test('no run is planned on a balance that is older than the last finished batch', async () => {
    await f.place(f.alice, 3);
    f.prepare();
    const first = f.build();
    assert.ok(first);
    await f.unfinished.add(first);
    for (const to of ['Proving', 'Proved', 'Submitted', 'Confirmed', 'Finalized'] as const) {
      await f.unfinished.move(first, { to, reason: 'test' });
    }
    await f.place(f.alice, 1);
    assert.equal(f.build(), undefined);
    await f.look({ lastBet: 3n, balance: first.runs[0]?.after as bigint });
    assert.equal(f.build()?.runs[0]?.start, first.runs[0]?.after);
  });
});

describe('withdrawals', () => {
  let f: SettlementFixture;
  beforeEach(async () => {
    f = await new SettlementFixture().open();
  });
  afterEach(() => f.close());

  test('only a finalized request is paid, so that no view lacks both the request and its payment', async () => {
    await f.place(f.alice, 1);
    f.prepare();
    await f.look({}, { requestAmount: EVERYTHING });
    assert.equal(f.build()?.runs[0]?.payRequest, false);
    await f.look({ requestAmount: EVERYTHING });
    assert.equal(f.build()?.runs[0]?.payRequest, true);
  });

  test('a request is not paid with a run that ends before the last admitted bet, durable or not', async () => {
    await f.place(f.alice, 1);
    f.prepare();
    const request = f.alice.sign();
    const pending = f.admission.admission.placeBet(request);
    const vault = addressBytes(f.alice.vault);
    const observed = f.look({ requestAmount: EVERYTHING });
    const planned = f.read.vault(vault)?.lastBet === 1n ? f.build()?.runs[0] : undefined;
    if (planned) assert.equal(planned.payRequest, planned.betCount === 2);
    await Promise.all([pending, observed]);
    assert.deepEqual([f.build()?.runs[0]?.betCount, f.build()?.runs[0]?.payRequest], [2, true]);
  });

  test('a confirmed view that goes back does not lift the hold', async () => {
    await f.look({}, { requestAmount: EVERYTHING });
    const { admission, book } = f.admission;
    const { view } = book;
    assert.ok(view);
    const back = { ...view, confirmed: { ...view.confirmed, slot: view.confirmed.slot - 1n, vaults: view.finalized.vaults } };
    await book.observe(back);
    await assert.rejects(admission.placeBet(f.alice.sign()), { code: 'BUSY' });
  });

  test('a request of a vault without open bets is paid without a proof, once', async () => {
    f.start();
    await f.look({ requestAmount: EVERYTHING, pendingDeposit: 5n });
    await f.until(() => f.chain.paid.length > 0);
    for (let looks = 0; looks < 20; looks += 1) await f.look({ requestAmount: 0n, balance: 0n });
    assert.deepEqual(f.chain.paid, [{ vault: f.alice.vault, consume: 5n }]);
    assert.equal(f.admission.admission.vaultOf(f.alice.owner).available, 0n);
  });

  test('a request that is merely confirmed, or of a vault with open bets, is not paid that way', async () => {
    await f.place(f.alice, 1);
    f.chain.onSend = 'drop';
    f.start();
    await f.look({ requestAmount: EVERYTHING });
    await f.untilState('Submitted');
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.deepEqual(f.chain.paid, []);
  });

  test('whoever could leave by force first is paid first, however many others ask', async () => {
    const many = await new SettlementFixture({ bettors: 30 }).open();
    try {
      for (const [index, bettor] of many.bettors.entries()) {
        many.chain.changes.set(bettor.vault, { requestAmount: 1n, requestDeadline: 1_000n - BigInt(index) });
      }
      await many.look();
      many.start();
      await many.until(() => many.chain.paid.length > 0);
      const first = many.chain.paid.map(({ vault }) => vault).sort();
      assert.deepEqual(
        first,
        many.bettors
          .slice(10)
          .map(({ vault }) => vault)
          .sort(),
      );
    } finally {
      await many.stop();
      await many.close();
    }
  });
});
