// Would catch: money or a change on chain that an export leaves out, tells twice, or tells as something else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Address } from '@solana/kit';
import type { ChainRecord } from '../sequencer/audit/chain-tables.ts';
import type { HouseEvent } from '../verifier/layout/events.ts';
import type { ProgramInstruction } from '../verifier/layout/instructions.ts';
import type { HistoryTransaction } from '../verifier/transaction.ts';
import { chainRecords, wholeHistory } from './audit-history.ts';

const house = '11111111111111111111111111111112' as Address;
const vault = '11111111111111111111111111111113' as Address;
const other = '11111111111111111111111111111114' as Address;
const value = new Uint8Array(32);
new DataView(value.buffer).setBigUint64(0, 5n, true);
new DataView(value.buffer).setBigUint64(8, 1n << 60n, true);

const recordsOf = async (instruction: Partial<ProgramInstruction> & { name: string }, events: object[]) => {
  const frame = { instruction: { house, ...instruction } as ProgramInstruction, before: undefined };
  const said = events.map((event) => ({ house, ...event })) as HouseEvent[];
  const transaction = { signature: 's', slot: 7n, blockTimeMs: 9, frames: [{ ...frame, events: said }] };
  async function* history() {
    yield transaction as unknown as HistoryTransaction;
  }
  const pages: ChainRecord[][] = [];
  for await (const page of chainRecords(history())) pages.push(page);
  assert.equal(pages.length, 1);
  return (pages[0] ?? []).map(({ signature, slot, timeMs, ...record }) => {
    assert.deepEqual([signature, slot, timeMs], ['s', 7n, 9]);
    return record;
  });
};
const outgoing = (kind: string, amount: bigint, rest: object = {}) => {
  const table = 'withdrawals';
  return { table, kind, vault, amount, dueSlot: undefined, number: undefined, ...rest };
};
const changed = (change: string, content: object) => ({ table: 'chain_changes', change, value: JSON.stringify(content) });

test('every event that moves money or changes a setting is one record, and no other', async () => {
  for (const [event, ...expected] of [
    [
      { name: 'Deposited', vault, amount: 5n },
      { table: 'deposits', kind: 'vault', vault, amount: 5n },
    ],
    [
      { name: 'HouseFunded', amount: 5n },
      { table: 'deposits', kind: 'house', vault: undefined, amount: 5n },
    ],
    [{ name: 'WithdrawalRequested', vault, amount: 5n, deadline: 8n }, outgoing('requested', 5n, { dueSlot: 8n })],
    [{ name: 'WithdrawalRequested', vault, amount: 0n, deadline: 0n }, outgoing('request-withdrawn', 0n)],
    [{ name: 'VaultExited', vault, amount: 5n, lastBet: 1n }, outgoing('exited', 5n)],
    [{ name: 'Claimed', vault, amount: 5n }, outgoing('claimed', 5n)],
    [
      { name: 'HouseWithdrawalRequested', amount: 5n, payableFromSlot: 8n },
      outgoing('house-requested', 5n, { vault: undefined, dueSlot: 8n }),
    ],
    [
      { name: 'HouseWithdrawalRequested', amount: 0n, payableFromSlot: 0n },
      outgoing('house-request-withdrawn', 0n, { vault: undefined }),
    ],
    [{ name: 'HousePaid', amount: 5n }, outgoing('house-paid', 5n, { vault: undefined })],
    [
      {
        name: 'BatchSettled',
        batchNumber: 3n,
        runs: [
          { vault, paid: 5n },
          { vault: other, paid: 0n },
        ],
      },
      outgoing('paid-by-batch', 5n, { number: 3n }),
    ],
    [
      { name: 'TransfersSettled', transferNumber: 4n, transfers: [{ vault, paid: 5n }] },
      outgoing('paid-by-transfer', 5n, { number: 4n }),
    ],
    [{ name: 'SettlerSet', settler: other }, changed('settler-set', { settler: other })],
    [{ name: 'PausedSet', paused: true }, changed('paused-set', { paused: true })],
    [
      { name: 'VerifyingKeyRetired', verifyingKeyId: 2, retiredFromSlot: 8n },
      changed('verifying-key-retired', { id: 2, retired_from_slot: '8' }),
    ],
    [
      { name: 'ChangeScheduled', kind: 2, value, dueSlot: 8n },
      changed('change-scheduled', {
        kind: 'delays',
        exit_delay_slots: '5',
        change_delay_slots: (1n << 60n).toString(),
        due_slot: '8',
      }),
    ],
    [
      { name: 'ChangeScheduled', kind: 1, value: new Uint8Array(32), dueSlot: 0n },
      changed('change-withdrawn', { kind: 'receipt-key' }),
    ],
    [
      { name: 'ChangeApplied', kind: 0, value: new Uint8Array(32) },
      changed('change-applied', { kind: 'authority', value: '11111111111111111111111111111111' }),
    ],
    [{ name: 'VaultOpened', vault }],
    [{ name: 'SessionKeyRotated', vault }],
    [{ name: 'ChallengeOpened', vault }],
    [{ name: 'ChallengeOverdue', vault }],
  ] as [object, ...object[]][]) {
    const records = await recordsOf({ name: 'claim' } as ProgramInstruction, [event]);
    assert.deepEqual(
      records,
      expected.map((record) => ({ ...record, index: 0 })),
      JSON.stringify(event, (_, part) => String(part)),
    );
  }
});

test('what no event tells of comes from the instruction, and a transaction counts its records', async () => {
  const terms = { name: 'add_terms', id: 2, profitBps: 9_800, vrfCommitment: 1n } as Partial<ProgramInstruction> & {
    name: string;
  };
  const records = await recordsOf(terms, [{ name: 'PausedSet', paused: false }]);
  assert.deepEqual(records, [
    { ...changed('terms-opened', { id: 2, profit_bps: 9_800, vrf_commitment: `${'00'.repeat(31)}01` }), index: 0 },
    { ...changed('paused-set', { paused: false }), index: 1 },
  ]);
});

test('a history that is not whole is refused: one without its beginning, and one that ends too early', async () => {
  const frame = (name: string, events: object[] = []) => ({ instruction: { name, house }, events });
  const settled = (batchNumber: bigint) => frame('settle_batch', [{ name: 'BatchSettled', batchNumber, runs: [] }]);
  const read = async (frames: object[][], lastBatch: bigint) => {
    async function* history() {
      for (const one of frames) yield { signature: 's', slot: 1n, blockTimeMs: 1, frames: one } as unknown as HistoryTransaction;
    }
    let count = 0;
    for await (const _ of wholeHistory(history(), lastBatch)) count += 1;
    return count;
  };
  // Anybody can name the address of a house that is not there yet.
  assert.equal(await read([[], [frame('init_house')], [settled(1n)], [settled(2n)]], 2n), 4);
  assert.equal(await read([[frame('init_house')]], 0n), 1);
  for (const [frames, lastBatch, message] of [
    [[], 0n, /opening/],
    [[[settled(1n)]], 1n, /opening/],
    [[[frame('add_terms')], [frame('init_house')]], 0n, /opening/],
    [[[frame('init_house')], [settled(1n)]], 2n, /batch 2, which is final: it ends at batch 1/],
  ] as [object[][], bigint, RegExp][]) {
    await assert.rejects(read(frames, lastBatch), { code: 'CHAIN_UNREACHABLE', message });
  }
});
