// Would catch: a forced exit that leaves its bets owed, batched, or counted against the house, or that holds others up.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { useKernel } from '../../protocol/kernel.ts';
import { betJson } from '../api/json.ts';
import { CasinoError } from '../errors.ts';
import { addressBytes } from '../ledger/addresses.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import type { TestBettor } from '../test/admission-fixture.ts';
import { SettlementFixture } from '../test/settlement-fixture.ts';

useKernel(NATIVE_KERNEL);
/** What the chain shows of Alice's vault once she has left: all of it claimable. */
const EXITED = { frozen: true, balance: 0n, pendingDeposit: 0n, claimable: 1_000_000n, requestAmount: 0n };

describe('a forced exit with bets in flight', () => {
  let f: SettlementFixture;
  beforeEach(async () => {
    f = await new SettlementFixture().open();
  });
  afterEach(() => f.close());

  /** Alice leaves by force: the finalized chain shows it. */
  const exit = async (change: { lastBet?: bigint } = {}) => {
    f.chain.frozen.add(f.alice.vault);
    await f.look({ ...EXITED, ...change });
  };
  const bob = () => f.bettors[1] as TestBettor;
  const statusOf = (betNumber: bigint) => {
    const vault = addressBytes(f.alice.vault);
    const bet = f.read.bet(vault, betNumber);
    assert.ok(bet);
    const { admission } = f.admission;
    const state = admission.vaultOf(f.alice.owner);
    const receipt = admission.receiptOf(state, bet);
    const batch = f.read.batchOfBet(vault, betNumber);
    const voided = f.read.voided(vault);
    const proof = { receipt, headBefore: 0n, seed: admission.revealed(state, bet) };
    const { status, void_reason } = betJson({ bet, owner: f.alice.owner, standing: { batch, voided }, ...proof });
    return [status, void_reason];
  };
  /** Shows the chain until nothing of others waits. */
  const settleOthers = (change: Parameters<SettlementFixture['look']>[0]) =>
    f.until(
      () => f.admission.book.openBets === 0 && f.states().every((state) => state === 'Finalized'),
      async () => {
        f.nowMs += 3_000;
        f.chain.finalizeAll();
        await f.look(change);
      },
    );
  const runsOf = (bettor: TestBettor) =>
    f.chain.landed.flatMap(({ batch }) => batch.runs).filter((run) => Buffer.from(run.vault).equals(addressBytes(bettor.vault)));

  test('voids nothing while it is merely confirmed', async () => {
    await f.place(f.alice, 2);
    await f.look({ requestAmount: 1n }, EXITED);
    assert.equal(f.admission.book.openBets, 2);
    assert.deepEqual(statusOf(1n), ['acknowledged', null]);
    await assert.rejects(f.admission.admission.placeBet(f.alice.sign()), { code: 'BUSY' });
    await f.look();
    assert.equal(f.admission.book.openBets, 2);
  });

  test('voids its bets, durably, and frees what the house had at stake in them', async () => {
    await f.place(f.alice, 2);
    await f.place(bob(), 1);
    const { book, admission } = f.admission;
    const exposure = book.exposure / 3n;
    await exit();
    assert.equal(book.openBets, 1);
    assert.equal(book.exposure, exposure);
    assert.deepEqual(
      [statusOf(1n), statusOf(2n)],
      [
        ['Voided', 'forced exit'],
        ['Voided', 'forced exit'],
      ],
    );
    assert.equal(admission.vaultOf(f.alice.owner).available, 0n);
    await f.admission.reopen();
    await exit();
    assert.equal(f.admission.book.openBets, 1);
    assert.equal(f.admission.book.exposure, exposure);
    assert.deepEqual(statusOf(2n), ['Voided', 'forced exit']);
    assert.equal(f.admission.admission.vaultOf(f.alice.owner).available, 0n);
    await assert.rejects(f.admission.admission.placeBet(f.alice.sign()), { code: 'VAULT_CLOSED', retry: false });
  });

  test('voids only what the chain did not settle before it', async () => {
    await f.place(f.alice, 3);
    f.start();
    await f.settleAll();
    await f.place(f.alice, 1);
    await exit({ lastBet: 3n });
    assert.deepEqual(
      [statusOf(3n), statusOf(4n)],
      [
        ['Finalized', null],
        ['Voided', 'forced exit'],
      ],
    );
  });

  test('while the service was down is found at its start', async () => {
    await f.place(f.alice, 2);
    await f.place(bob(), 2);
    await f.admission.reopen();
    await exit();
    assert.deepEqual(statusOf(2n), ['Voided', 'forced exit']);
    f.start();
    await settleOthers(EXITED);
    assert.equal(runsOf(f.alice).length, 0);
    assert.equal(runsOf(bob()).length, 1);
  });

  for (const state of ['Pending', 'Proved', 'Submitted'] as const) {
    test(`takes back a batch of it that is ${state}; the others' bets of it are settled, with a restart in the middle`, async () => {
      await f.place(f.alice, 2);
      await f.place(bob(), 2);
      f.prepare();
      const batch = f.build();
      assert.equal(batch?.runs.length, 2);
      await f.unfinished.add(batch);
      if (state !== 'Pending') {
        await f.unfinished.move(batch, { to: 'Proving', reason: 'test' });
        await f.unfinished.move(batch, { to: 'Proved', reason: 'test', progress: { proof: new Uint8Array(128), proveMs: 1 } });
      }
      if (state === 'Submitted') {
        f.chain.onSend = 'drop';
        f.start();
        await f.untilState('Submitted');
        await f.stop();
      }
      // The exit is durable, its batch not taken back yet: a crash here.
      await exit();
      f.chain.onSend = 'land';
      await f.admission.reopen();
      await exit();
      f.start();
      await settleOthers(EXITED);
      assert.equal(runsOf(f.alice).length, 0);
      assert.deepEqual(
        runsOf(bob()).map(({ firstBet, betCount }) => [firstBet, betCount]),
        [[1n, 2]],
      );
      assert.deepEqual(statusOf(1n), ['Voided', 'forced exit']);
      await f.place(bob(), 2);
      await settleOthers(EXITED);
      assert.equal(runsOf(f.alice).length, 0);
      assert.equal(f.read.waitingBets(), 0);
    });
  }

  test('lets go of a batch that is being signed or sent at that moment', async () => {
    await f.place(f.alice, 2);
    f.chain.onSend = 'drop';
    f.start();
    await f.untilState('Submitted');
    await exit();
    await f.until(() => f.read.lastBatchNumber() === 0n);
    f.chain.onSend = 'reject';
    f.chain.height += 1_000n;
    f.nowMs += 10_000;
    await f.place(bob(), 1);
    f.chain.onSend = 'land';
    await settleOthers(EXITED);
    assert.deepEqual(f.settlement?.problems, []);
    assert.equal(runsOf(bob()).length, 1);
  });

  test('ends the quarantine of a vault whose bets can not be settled', async () => {
    await f.place(f.alice, 1);
    f.onProve = () => {
      throw new CasinoError('SETTLEMENT_REJECTED', 'no witness exists');
    };
    f.start();
    await f.until(
      () => f.held().length === 1,
      () => f.look(),
    );
    await exit();
    await f.until(() => f.held().length === 0 && f.states().length === 0 && f.settlement?.problems.length === 0);
  });

  test('takes nothing back while bytes of a later batch may land: their number would be used twice', async () => {
    await f.place(f.alice, 2);
    await f.place(bob(), 6);
    f.prepare();
    const expiry = f.chain.height + 150n;
    const pair = { leaderEpoch: f.chain.leader.epoch, leaderNonce: f.chain.leader.nonce, lastValidBlockHeight: expiry };
    for (const name of ['first', 'second']) {
      const batch = f.build();
      assert.ok(batch);
      await f.unfinished.add(batch);
      const bytes = { transaction: new TextEncoder().encode(name), signature: name, proof: new Uint8Array(128) };
      await f.unfinished.move(batch, { to: 'Submitted', reason: 'test', progress: { ...bytes, ...pair }, attempt: 1 });
    }
    await exit();
    f.start();
    for (let looks = 0; looks < 20; looks += 1) {
      await f.look(EXITED);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    assert.equal(f.read.lastBatchNumber(), 2n);
    f.chain.height = expiry + 1n;
    await settleOthers(EXITED);
    assert.equal(runsOf(f.alice).length, 0);
    assert.equal(
      runsOf(bob()).reduce((bets, run) => bets + run.betCount, 0),
      6,
    );
  });

  test('is not held up by proofs that are off, nor are the others once they are on again', async () => {
    await f.place(f.alice, 2);
    await f.place(bob(), 2);
    f.proofs = false;
    f.start();
    await f.untilState('Pending');
    await exit();
    await f.until(() => f.read.batch(1n)?.runs.length === 1);
    assert.deepEqual(f.states(), ['Pending']);
    await f.stop();
    f.proofs = true;
    await f.admission.reopen();
    await f.look(EXITED);
    f.start();
    await settleOthers(EXITED);
    assert.equal(runsOf(f.alice).length, 0);
    assert.equal(runsOf(bob()).length, 1);
  });

  test('leaves a batch alone that landed before it and is not known to have', async () => {
    await f.place(f.alice, 2);
    f.chain.onSend = 'drop';
    f.start();
    await f.untilState('Submitted');
    await f.stop();
    f.chain.land('signature-1');
    f.chain.finalizeAll();
    await f.admission.reopen();
    await exit({ lastBet: 2n });
    f.start();
    await f.untilState('Finalized');
    assert.ok(f.read.auditTrail(1n).every(({ to }) => to !== ''));
    assert.deepEqual(statusOf(2n), ['Finalized', null]);
  });

  test('leaves a batch alone that landed before it', async () => {
    await f.place(f.alice, 2);
    f.start();
    await f.untilState('Confirmed');
    f.chain.finalizeAll();
    await exit({ lastBet: 2n });
    await f.untilState('Finalized');
    assert.deepEqual(statusOf(2n), ['Finalized', null]);
    assert.equal(f.read.voided(addressBytes(f.alice.vault)), undefined);
  });
});
