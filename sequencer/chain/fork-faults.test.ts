// Would catch: a batch that a fork took back and that nobody brings on again, or twice; an old leader that goes on after it was fenced.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { advanceEpoch, type CasinoInstruction, claim, requestWithdrawal } from '../../program/client/index.ts';
import { ChainWorld, SOL } from '../test/chain-world.ts';
import { ChainReader } from './reader.ts';
import { connectRpc } from './rpc.ts';
import { sendBytes, signTransaction } from './transactions.ts';

const readerOf = (w: ChainWorld) => new ChainReader({ ...w.house, rpc: connectRpc(w.node.url), nowMs: Date.now });

describe('a fork', () => {
  let w: ChainWorld;
  before(async () => {
    w = await ChainWorld.open();
    await w.bet(1);
    await w.settleAndCheck();
  });
  afterEach(() => w.proxy.heal());
  after(() => w.close());

  /** Brings a batch to Confirmed, while time stands still before it can be final, and takes it back. */
  async function takeBackOne(): Promise<bigint> {
    const journalBytes = w.node.journalBytes;
    w.node.pause();
    await w.bet(1, w.clients.slice(0, 1));
    await w.until('it has landed', () => w.node.journalBytes > journalBytes);
    await w.node.addSlots(1);
    const { batchNumber } = await w.untilState('Confirmed');
    await w.node.rollBack(journalBytes);
    return batchNumber;
  }

  test('takes a confirmed batch back: Submitted again, the same bytes land again, settled once', async () => {
    const batchNumber = await takeBackOne();
    w.node.run();
    await w.settleAndCheck();
    const states = w.ledger.auditTrail(batchNumber).map(({ to }) => to);
    assert.deepEqual(states.slice(-4), ['Confirmed', 'Submitted', 'Confirmed', 'Finalized']);
    assert.equal(w.ledger.batch(batchNumber)?.attempt, 1);
  });

  test('takes a confirmed batch back and its bytes expire before they land again: signed anew, settled once', async () => {
    w.proxy.fail(['sendTransaction'], { kind: 'before', run: async () => {} }, 1);
    w.proxy.fail(['sendTransaction'], { kind: 'hold' });
    const batchNumber = await takeBackOne();
    await w.node.addSlots(200);
    w.node.run();
    await w.until('it is signed anew', () => w.ledger.batch(batchNumber)?.attempt === 2);
    w.proxy.heal();
    await w.proxy.release();
    await w.settleAndCheck();
  });

  test('takes a failure back, and the failed bytes land after all: they are not given up before the failure is final', async () => {
    const journalBytes = w.node.journalBytes;
    w.proxy.fail(['sendTransaction'], { kind: 'hold' }, 1);
    w.node.pause();
    await w.bet(1, w.clients.slice(0, 1));
    await w.until('it is held', () => w.proxy.held > 0);
    const batchNumber = w.current?.batchNumber as bigint;
    // Were the batch built anew, it would take these bets in and so be another.
    await w.bet(1);
    await advanceTheirs(w);
    await w.proxy.release({ keep: true, skipDryRun: true });
    await w.node.addSlots(1);
    const { length } = w.proxy.calls;
    await w.until('the failure was seen', () =>
      w.proxy.calls.slice(length + 10).some(({ method }) => method === 'getSignatureStatuses'),
    );
    await w.node.rollBack(journalBytes);
    await w.node.addSlots(3);
    await w.proxy.release();
    w.node.run();
    await w.settleAndCheck();
    assert.equal(w.ledger.batch(batchNumber)?.attempt, 1);
  });

  test('takes a confirmed batch back while the service is down', async () => {
    const journalBytes = w.node.journalBytes;
    w.node.pause();
    await w.bet(1, w.clients.slice(0, 1));
    await w.until('it has landed', () => w.node.journalBytes > journalBytes);
    await w.node.addSlots(1);
    await w.untilState('Confirmed');
    await w.stop();
    await w.node.rollBack(journalBytes);
    w.node.run();
    await w.start();
    await w.settleAndCheck();
  });
});

/** Another process advances the epoch; resolves once that is processed. */
async function advanceTheirs(w: ChainWorld): Promise<void> {
  const rpc = connectRpc(w.node.url);
  const { settler } = await w.operator();
  const { leaderEpoch: from } = await readerOf(w).houseAt('confirmed');
  const instruction = advanceEpoch({ ...w.house, leader: settler, from, to: from + 1n, nonce: 7n });
  const { bytes } = await signTransaction(rpc, { payer: settler, instructions: [instruction], computeUnits: 20_000 });
  await sendBytes(rpc, bytes);
}

describe('another process', () => {
  test('advances the leader epoch: nothing of the old leader lands, it answers no bet, and starts no more', async () => {
    const w = await ChainWorld.open();
    try {
      w.proxy.fail(['sendTransaction'], { kind: 'hold' });
      await w.bet(2);
      await w.until('it is held', () => w.proxy.held > 0);
      const { leaderEpoch: from } = await readerOf(w).houseAt('finalized');
      const { settler } = await w.operator();
      await w.elsewhere(settler, advanceEpoch({ ...w.house, leader: settler, from, to: from + 1n, nonce: 7n }));
      w.proxy.heal();
      assert.match((await w.proxy.release())[0] as string, /Transaction simulation failed/);
      await w.until('it does not lead', async () => !(await w.health()).leading);
      await assert.rejects(w.bet(1), { code: 'NOT_LEADING' });
      const { lastBatch } = await readerOf(w).houseAt('finalized');
      assert.equal(lastBatch, 0n);
      await w.stop();
      // The other pair is not in this ledger, so the house was led with another one, which may have revealed seeds.
      await assert.rejects(w.start(), { code: 'LEDGER_STALE' });
    } finally {
      await w.close();
    }
  });
});

describe('a payment without a proof', () => {
  test('lands once, whatever happens to it on its way', async () => {
    const w = await ChainWorld.open();
    try {
      const { program, house } = w.house;
      const [owner] = w.wallets as [(typeof w.wallets)[0]];
      const send = (instruction: Promise<CasinoInstruction>) => w.elsewhere(owner, instruction);
      const kinds = ['lose-answer', 'swallow', 'cut', 'hold'] as const;
      for (const [index, kind] of kinds.entries()) {
        const amount = SOL / 10n + BigInt(index);
        w.proxy.fail(['sendTransaction'], { kind }, 1);
        const { length } = w.proxy.sent;
        await send(requestWithdrawal({ program, owner, house, amount }));
        await w.until('it is sent', () => w.proxy.sent.length > length);
        if (kind !== 'lose-answer') await w.node.addSlots(200);
        await w.until(`it is paid after ${kind}`, async () => (await w.clients[0]?.vault())?.requestAmount === 0n);
        await w.proxy.release();
        assert.equal((await w.clients[0]?.vault())?.claimable, amount);
        await send(claim({ program, house, owner: owner.address }));
      }
      await w.bet(1);
      await w.settleAndCheck();
    } finally {
      await w.close();
    }
  });
});
