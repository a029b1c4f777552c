// Would catch: a change of a batch's state that nobody hears of, or hears of before it is durable.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SYSTEM_CLOCK } from '../clock.ts';
import type { LedgerPort } from '../ledger/ledger.ts';
import type { BatchRecord } from '../ledger/records.ts';
import { UnfinishedBatches } from './batches.ts';

const batchOf = (batchNumber: bigint): BatchRecord => ({
  ...{ batchNumber, state: 'Pending', termsId: 1, vkId: 1, size: 'tiny', betCount: 1, attempt: 0, runs: [] },
  ...{ blobHash: new Uint8Array(32), outcomes: new Uint8Array(1), createdAtMs: 0, updatedAtMs: 0 },
});

test('each change is told once, after it is durable: made, moved, rolled back, taken back', async () => {
  const heard: string[] = [];
  const commit = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    heard.push('durable');
  };
  const ledger = { backlog: 0, commit, read: { unfinishedBatches: () => [] } } as unknown as LedgerPort;
  const onChange = ({ batchNumber, state }: BatchRecord, change: string) => heard.push(`${batchNumber} ${state} ${change}`);
  const unfinished = new UnfinishedBatches({ ledger, clock: SYSTEM_CLOCK, onChange });
  const [one, two] = [batchOf(1n), batchOf(2n)];
  await unfinished.add(one);
  await unfinished.add(two);
  await unfinished.move(one, { to: 'Confirmed', reason: 'why' });
  await unfinished.rollBack([one]);
  await unfinished.withdrawFrom(one, 'why');
  assert.deepEqual(heard, [
    ...['durable', '1 Pending moved', 'durable', '2 Pending moved', 'durable', '1 Confirmed moved'],
    ...['durable', '1 Submitted moved', 'durable', '2 Pending withdrawn', '1 Submitted withdrawn'],
  ]);
});
