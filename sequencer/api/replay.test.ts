import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { useKernel } from '../../protocol/kernel.ts';
import type { BetAnswer } from '../admission/admission.ts';
import type { BatchRecord, BatchState } from '../ledger/records.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { TestBettor } from '../test/admission-fixture.ts';
import { ApiFixture, bodyOf } from '../test/api-fixture.ts';
import { WsClient } from '../test/ws-client.ts';
import type { ApiLimits } from './limits.ts';

/* Catches an event that a reader with a cursor misses or hears twice, and a reader that is not told that it has missed some. */
useKernel(NATIVE_KERNEL);

describe('events from a cursor', () => {
  let fixture: ApiFixture;
  let clients: WsClient[];
  let answer: BetAnswer;

  beforeEach(async () => {
    fixture = await new ApiFixture().open();
    answer = await fixture.admission.admission.placeBet(fixture.alice.sign());
    clients = [];
  });
  afterEach(async () => {
    for (const { socket } of clients) socket.terminate();
    await fixture.close();
  });

  const listen = (limits: Partial<ApiLimits> = {}) => fixture.listen({ limits });
  const open = async (query: Record<string, string>) => {
    const client = await WsClient.open(fixture.url, { query: `?${new URLSearchParams(query)}` });
    clients.push(client);
    return client;
  };
  /** Events whose `nonce` counts on, each some kilobytes. */
  let told = 0n;
  beforeEach(() => {
    told = 0n;
  });
  const tell = (count: number, owner = fixture.alice.owner) => {
    for (let index = 0; index < count; index += 1) {
      told += 1n;
      fixture.feed.betTaken(owner, { ...answer, bet: { ...answer.bet, betNumber: told } });
    }
  };
  const noncesOf = ({ heard }: WsClient) => heard.filter(({ type }) => type === 'bet_result').map(({ nonce }) => Number(nonce));
  const cursorOf = ({ heard }: WsClient) => String(heard.at(-1)?.cursor);
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

  test('a reader that comes back hears what it missed and then what happens, each once and in order', async () => {
    await listen();
    const first = await open({ cursor: 'now' });
    await first.until(() => first.heard.length === 1);
    assert.equal(first.heard[0]?.type, 'position');
    const start = cursorOf(first);
    tell(3);
    await first.until(() => noncesOf(first).length === 3);
    first.socket.terminate();
    tell(4);
    const second = await open({ cursor: cursorOf(first) });
    tell(2);
    await second.until(() => noncesOf(second).length === 6);
    assert.deepEqual(noncesOf(second), range(4, 9));
    const fromStart = await open({ cursor: start });
    await fromStart.until(() => noncesOf(fromStart).length === 9);
    assert.deepEqual(noncesOf(fromStart), range(1, 9));
    const none = await open({ cursor: cursorOf(second) });
    tell(1);
    await none.until(() => none.heard.length === 1);
    assert.deepEqual(noncesOf(none), [10], 'nothing comes again to who has heard all');
  });

  test('a long replay goes over into what happens meanwhile, in bounded pieces, without gap or double', async () => {
    await listen({ unreadBytes: 100_000 });
    const watcher = await open({ cursor: 'now' });
    await watcher.until(() => watcher.heard.length === 1);
    const start = cursorOf(watcher);
    watcher.socket.terminate();
    tell(1_000);
    const reader = await open({ cursor: start });
    while (noncesOf(reader).length < 1_500) {
      if (told < 1_500n) tell(20);
      await new Promise((resolve) => setTimeout(resolve, 2));
      assert.equal(reader.socket.readyState, reader.socket.OPEN);
    }
    assert.deepEqual(noncesOf(reader), range(1, 1_500));
  });

  test('a reader sees only what concerns it, told again or not, and its cursor counts all', async () => {
    await listen();
    const bob = new TestBettor(2).owner;
    const watcher = await open({ cursor: 'now', user: bob });
    await watcher.until(() => watcher.heard.length === 1);
    tell(2);
    tell(1, bob);
    tell(2);
    fixture.feed.batchChanged(batch('Pending'), 'moved');
    await watcher.until(() => watcher.heard.length === 3);
    const again = await open({ cursor: String(watcher.heard[0]?.cursor), user: bob });
    await again.until(() => again.heard.length === 2);
    assert.deepEqual(again.heard, watcher.heard.slice(1));
    assert.deepEqual(noncesOf(again), [3]);
  });

  test('a gap comes first, with its reason and where the events stand', async () => {
    await listen({ keptEvents: 5 });
    const reader = await open({ cursor: 'now' });
    tell(6);
    await reader.until(() => noncesOf(reader).length === 6);
    const oldest = String(reader.heard[0]?.cursor);
    const newest = cursorOf(reader);
    const old = fixture.feed;
    for (const [cursor, reason] of [
      [oldest, 'too_old'],
      [`${'0'.repeat(16)}-1`, 'other_process'],
      [newest.replace(/\d+$/, '99'), 'unknown'],
    ] as const) {
      const late = await open({ cursor });
      await late.until(() => late.heard.length === 1);
      assert.deepEqual(late.heard[0], { type: 'gap', reason, cursor: newest });
    }
    await listen();
    assert.notEqual(fixture.feed, old);
    const restarted = await open({ cursor: newest });
    await restarted.until(() => restarted.heard.length === 1);
    assert.deepEqual([restarted.heard[0]?.type, restarted.heard[0]?.reason], ['gap', 'other_process']);
    tell(1);
    await restarted.until(() => restarted.heard.length === 2);
  });

  test('a reader that falls behind what is kept, while it is told, hears of the gap and goes on', async () => {
    // More than the system's own buffers take.
    await listen({ keptEvents: 4_000, unreadBytes: 400_000 });
    const watcher = await open({ cursor: 'now' });
    await watcher.until(() => watcher.heard.length === 1);
    watcher.socket.terminate();
    tell(4_000);
    const reader = await open({ cursor: cursorOf(watcher) });
    reader.socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 200));
    tell(4_000);
    reader.socket.resume();
    const gapAt = () => reader.heard.findIndex(({ type }) => type === 'gap');
    await reader.until(() => gapAt() >= 0);
    tell(1);
    await reader.until(() => noncesOf(reader).at(-1) === 8_001);
    assert.deepEqual(noncesOf(reader), [...range(1, gapAt()), 8_001]);
    assert.ok(gapAt() < 4_000);
    assert.equal(reader.heard[gapAt()]?.reason, 'too_old');
  });

  test('what is no cursor is refused with 1008, and what is no query with 400', async () => {
    await listen();
    for (const cursor of ['', 'yesterday', '1', `${'0'.repeat(16)}-x`]) {
      const client = await open({ cursor });
      assert.deepEqual(await client.closed(), [1008, 'BAD_REQUEST this is no cursor'], cursor);
    }
    for (const query of [`?cursor=${'x'.repeat(65)}`, '?events=on', '?events=off&events=off']) {
      await assert.rejects(WsClient.open(fixture.url, { query }), /400/);
    }
  });

  test('a taken bet is told once, with all of its summary, however often it is sent again', async () => {
    await listen();
    const reader = await open({ cursor: 'now' });
    await reader.until(() => reader.heard.length === 1);
    fixture.alice.accept(fixture.alice.sign());
    const bet = fixture.alice.sign();
    const bets = await open({ events: 'off' });
    const reply = await bets.ask(bet);
    for (let count = 0; count < 2; count += 1) assert.deepEqual((await bets.ask(bet)).answer, reply.answer);
    await fixture.api.inject({ method: 'POST', url: '/v1/bet', payload: bodyOf(bet) });
    fixture.feed.batchChanged(batch('Pending'), 'moved');
    await reader.until(() => reader.heard.at(-1)?.type === 'batch_changed');
    assert.equal(reader.heard.length, 3);
    const { type, cursor, ...event } = reader.heard[1] as Record<string, unknown>;
    assert.equal(type, 'bet_result');
    assert.ok(cursor);
    const { vrf, limit, receipt, ...summary } = event;
    assert.deepEqual({ ...reply.answer, ...event }, event, 'all of the answer is in it');
    assert.deepEqual(summary, {
      bet_id: reply.answer?.bet_id,
      user: fixture.alice.owner,
      vault: fixture.alice.vault,
      nonce: '2',
      terms_id: 1,
      amount: '50000',
      guess: 'heads',
      outcome: reply.answer?.outcome,
      won: reply.answer?.outcome === 'heads',
      payout: reply.answer?.payout,
      balance: reply.answer?.balance,
      time: 1_790_000_000_000,
      status: 'acknowledged',
      batch: null,
      l1_signature: null,
    });
    assert.deepEqual(
      bets.heard.filter(({ type }) => type !== 'bet_answer'),
      [],
      'who asked for no events hears none',
    );
  });

  test('each change of a batch is told to all; that it is final also by itself; and that it was taken back', async () => {
    await listen();
    const reader = await open({ cursor: 'now', user: new TestBettor(2).owner });
    await reader.until(() => reader.heard.length === 1);
    for (const state of ['Pending', 'Proving', 'Finalized'] as const) fixture.feed.batchChanged(batch(state), 'moved');
    fixture.feed.batchChanged(batch('Proved'), 'withdrawn');
    await reader.until(() => reader.heard.length === 6);
    const seen = reader.heard.slice(1).map(({ type, batch, number }) => [type, (batch as { status?: string })?.status ?? number]);
    assert.deepEqual(seen, [
      ['batch_changed', 'Pending'],
      ['batch_changed', 'Proving'],
      ['batch_changed', 'Finalized'],
      ['batch_finalized', 'Finalized'],
      ['batch_withdrawn', '7'],
    ]);
  });
});

function batch(state: BatchState): BatchRecord {
  const shape = { batchNumber: 7n, state, termsId: 1, vkId: 1, size: 'tiny', betCount: 1, attempt: 0 };
  return { ...shape, blobHash: new Uint8Array(32), outcomes: new Uint8Array(1), createdAtMs: 0, updatedAtMs: 0, runs: [] };
}
