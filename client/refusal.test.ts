// Would catch: a refusal that frees a bet number without right, and signed messages of the house that are lost.
import assert from 'node:assert/strict';
import { after, beforeEach, describe, it } from 'node:test';
import { fromHex } from '../protocol/bytes.ts';
import { decodeReceipt, encodeReceipt, REFUSAL_CODES } from '../protocol/messages.ts';
import { BetRefusedError, FraudEvidenceError, type FraudKind } from './errors.ts';
import { sign } from './test/fake-service.ts';
import { recordKey, setTable, storedEvidence, type Table } from './test/table.ts';

const bet = { amount: 50_000n, guess: 'heads' } as const;
const INSUFFICIENT = REFUSAL_CODES['insufficient-balance'];

let table: Table;
const tables: Table[] = [];

beforeEach(async () => {
  table = await setTable();
  tables.push(table);
});

after(async () => {
  for (const one of tables) await one.stop();
});

const failure = (action: Promise<unknown>): Promise<unknown> =>
  action.then(
    () => assert.fail('the bet was taken for good'),
    (error: unknown) => error,
  );
const record = async () =>
  JSON.parse((await table.store.get(recordKey(table.client))) as string) as { pending: { head: string }[] };
const get = (name: string) => table.store.get(recordKey(table.client).replace(/record$/, name));

/** Asserts that the next bet ends in this evidence under the house's signature, which is stored, and that the bet stays pending. */
async function convicts(kind: FraudKind): Promise<FraudEvidenceError> {
  const error = await failure(table.client.bet(bet));
  assert.ok(error instanceof FraudEvidenceError, String(error));
  assert.deepEqual([error.kind, error.signedByHouse], [kind, true]);
  assert.ok(await storedEvidence(table, error));
  assert.equal((await record()).pending.length, 1);
  return error;
}

const putVault = (input: { balance?: bigint; pendingDeposit?: bigint; lastBet?: bigint }) =>
  table.chain.putVault({ owner: table.client.owner, sessionKeyHash: 1n, ...input });

describe('receipts and refusals of one bet', () => {
  beforeEach(async () => {
    // An answer with a false outcome: its receipt is kept, its bet stays pending.
    table.service.lies.receipt = (receipt) => ({ ...receipt, outcome: receipt.outcome === 1 ? 0 : 1 });
    await convicts('outcome');
  });

  it('a receipt is kept as soon as it is known to be the house’s, of this bet', async () => {
    assert.ok(await get('receipts/1'));
  });

  it('a refusal after a receipt is evidence, and does not free the number', async () => {
    table.service.lies.refuseWith = INSUFFICIENT;
    const { evidence } = await convicts('refusal-after-receipt');
    assert.ok(evidence.receipt && evidence.refusal && evidence['bet-signature']);
    assert.equal(new Set(table.service.bets).size, 1);
  });

  it('a second receipt is evidence, and the first one stays; neither evidence replaces another', async () => {
    const first = await get('receipts/1');
    const keys = new Set<string>();
    for (const laterMs of [1n, 2n]) {
      table.service.lies.answer = (path, body) => {
        if (path !== '/v1/bet') return body;
        const { message } = body.receipt as { message: string };
        const receipt = decodeReceipt(fromHex(message, message.length / 2));
        return { ...body, receipt: sign(encodeReceipt({ ...receipt, time: receipt.time + laterMs })) };
      };
      keys.add((await storedEvidence(table, await convicts('second-receipt'))) as string);
    }
    assert.equal(keys.size, 2);
    assert.equal(await get('receipts/1'), first);
  });
});

it('a refusal is kept beside what it refused, also after its number was bet anew', async () => {
  table.service.lies.refuseWith = INSUFFICIENT;
  const error = await failure(table.client.bet(bet));
  assert.ok(error instanceof BetRefusedError);
  table.service.lies = {};
  await table.client.bet(bet);
  const kept = JSON.parse((await get(`refusals/1-${error.head}`)) as string) as Record<string, string>;
  const { client_seed } = JSON.parse(table.service.bets[0] as string) as { client_seed: string };
  assert.equal(kept.clientSeed, client_seed);
  assert.ok(kept.message && kept.signature && kept.betPack);
});

describe('a refusal for want of balance', () => {
  beforeEach(async () => {
    await table.client.bet(bet);
    table.service.lies.refuseWith = INSUFFICIENT;
  });

  for (const where of ['balance', 'pendingDeposit'] as const) {
    it(`is evidence when the chain shows the money as ${where}`, async () => {
      await putVault({ [where]: 10_000_000n });
      const { evidence } = await convicts('refusal-within-limit');
      assert.ok(evidence.receipt && evidence.refusal);
    });
  }

  it('is evidence also once the bets before are settled', async () => {
    await putVault({ balance: bet.amount, lastBet: 1n });
    await convicts('refusal-within-limit');
  });

  it('stands when the money was withdrawn', async () => {
    await putVault({ balance: bet.amount - 1n, lastBet: 1n });
    assert.ok((await failure(table.client.bet(bet))) instanceof BetRefusedError);
    assert.deepEqual((await record()).pending, []);
  });
});

describe('a refusal of a restored house', () => {
  beforeEach(() => {
    table.service.lies.refuseWith = REFUSAL_CODES.restored;
  });

  it('within a limit is evidence while the chain shows no new terms', async () => {
    await convicts('refusal-within-limit');
  });

  it('stands under new terms', async () => {
    table.chain.putHouse({ receiptKey: table.client.house.receiptKey, currentTerms: 2 });
    await table.chain.putTerms(2);
    assert.ok((await failure(table.client.bet(bet))) instanceof BetRefusedError);
  });
});
