// Would catch: a history that skips, repeats or never ends, and one that asks for others' bets.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { ERROR_CODES } from '../sequencer/errors.ts';
import { API_ERROR_CODES, CasinoApiError } from './errors.ts';
import { setTable, type Table } from './test/table.ts';
import { fetchTransport, type HttpTransport } from './transport.ts';

let table: Table;
let asked: URLSearchParams[];
let pages: Record<string, { bets: unknown[]; next: string | null }>;

const bet = (nonce: number) => ({
  ...{ bet_id: 'ab'.repeat(32), user: 'someone', vault: 'a vault', nonce: `${nonce}`, terms_id: 1, amount: '50000' },
  ...{ guess: 'heads', outcome: 'tails', won: false, payout: '0', balance: '950000', time: 1_700_000_000_000 },
  ...{ status: 'acknowledged', batch: null, l1_signature: null },
});
const transport: HttpTransport = async (request) => {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname !== '/v1/bets') return fetchTransport(request);
  asked.push(searchParams);
  return { status: 200, retryAfter: undefined, text: JSON.stringify(pages[searchParams.get('cursor') ?? '']) };
};
const numbersOf = async (bets: AsyncIterable<{ betNumber: bigint }>) => {
  const numbers: bigint[] = [];
  for await (const { betNumber } of bets) numbers.push(betNumber);
  return numbers;
};

before(async () => {
  table = await setTable();
});
after(() => table.stop());
beforeEach(() => {
  asked = [];
  pages = {
    '': { bets: [bet(9), bet(8)], next: 'a' },
    a: { bets: [], next: 'b' },
    b: { bets: [bet(3)], next: null },
  };
});

describe('the history', () => {
  it('is read page by page, also over an empty one, of this wallet alone', async () => {
    const client = await table.connect({ transport });
    assert.deepEqual(await numbersOf(client.history({ limit: 2 })), [9n, 8n, 3n]);
    assert.deepEqual(
      asked.map((query) => [query.get('user'), query.get('limit'), query.get('cursor')]),
      [null, 'a', 'b'].map((cursor) => [client.owner, '2', cursor]),
    );
  });

  it('fetches no page before it is needed, and goes on from a cursor', async () => {
    const client = await table.connect({ transport });
    for await (const { betNumber } of client.history()) if (betNumber === 8n) break;
    assert.equal(asked.length, 1);
    const { next } = await client.historyPage();
    assert.deepEqual(await numbersOf(client.history({ cursor: next ?? undefined })), [3n]);
  });

  it('sends the filters as they are documented', async () => {
    const client = await table.connect({ transport });
    const filters = { outcome: 'tails', won: true, state: 'Finalized', batchNumber: 7n, fromMs: 1, toMs: 2 } as const;
    await client.historyPage({ filters: { ...filters, user: 'everyone' } });
    const sent = Object.fromEntries(asked[0] as URLSearchParams);
    assert.deepEqual(sent, { limit: '100', outcome: 'tails', won: 'true', status: 'Finalized', batch: '7', from: '1', to: '2' });
    await client.historyPage({ filters: { user: 'another' } });
    assert.equal(asked[1]?.get('user'), 'another');
  });

  it('ends with an error where a page names itself as the next, or is of another shape', async () => {
    const client = await table.connect({ transport });
    pages.a = { bets: [bet(2)], next: 'a' };
    await assert.rejects(numbersOf(client.history()), { code: 'BAD_ANSWER' });
    for (const wrong of [{ ...bet(1), nonce: 1 }, { ...bet(1), status: 'Lost' }, { ...bet(1), won: 'yes' }, null]) {
      pages[''] = { bets: [wrong], next: null };
      await assert.rejects(numbersOf(client.history()), { code: 'BAD_ANSWER' });
    }
  });
});

describe('the service’s error codes', () => {
  it('are all known to the client', () => {
    assert.deepEqual([...API_ERROR_CODES].filter((code) => code !== 'UNKNOWN').sort(), Object.keys(ERROR_CODES).sort());
  });

  it('that are newer than the client are UNKNOWN, and still readable', () => {
    const error = new CasinoApiError({ code: 'NEWER', message: 'm', status: 400, retry: false, details: { more: 1 } });
    assert.deepEqual([error.code, error.details], ['UNKNOWN', { more: 1, code: 'NEWER' }]);
  });
});
