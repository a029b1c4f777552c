// Would catch: a bet whose receipt can not be exported, also after a restart or a crash, and a file that lacks or alters a part of it.
import assert from 'node:assert/strict';
import { after, beforeEach, describe, it } from 'node:test';
import { accountIdOf } from '../protocol/account.ts';
import { decodeReceipt, decodeSeedCommitment, verifyMessage } from '../protocol/messages.ts';
import { parseReceiptFile, receiptFileText } from '../protocol/receipt-file.ts';
import { verifySeed } from '../protocol/seed-commitment.ts';
import { FraudEvidenceError } from './errors.ts';
import { RECEIPT_KEY } from './test/fake-service.ts';
import { recordKey, setTable, type Table } from './test/table.ts';
import { fetchTransport } from './transport.ts';

const heads = { amount: 50_000n, guess: 'heads' } as const;
const tails = { amount: 70_000n, guess: 'tails' } as const;

let table: Table;
const tables: Table[] = [];

beforeEach(async () => {
  table = await setTable();
  tables.push(table);
});

after(async () => {
  for (const one of tables) await one.stop();
});

const receiptKey = (betNumber: bigint) => recordKey(table.client).replace(/record$/, `receipts/${betNumber}`);

describe('a receipt file', () => {
  it('of every bet comes from the store alone, in every later run, and holds what was signed', async () => {
    const results = [await table.client.bet(heads), await table.client.bet(tails), await table.client.bet(heads)];
    const later = await table.connect();
    await table.stop();
    let headBefore = accountIdOf({
      domain: later.house.domain,
      vault: (await later.receiptFile(1n)).receipt.message.slice(72, 104),
    });
    for (const [index, result] of results.entries()) {
      const file = await later.receiptFile(BigInt(index + 1));
      assert.deepEqual(parseReceiptFile(receiptFileText(file)), file);
      assert.deepEqual([file.owner, file.vault, file.house], [later.owner, later.vaultAddress, later.house.house]);
      assert.deepEqual(file.receipt.message, result.receipt.message);
      const receipt = decodeReceipt(file.receipt.message);
      assert.equal(file.bet.headBefore, headBefore);
      headBefore = receipt.head;
      const commitment = decodeSeedCommitment(file.seed.commitment.message);
      assert.ok(verifySeed({ ...receipt, root: commitment.root, path: file.seed.path }));
      for (const signed of [file.receipt, file.seed.commitment]) {
        assert.ok(verifyMessage({ receiptKey: RECEIPT_KEY, ...signed }));
      }
      assert.equal(file.bet.choice === receipt.outcome, result.won);
      assert.deepEqual(file.settlement, undefined);
    }
  });

  it('carries the settlement that it is given', async () => {
    await table.client.bet(heads);
    const settlement = { batchNumber: 3n, signature: '1'.repeat(64), blobCid: `b${'a'.repeat(58)}`, blob: undefined };
    assert.deepEqual((await table.client.receiptFile(1n, settlement)).settlement, settlement);
  });

  it('is there for a bet that was answered after the run that signed it had ended', async () => {
    table.service.faults = Array(1_000).fill('busy');
    await assert.rejects(table.client.bet(heads), { code: 'BUSY' });
    await assert.rejects(table.client.receiptFile(1n), { code: 'NO_RECEIPT' });
    table.service.faults = [];
    const again = await table.connect();
    await again.resume();
    assert.equal((await again.receiptFile(1n)).bet.betNumber, 1n);
  });

  it('is there when the store had the receipt and not the rest, and the answer comes again', async () => {
    let crash = true;
    const put = table.store.put.bind(table.store);
    table.store.put = async (key, value) => {
      if (crash && key === recordKey(table.client) && value.includes('"pending":[]')) throw new Error('crash');
      return put(key, value);
    };
    await assert.rejects(table.client.bet(heads), /crash/);
    const { message, signature } = JSON.parse((await table.store.get(receiptKey(1n))) as string);
    await put(receiptKey(1n), JSON.stringify({ message, signature }));
    await assert.rejects(table.client.receiptFile(1n), { code: 'RECEIPT_INCOMPLETE' });
    crash = false;
    await (await table.connect()).resume();
    assert.equal((await table.client.receiptFile(1n)).bet.betNumber, 1n);
  });

  it('can be made of an answer that convicts the house', async () => {
    table.service.lies = { receipt: (receipt) => ({ ...receipt, payout: receipt.payout + 1n }) };
    await assert.rejects(table.client.bet(heads), FraudEvidenceError);
    const file = await table.client.receiptFile(1n);
    assert.ok(verifyMessage({ receiptKey: RECEIPT_KEY, ...file.receipt }));
    assert.equal(decodeReceipt(file.receipt.message).betNumber, 1n);
  });

  it('has the path that was checked, not that of an earlier wrong answer', async () => {
    let wrong = true;
    const client = await table.connect({
      transport: async (request) => {
        const answer = await fetchTransport(request);
        if (!wrong || !request.url.endsWith('/v1/bet')) return answer;
        const body = JSON.parse(answer.text);
        body.vrf.path[0] = '00'.repeat(32);
        return { ...answer, text: JSON.stringify(body) };
      },
    });
    await assert.rejects(client.bet(heads), { kind: 'seed-not-committed' });
    wrong = false;
    await client.resume();
    const { receipt, seed } = await client.receiptFile(1n);
    const { root } = decodeSeedCommitment(seed.commitment.message);
    assert.ok(verifySeed({ ...decodeReceipt(receipt.message), root, path: seed.path }));
  });

  it('is not made of a store that holds other things', async () => {
    await table.client.bet(heads);
    const kept = (await table.store.get(receiptKey(1n))) as string;
    await table.store.put(receiptKey(2n), kept);
    await assert.rejects(table.client.receiptFile(2n), { code: 'STORE_CORRUPT' });
    await table.store.put(receiptKey(1n), kept.replace('"termsId":1', '"termsId":"1"'));
    await assert.rejects(table.client.receiptFile(1n), { code: 'STORE_CORRUPT' });
  });
});
