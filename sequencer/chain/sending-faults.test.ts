// Would catch: a batch that is lost, settled twice or given up because a transaction's way to the chain was anything but straight.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { KeyPairSigner } from '@solana/kit';
import { deposit, fundHouse, requestWithdrawal } from '../../program/client/index.ts';
import { ChainWorld, SOL } from '../test/chain-world.ts';

/** More slots than a blockhash lives. */
const EXPIRY_SLOTS = 200;
/** Slots that may be on their way when time is stopped. */
const LAST_SLOTS = 3;

describe('a transaction on its way', () => {
  let w: ChainWorld;
  before(async () => {
    w = await ChainWorld.open();
  });
  afterEach(() => w.proxy.heal());
  after(() => w.close());

  test('times out after it has landed', async () => {
    w.proxy.fail(['sendTransaction'], { kind: 'lose-answer' }, 3);
    await w.bet(3);
    await w.settleAndCheck();
  });

  test('is dropped and answered as sent: the same bytes are sent again', async () => {
    w.proxy.fail(['sendTransaction'], { kind: 'swallow' }, 1);
    await w.bet(1);
    const { batchNumber, signature } = await w.untilState('Submitted');
    await w.settleAndCheck();
    const batch = w.ledger.batch(batchNumber);
    assert.deepEqual([batch?.attempt, batch?.signature], [1, signature]);
  });

  test('arrives three times', async () => {
    w.proxy.fail(['sendTransaction'], { kind: 'repeat', times: 3 });
    await w.bet(3);
    await w.settleAndCheck();
  });

  test('is held back until its blockhash has expired: it is signed anew, after its status was asked for', async () => {
    w.proxy.fail(['sendTransaction'], { kind: 'hold' });
    await w.bet(2);
    const { batchNumber, signature: first } = await w.untilState('Submitted');
    await w.until('it is held', () => w.proxy.held > 0);
    const heldAt = w.proxy.calls.length;
    await w.node.addSlots(EXPIRY_SLOTS);
    await w.until('it is signed anew', () => w.ledger.batch(batchNumber)?.attempt === 2);
    const second = w.ledger.batch(batchNumber)?.signature as string;
    await w.until('the new bytes are sent', () => w.proxy.sent.includes(second));
    assertAskedLast(w, { first: first as string, second, heldAt });
    w.proxy.heal();
    const answers = await w.proxy.release();
    assert.match(answers[0] as string, /Blockhash not found/);
    await w.settleAndCheck();
    assert.equal(w.ledger.batch(batchNumber)?.signature, second);
  });

  test('is held back and lands at the last moment: nothing is signed anew', async () => {
    w.proxy.fail(['sendTransaction'], { kind: 'hold' });
    await w.bet(1);
    const { batchNumber, signature, lastValidBlockHeight } = await w.untilState('Submitted');
    await w.until('it is held', () => w.proxy.held > 0);
    w.node.pause();
    await w.node.addSlots(Number(lastValidBlockHeight) - LAST_SLOTS - w.node.slot);
    w.proxy.heal();
    const answers = await w.proxy.release();
    w.node.run();
    assert.doesNotMatch(answers[0] as string, /error/);
    await w.settleAndCheck();
    const batch = w.ledger.batch(batchNumber);
    assert.deepEqual([batch?.attempt, batch?.signature], [1, signature]);
  });

  test('is refused by every dry run until it has expired, and its batch settles all the same', async () => {
    const error = { code: -32002, message: 'Transaction simulation failed', data: { err: 'AccountInUse', logs: [] } };
    w.proxy.fail(['sendTransaction'], { kind: 'say', text: JSON.stringify({ jsonrpc: '2.0', id: '1', error }) });
    await w.bet(1);
    const { signature } = await w.untilState('Submitted');
    await w.until('it is sent', () => w.proxy.sent.includes(signature as string));
    await w.node.addSlots(EXPIRY_SLOTS);
    w.proxy.heal();
    await w.settleAndCheck();
  });

  test('meets what owners and others do between its plan and its landing: none of it invalidates the batch', async () => {
    const [alice, bob] = w.wallets as [KeyPairSigner, KeyPairSigner];
    const { program, house } = w.house;
    const between = [
      () => w.elsewhere(bob, deposit({ program, payer: bob, house, owner: alice.address, amount: 1n })),
      () => w.elsewhere(bob, fundHouse({ program, payer: bob, house, amount: SOL })),
      () => w.elsewhere(alice, requestWithdrawal({ program, owner: alice, house, amount: 1_000n })),
      () => w.seat(2),
    ];
    for (const run of between) {
      await w.bet(1);
      w.proxy.fail(['sendTransaction'], { kind: 'before', run }, 1);
      await w.settleAndCheck();
      w.proxy.heal();
    }
  });
});

/** Before the new bytes were made, the old signature's status was asked for after a look at the block height that showed its end. */
function assertAskedLast(w: ChainWorld, at: { first: string; second: string; heldAt: number }): void {
  const calls = w.proxy.calls.slice(at.heldAt);
  const lastBefore = (end: number, matches: (call: (typeof calls)[number]) => boolean) =>
    calls.findLastIndex((call, index) => index < end && matches(call));
  const sent = calls.findIndex((call) => call.method === 'sendTransaction' && call.signature === at.second);
  const dryRun = lastBefore(sent, ({ method }) => method === 'simulateTransaction');
  const asked = lastBefore(dryRun, ({ method, signature }) => method === 'getSignatureStatuses' && signature === at.first);
  const height = lastBefore(asked, ({ method }) => method === 'getEpochInfo');
  assert.ok(height !== -1, `sent at ${sent}, dry run at ${dryRun}, status at ${asked}, height at ${height}`);
}
