// Would catch: bets shown twice or in a wrong order, a batch that goes back in time, bets that do not move with theirs, figures of others.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BatchState, BatchSummary, BetSummary } from '../../api-types.ts';
import type { LiveEvent } from '../../events.ts';
import { figuresOf, type LiveState, withEvents, withRead } from './live-state.ts';

const NOTHING: LiveState = { bets: [], batches: [] };

const bet = (nonce: number, more: Partial<BetSummary> = {}) =>
  ({
    bet_id: `bet ${nonce}`,
    vault: 'vault',
    nonce: String(nonce),
    time: 1_000 * nonce,
    status: 'acknowledged',
    batch: null,
    ...more,
  }) as BetSummary;
const batch = (number: number, status: BatchState, more: Partial<BatchSummary> = {}) =>
  ({
    ...{ number: String(number), status, bets: 2, heads: 1, signature: null, created_at: 0, updated_at: 0, finalized_at: null },
    vaults: [{ vault: 'vault', first_nonce: String(2 * number - 1), bets: 2, start: '0', after: '0' }],
    ...more,
  }) as BatchSummary;
const answered = (one: BetSummary): LiveEvent => ({ type: 'bet_result', ...one });
const changed = (one: BatchSummary): LiveEvent => ({ type: 'batch_changed', batch: one });
const ids = ({ bets }: LiveState) => bets.map(({ bet_id: id }) => id);

test('bets are shown once each, the newest first, whether they were read or told', () => {
  const told = withEvents(NOTHING, [answered(bet(2)), answered(bet(3))]);
  assert.deepEqual(ids(told), ['bet 3', 'bet 2']);
  const joined = withRead(told, { bets: [bet(2), bet(1)], batches: [] });
  assert.deepEqual(ids(joined), ['bet 3', 'bet 2', 'bet 1']);
  assert.deepEqual(ids(withEvents(joined, [answered(bet(3)), answered(bet(4)), answered(bet(4))])), [
    'bet 4',
    'bet 3',
    'bet 2',
    'bet 1',
  ]);
});

test('bets move with their batch, and those of others do not', () => {
  const state = withEvents(
    NOTHING,
    [1, 2, 3].map((nonce) => answered(bet(nonce))),
  );
  const moved = withEvents(state, [changed(batch(1, 'Proving'))]);
  assert.deepEqual(
    moved.bets.map(({ status }) => status),
    ['acknowledged', 'Proving', 'Proving'],
  );
  const other = withEvents(moved, [
    changed(batch(2, 'Pending', { vaults: [{ vault: 'other', first_nonce: '3', bets: 1, start: '0', after: '0' }] })),
  ]);
  assert.equal(other.bets[0]?.batch, null);
  const taken = withEvents(moved, [{ type: 'batch_withdrawn', number: '1' }]);
  assert.deepEqual(
    taken.bets.map(({ status }) => status),
    ['acknowledged', 'acknowledged', 'acknowledged'],
  );
  assert.deepEqual(taken.batches, []);
});

test('what is told late does not undo what was read', () => {
  const read = withRead(NOTHING, { bets: [], batches: [batch(1, 'Finalized', { updated_at: 9 })] });
  assert.equal(withEvents(read, [changed(batch(1, 'Proving', { updated_at: 3 }))]).batches[0]?.status, 'Finalized');
  assert.equal(withEvents(read, [changed(batch(1, 'Submitted', { updated_at: 10 }))]).batches[0]?.status, 'Submitted');
});

test('figures count bets, not batches', () => {
  const batches = [
    batch(1, 'Finalized', { bets: 10, heads: 9, finalized_at: 500 }),
    batch(2, 'Finalized', { bets: 1, heads: 0, finalized_at: 9_000 }),
    batch(3, 'Finalized', { bets: 1, heads: 0, finalized_at: 9_000 }),
    batch(4, 'Proving', { bets: 4, heads: 0 }),
  ];
  const figures = figuresOf({ bets: [bet(100), bet(90), bet(10)], batches }, 100_000);
  assert.deepEqual(figures, { bets: 16, batches: 4, betsPerMinute: 2, medianSettlementMs: 500, headsShare: 9 / 16 });
  assert.deepEqual(figuresOf(NOTHING, 0), {
    bets: 0,
    batches: 0,
    betsPerMinute: 0,
    medianSettlementMs: undefined,
    headsShare: undefined,
  });
});
