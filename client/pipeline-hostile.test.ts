// Would catch: a house that gets out of a promise, or whose fraud is forgotten, because many bets were on their way when it showed.
import assert from 'node:assert/strict';
import { after, beforeEach, it } from 'node:test';
import { ClientError, FraudEvidenceError } from './errors.ts';
import { recordKey, setTable, type Table } from './test/table.ts';
import { fetchTransport, type HttpTransport } from './transport.ts';

const heads = (units: bigint) => ({ amount: units * 10_000n, guess: 'heads' as const });

let table: Table;
const tables: Table[] = [];

beforeEach(async () => {
  table = await setTable();
  tables.push(table);
});

after(async () => {
  for (const one of tables) await one.stop();
});

it('a limit that a bet on its way was signed under is not crowded out by later ones', async () => {
  const { client, service } = table;
  await client.bet(heads(1n));
  service.lies.limit = (limit) => ({ ...limit, maxStakeUnits: 5n });
  for (let bet = 0; bet < 62; bet += 1) await client.bet(heads(1n));
  service.lies.refuses = (betNumber) => (betNumber === 67n ? 1 : 0);
  const placed = await Promise.allSettled([1n, 1n, 1n, 10n].map((units) => client.bet(heads(units))));
  const last = placed.at(-1);
  assert.ok(last?.status === 'rejected' && last.reason instanceof FraudEvidenceError, 'a refusal within a limit was believed');
  assert.equal(last.reason.kind, 'refusal-within-limit');
});

it('a fraud in the answer to a bet is kept although the bet before is not answered', async () => {
  await table.client.bet(heads(1n));
  table.service.lies.receipt = (receipt) => (receipt.betNumber === 3n ? { ...receipt, stake: receipt.stake + 1n } : receipt);
  const answered = Promise.withResolvers<void>();
  const transport: HttpTransport = async (request) => {
    const answer = await fetchTransport(request);
    const { nonce } = JSON.parse(request.body ?? '{}') as { nonce?: string };
    if (nonce === '3') answered.resolve();
    if (nonce !== '2') return answer;
    await answered.promise;
    throw new ClientError('API_UNREACHABLE', 'withheld');
  };
  const put = table.store.put.bind(table.store);
  const kept: string[] = [];
  table.store.put = (key, value) => {
    kept.push(key);
    return put(key, value);
  };
  const client = await table.connect({ transport });
  table.service.lies.refuses = () => 0;
  const placed = await Promise.allSettled([client.bet(heads(1n)), client.bet(heads(1n))]);
  assert.deepEqual(
    placed.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  const prefix = recordKey(client).replace(/record$/, 'evidence/3-receipt-of-another-bet');
  assert.ok(
    kept.some((key) => key.startsWith(prefix)),
    'the signed evidence is lost',
  );
});
