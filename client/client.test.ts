// Would catch: a deposit that is called done before it can be staked, and the service's word taken for the chain's.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, beforeEach, describe, it } from 'node:test';
import { addressOfByte, recordKey, setTable, type Table } from './test/table.ts';
import { fetchTransport } from './transport.ts';

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

describe('a bet to wait for', () => {
  it('is the one that was asked for, not another that the service names', async () => {
    const other = { user: table.client.owner, nonce: '1', batch: '1', l1_signature: null, status: 'Finalized' };
    table.service.betStatus = other;
    table.service.lies.answer = (path, body) => (path.startsWith('/v1/bets/') ? { ...body, bet_id: '11'.repeat(32) } : body);
    await assert.rejects(table.client.waitForBet('00'.repeat(32)), { code: 'BAD_ANSWER' });
  });

  it('has the vault and number of its own receipt', async () => {
    const { head } = await table.client.bet({ amount: 50_000n, guess: 'heads' });
    await table.client.bet({ amount: 50_000n, guess: 'heads' });
    const stranger = addressOfByte(7);
    await table.chain.putVault({ owner: stranger, sessionKeyHash: 1n, lastBet: 9n });
    const status = { user: table.client.owner, nonce: '1', batch: '1', l1_signature: null, status: 'Finalized' };
    for (const lie of [{ user: stranger }, { nonce: '0' }]) {
      table.service.betStatus = { ...status, ...lie };
      await assert.rejects(table.client.waitForBet(head), { code: 'BAD_ANSWER' });
    }
    table.service.betStatus = status;
    await assert.rejects(table.client.waitForBet(head, { timeoutMs: 5_000 }), { code: 'TIMEOUT' });
    await table.chain.putVault({ owner: table.client.owner, sessionKeyHash: 1n, lastBet: 1n });
    assert.equal((await table.client.waitForBet(head)).betNumber, 1n);
  });
});

it('a vault is not opened for another key than that of the record', async () => {
  const text = (await table.store.get(recordKey(table.client))) as string;
  const other = JSON.stringify({ ...JSON.parse(text), sessionKeyHash: '00'.repeat(32) });
  await table.store.put(recordKey(table.client), other);
  table.chain.accounts.delete(table.client.vaultAddress);
  const sent = table.chain.sent.length;
  await assert.rejects((await table.connect()).openVault(), { code: 'WRONG_SESSION_KEY' });
  assert.equal(table.chain.sent.length, sent);
});

it('an answer without end is not read to its end', async () => {
  const server = createServer((_, response) => {
    const chunk = Buffer.alloc(1_000_000, 0x20);
    const more = () => {
      response.write(chunk, (error) => {
        if (!error) setImmediate(more);
      });
    };
    more();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const started = Date.now();
  await assert.rejects(fetchTransport({ method: 'GET', url, timeoutMs: 2_000 }), { code: 'API_UNREACHABLE' });
  assert.ok(Date.now() - started < 1_500, 'it was read until the time was up');
  server.closeAllConnections();
  server.close();
});
