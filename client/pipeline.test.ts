// Would catch: bets that wait for each other, a bet that only another's winnings could pay for, and one lost or doubled among many on their way.
import assert from 'node:assert/strict';
import { after, beforeEach, describe, it } from 'node:test';
import { BetDroppedError, BetRefusedError, ClientError, FraudEvidenceError } from './errors.ts';
import { recordOf } from './record.ts';
import { recordKey, setTable, type Table } from './test/table.ts';
import { fetchTransport, type HttpAnswer, type HttpRequest, type HttpTransport } from './transport.ts';

const AMOUNT = 50_000n;
const heads = { amount: AMOUNT, guess: 'heads' } as const;

let table: Table;
const tables: Table[] = [];

beforeEach(async () => {
  table = await setTable();
  tables.push(table);
});

after(async () => {
  for (const one of tables) await one.stop();
});

/** A line on which each bet waits at a gate until the test opens it. */
class Gates {
  readonly #gates = new Map<string, PromiseWithResolvers<void>>();
  readonly arrived: string[] = [];

  readonly transport: HttpTransport = async (request) => {
    if (!request.body) return fetchTransport(request);
    const { nonce } = JSON.parse(request.body) as { nonce: string };
    this.arrived.push(nonce);
    await this.#gate(nonce).promise;
    return this.through(request);
  };

  /** What lies behind the gate. */
  through: (request: HttpRequest) => Promise<HttpAnswer> = fetchTransport;

  open(...numbers: number[]): void {
    for (const number of numbers) this.#gate(`${number}`).resolve();
  }

  #gate(nonce: string): PromiseWithResolvers<void> {
    const gate = this.#gates.get(nonce) ?? Promise.withResolvers<void>();
    this.#gates.set(nonce, gate);
    return gate;
  }
}

const until = async (holds: () => boolean) => {
  for (let look = 0; !holds(); look += 1) {
    assert.ok(look < 5_000, 'what the test waits for did not come');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
};

const stored = async () => recordOf(JSON.parse((await table.store.get(recordKey(table.client))) as string));

/** A client whose first bet is answered, so that nothing has to be asked before the next ones; bets stop at the gates. */
async function gated(options: Parameters<Table['connect']>[0] = {}) {
  const gates = new Gates();
  const client = await table.connect({ transport: gates.transport, ...options });
  gates.open(1);
  await client.bet(heads);
  return { gates, client };
}

describe('many bets at once', () => {
  it('are all sent before the first is answered, each durable before, up to the limit', async () => {
    const { gates, client } = await gated();
    const placed = Array.from({ length: 40 }, () => client.bet(heads));
    await until(() => gates.arrived.length === 33);
    assert.deepEqual(
      (await client.unansweredBets()).map(({ betNumber }) => betNumber),
      Array.from({ length: 32 }, (_, index) => BigInt(index + 2)),
    );
    gates.open(...Array.from({ length: 41 }, (_, index) => index + 1));
    const results = await Promise.all(placed);
    assert.deepEqual(
      results.map(({ betNumber }) => betNumber),
      Array.from({ length: 40 }, (_, index) => BigInt(index + 2)),
    );
    assert.deepEqual((await stored()).pending, []);
  });

  it('obey a lower limit', async () => {
    const { gates, client } = await gated({ maxInFlight: 2 });
    const placed = Array.from({ length: 5 }, () => client.bet(heads));
    await until(() => gates.arrived.length === 3);
    gates.open(2);
    await placed[0];
    await until(() => gates.arrived.length === 4);
    gates.open(3, 4, 5, 6);
    await Promise.all(placed);
    await assert.rejects(table.connect({ maxInFlight: 33 }), RangeError);
  });

  it('that overtake each other are sent again once the gap is closed, and told in order', async () => {
    const { gates, client } = await gated();
    const told: bigint[] = [];
    const placed = [1, 2, 3].map(() => client.bet(heads).then(({ betNumber }) => told.push(betNumber)));
    await until(() => gates.arrived.length === 4);
    gates.open(4, 3);
    await until(() => table.service.bets.length === 3);
    gates.open(2);
    await Promise.all(placed);
    assert.deepEqual(told, [2n, 3n, 4n]);
    assert.equal(new Set(table.service.bets).size, 4);
  });

  it('go on through two clients of one store', async () => {
    const other = await table.connect();
    const results = await Promise.all(
      Array.from({ length: 60 }, (_, index) => (index % 2 === 0 ? table.client : other).bet({ ...heads, amount: 10_000n })),
    );
    assert.equal(new Set(results.map(({ betNumber }) => betNumber)).size, 60);
  });

  it('do not rely on each other’s winnings', async () => {
    // More than the balance, whatever the first bet adds to it.
    table.service.maxStakeUnits = 2_000n;
    const { gates, client } = await gated();
    const balance = (await stored()).balance as bigint;
    const most = { ...heads, amount: balance - (balance % 10_000n) - 10_000n };
    const placed = [client.bet({ ...heads, amount: 10_000n }), client.bet(most), client.bet(most)];
    void placed[2]?.catch(() => undefined);
    await until(() => gates.arrived.length === 3);
    gates.open(2);
    await placed[0];
    assert.equal(gates.arrived.length, 3, 'the third bet was signed on the winnings of the second');
    gates.open(3, 4);
    const { won } = await (placed[1] as Promise<{ won: boolean }>);
    if (won) await placed[2];
    else await assert.rejects(placed[2] as Promise<unknown>, { code: 'INSUFFICIENT_BALANCE' });
  });
});

describe('a refusal among many', () => {
  it('drops the bets behind it, whose numbers are then bet anew', async () => {
    const { gates, client } = await gated();
    table.service.lies.refuses = (betNumber) => (betNumber === 3n ? 2 : 0);
    // The refused stake is more than two bets can win, and the chain shows no other money: the refusal is the house's right.
    const placed = [1n, 20n, 1n, 1n].map((times) => client.bet({ ...heads, amount: times * AMOUNT }));
    const settled = Promise.allSettled(placed);
    await until(() => gates.arrived.length === 5);
    gates.open(2, 3, 4, 5);
    const [second, third, fourth, fifth] = (await settled).map((one) => (one.status === 'rejected' ? one.reason : undefined));
    assert.equal(second, undefined);
    assert.ok(third instanceof BetRefusedError);
    for (const dropped of [fourth, fifth]) {
      assert.ok(dropped instanceof BetDroppedError);
      assert.equal(dropped.refused, third);
    }
    assert.deepEqual((await stored()).pending, []);
    table.service.lies = {};
    const again = await Promise.all([client.bet(heads), client.bet(heads)]);
    assert.deepEqual(
      again.map(({ betNumber }) => betNumber),
      [3n, 4n],
    );
  });

  it('is fraud if the house has taken a bet that is built on the refused one', async () => {
    const { gates, client } = await gated();
    const refused = Promise.withResolvers<void>();
    gates.through = async (request) => {
      const { nonce } = JSON.parse(request.body as string) as { nonce: string };
      if (nonce === '3') {
        const answer = await fetchTransport(request);
        refused.resolve();
        return answer;
      }
      // Bet 2 is taken, its answer withheld; after bet 3 was taken too, the house refuses bet 2.
      await fetchTransport(request);
      await refused.promise;
      while (!(await table.store.get(recordKey(client).replace(/record$/, 'receipts/3')))) await new Promise(setImmediate);
      table.service.lies.refuseWith = 2;
      return fetchTransport(request);
    };
    const placed = Promise.allSettled([client.bet(heads), client.bet(heads)]);
    await until(() => gates.arrived.length === 3);
    gates.open(2, 3);
    const [first, second] = await placed;
    assert.ok(first.status === 'rejected' && first.reason instanceof FraudEvidenceError);
    assert.equal(first.reason.kind, 'refusal-after-receipt');
    assert.ok(second.status === 'rejected' && second.reason instanceof ClientError && second.reason.code === 'BET_PENDING');
    assert.equal((await stored()).pending.length, 2);
  });
});

describe('an answer that is withheld', () => {
  it('keeps all behind it pending; the next run sends them in order, byte for byte', async () => {
    const { gates, client } = await gated();
    gates.through = async (request) => {
      const answer = await fetchTransport(request);
      if (JSON.parse(request.body as string).nonce === '3') throw new ClientError('API_UNREACHABLE', 'withheld');
      return answer;
    };
    const placed = Promise.allSettled([1, 2, 3].map(() => client.bet(heads)));
    await until(() => gates.arrived.length === 4);
    gates.open(2, 3, 4);
    const [second, third, fourth] = await placed;
    assert.equal(second?.status, 'fulfilled');
    const codes = [third, fourth].map((one) => one?.status === 'rejected' && (one.reason as ClientError).code);
    assert.deepEqual(codes, ['API_UNREACHABLE', 'BET_PENDING']);
    const sent = new Set(table.service.bets);
    const first = table.service.bets.length;
    const recovered: bigint[] = [];
    const next = await table.connect({ onRecovered: ({ betNumber }) => recovered.push(betNumber) });
    const results = await next.resume();
    assert.deepEqual(
      results.map(({ betNumber }) => betNumber),
      [3n, 4n],
    );
    assert.deepEqual(recovered, [3n, 4n]);
    for (const body of table.service.bets.slice(first)) assert.ok(sent.has(body), 'other bytes were sent than before');
    // Bet 4 was answered, and its receipt kept: by that a house which has lost it takes it again.
    const kept = JSON.parse((await table.store.get(recordKey(client).replace(/record$/, 'receipts/4'))) as string);
    const { message, signature } = kept as Record<string, string>;
    assert.deepEqual([...table.service.brought], [['4', { message, signature }]]);
  });

  it('or is another bet’s, is found out', async () => {
    const { gates, client } = await gated();
    const answers: HttpAnswer[] = [];
    gates.through = async (request) => {
      answers.push(await fetchTransport(request));
      return answers[0] as HttpAnswer;
    };
    const placed = Promise.allSettled([client.bet(heads), client.bet(heads)]);
    gates.open(2);
    await until(() => gates.arrived.length === 3 && answers.length === 1);
    gates.open(3);
    const [second, third] = await placed;
    assert.equal(second.status, 'fulfilled');
    assert.ok(third.status === 'rejected' && third.reason instanceof FraudEvidenceError);
    assert.equal(third.reason.kind, 'receipt-of-another-bet');
    assert.equal((await stored()).pending.length, 1);
  });
});

describe('a record', () => {
  it('of the version before, with one pending bet, is read and sent', async () => {
    table.service.faults = Array(1_000).fill('lost-request');
    await assert.rejects(table.client.bet(heads));
    table.service.faults = [];
    const key = recordKey(table.client);
    const record = JSON.parse((await table.store.get(key)) as string) as { pending: unknown[] };
    await table.store.put(key, JSON.stringify({ ...record, version: 1, pending: record.pending[0] }));
    const [result] = await (await table.connect()).resume();
    assert.equal(result?.betNumber, 1n);
    assert.equal(new Set(table.service.bets).size, 1);
    const empty = JSON.parse((await table.store.get(key)) as string) as object;
    await table.store.put(key, JSON.stringify({ ...empty, version: 1, pending: null }));
    assert.equal((await (await table.connect()).bet(heads)).betNumber, 2n);
  });

  it('whose pending bets do not follow each other is refused', async () => {
    table.service.faults = Array(1_000).fill('lost-request');
    await assert.rejects(table.client.bet(heads));
    const key = recordKey(table.client);
    const record = JSON.parse((await table.store.get(key)) as string) as { pending: unknown[] };
    await table.store.put(key, JSON.stringify({ ...record, pending: [record.pending[0], record.pending[0]] }));
    await assert.rejects((await table.connect()).resume(), { code: 'STORE_CORRUPT' });
  });
});
