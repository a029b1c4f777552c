// Would catch: a deposit that is called done before it can be staked, and the service's word taken for the chain's.
import assert from 'node:assert/strict';
import { after, beforeEach, it } from 'node:test';
import { setTable, type Table } from './test/table.ts';

let table: Table;
const tables: Table[] = [];

beforeEach(async () => {
  table = await setTable();
  tables.push(table);
});

after(async () => {
  for (const one of tables) await one.stop();
});

it('a deposit is done when it is final and the service counts it', async () => {
  const stages: string[] = [];
  const onProgress = (stage: string) => {
    stages.push(stage);
    if (stage === 'finalized') setTimeout(() => (table.service.slot = table.chain.height), 50);
  };
  const landed = await table.client.deposit(1_000_000n, { onProgress, timeoutMs: 10_000_000 });
  assert.equal(landed.slot, table.chain.height);
  assert.deepEqual(stages, ['sent', 'finalized', 'counted']);
});

it('a deposit that the service does not count in time says so', async () => {
  await assert.rejects(table.client.deposit(1_000_000n, { timeoutMs: 5_000 }), { code: 'TIMEOUT' });
});

it('a bet is final when the chain shows it too', async () => {
  const user = table.client.owner;
  const status = { user, nonce: '3', batch: '1', l1_signature: null, status: 'Finalized' };
  table.service.betStatus = status;
  await assert.rejects(table.client.waitForBet('00'.repeat(32), { timeoutMs: 5_000 }), { code: 'TIMEOUT' });
  await table.chain.putVault({ owner: user, sessionKeyHash: 1n, lastBet: 2n });
  await assert.rejects(table.client.waitForBet('00'.repeat(32), { timeoutMs: 5_000 }), { code: 'TIMEOUT' });
  await table.chain.putVault({ owner: user, sessionKeyHash: 1n, lastBet: 3n });
  assert.equal((await table.client.waitForBet('00'.repeat(32))).state, 'Finalized');
  table.service.betStatus = { ...status, status: 'Submitted' };
  await assert.rejects(table.client.waitForBet('00'.repeat(32), { timeoutMs: 5_000 }), { code: 'TIMEOUT' });
});

it('an answer of another shape is refused, field by field', async () => {
  for (const change of [{ nonce: '01' }, { nonce: '18446744073709551616' }, { user: 5 }, { status: 'Done' }, { batch: '-1' }]) {
    table.service.betStatus = { user: 'u', nonce: '1', batch: null, l1_signature: null, status: 'Pending', ...change };
    await assert.rejects(table.client.betStatus('00'.repeat(32)), { code: 'BAD_ANSWER' }, JSON.stringify(change));
  }
});
