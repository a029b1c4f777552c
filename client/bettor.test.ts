// Would catch: a bet signed twice with different bytes, a bet lost by a crash or a lost answer, and anything signed that must not be.
import assert from 'node:assert/strict';
import { after, beforeEach, describe, it } from 'node:test';
import { createKeyPairSignerFromPrivateKeyBytes } from '@solana/kit';
import { REFUSAL_CODES } from '../protocol/messages.ts';
import { CasinoApiError } from './errors.ts';
import { MemoryStore } from './store.ts';
import { addressOfByte } from './test/fake-chain.ts';
import { recordKey, setTable, type Table } from './test/table.ts';
import { fetchTransport } from './transport.ts';

const AMOUNT = 50_000n;
const heads = { amount: AMOUNT, guess: 'heads' } as const;
const tails = { amount: AMOUNT, guess: 'tails' } as const;

let table: Table;
const tables: Table[] = [];

beforeEach(async () => {
  table = await setTable();
  tables.push(table);
});

after(async () => {
  for (const one of tables) await one.stop();
});

const refusesWith = (code: string) => (error: unknown) => (error as { code?: string }).code === code;

describe('an honest house', () => {
  it('answers bets in order, each balance following from the one before', async () => {
    let balance = 10_000_000n;
    for (let n = 1n; n <= 4n; n += 1n) {
      const result = await table.client.bet(n % 2n === 0n ? heads : tails);
      balance += result.payout - AMOUNT;
      assert.equal(result.betNumber, n);
      assert.equal(result.balanceAfter, balance);
      assert.equal(result.payout > 0n, result.won);
      assert.equal(result.won, result.outcome === (n % 2n === 0n ? 'heads' : 'tails'));
    }
  });

  it('takes bets that one client places at once one after the other', async () => {
    const results = await Promise.all([table.client.bet(heads), table.client.bet(tails), table.client.bet(heads)]);
    assert.deepEqual(
      results.map((result) => result.betNumber),
      [1n, 2n, 3n],
    );
  });

  it('lets two clients of one store bet without a clash', async () => {
    const other = await table.connect();
    const results = await Promise.all([table.client.bet(heads), other.bet(tails), table.client.bet(heads), other.bet(heads)]);
    const numbers = results.map((result) => result.betNumber).sort();
    assert.deepEqual(numbers, [1n, 2n, 3n, 4n]);
  });

  it('is asked for a new seed commitment when a range ends', async () => {
    const record = recordKey(table.client);
    const seeds = (range: number) => table.store.get(record.replace('record', `seeds/1-${range}`));
    table.service.skipTo(table.client.owner, 256n);
    const text = (await table.store.get(record)) as string;
    await table.store.put(record, text.replace('"nextBet":"1"', '"nextBet":"256"'));
    assert.equal((await table.client.bet(heads)).betNumber, 256n);
    assert.deepEqual([await seeds(0), await seeds(1)].map(Boolean), [true, false]);
    assert.equal((await table.client.bet(heads)).betNumber, 257n);
    assert.ok(await seeds(1));
  });
});

describe('a retry', () => {
  for (const fault of ['lost-answer', 'lost-request', 'busy', 'rate-limited', 'html-502'] as const) {
    it(`sends the same bytes after: ${fault}`, async () => {
      table.service.faults = [fault, fault, fault];
      const result = await table.client.bet(heads);
      assert.equal(result.betNumber, 1n);
      assert.equal(table.service.bets.length, 4);
      assert.equal(new Set(table.service.bets).size, 1);
    });
  }

  it('ends at the limit, and the next call sends the same bytes first', async () => {
    table.service.faults = Array(1_000).fill('busy');
    await assert.rejects(table.client.bet(heads), refusesWith('BUSY'));
    table.service.faults = [];
    const attempts = table.service.bets.length;
    assert.ok(attempts > 3 && attempts < 100, `${attempts} attempts`);
    const result = await table.client.bet(tails);
    assert.equal(result.betNumber, 2n);
    assert.equal(new Set(table.service.bets.slice(0, attempts + 1)).size, 1);
  });

  for (const [fault, code] of [
    ['conflict', 'BET_CONFLICT'],
    ['gap', 'BET_GAP'],
  ] as const) {
    it(`is not made after ${code}, and no other bet with the number is signed`, async () => {
      table.service.faults = [fault];
      await assert.rejects(table.client.bet(heads), (error) => error instanceof CasinoApiError && error.code === code);
      assert.equal(table.service.bets.length, 1);
      await table.client.bet(tails);
      assert.equal(new Set(table.service.bets).size, 2);
      assert.equal(table.service.bets[1], table.service.bets[0]);
    });
  }
});

describe('a restart', () => {
  it('sends the unanswered bet again, byte for byte, before a new one', async () => {
    table.service.faults = Array(1_000).fill('lost-answer');
    await assert.rejects(table.client.bet(heads));
    table.service.faults = [];
    const recovered: bigint[] = [];
    const next = await table.connect({ onRecovered: (result) => recovered.push(result.betNumber) });
    const result = await next.bet(tails);
    assert.deepEqual(recovered, [1n]);
    assert.equal(result.betNumber, 2n);
    assert.equal(new Set(table.service.bets).size, 2);
  });

  it('resumes on demand, once', async () => {
    table.service.faults = Array(1_000).fill('lost-request');
    await assert.rejects(table.client.bet(heads));
    table.service.faults = [];
    const next = await table.connect();
    assert.deepEqual(
      (await next.resume()).map(({ betNumber }) => betNumber),
      [1n],
    );
    assert.deepEqual(await next.resume(), []);
    assert.equal(new Set(table.service.bets).size, 1);
  });

  it('stores a bet before it is sent', async () => {
    const atSending: (string | undefined)[] = [];
    const client = await table.connect({
      transport: async (request) => {
        if (request.body) atSending.push(await table.store.get(recordKey(table.client)));
        return fetchTransport(request);
      },
    });
    await client.bet(heads);
    const { sig } = JSON.parse(table.service.bets[0] as string) as { sig: string };
    assert.deepEqual(
      atSending.map((record) => record?.includes(sig)),
      [true],
    );
  });

  it('keeps the session key, and refuses one that the vault does not know', async () => {
    await table.client.bet(heads);
    const again = await table.connect();
    await again.openVault();
    await again.bet(heads);
    const keys = table.service.bets.map((body) => (JSON.parse(body) as { session_key: string }).session_key);
    assert.equal(new Set(keys).size, 1);
    await table.chain.putVault({ owner: table.client.owner, sessionKeyHash: 77n });
    await assert.rejects((await table.connect()).openVault(), refusesWith('WRONG_SESSION_KEY'));
  });

  it('does not bet from a store that has not signed the earlier bets', async () => {
    await table.client.bet(heads);
    const other = await table.connect({ store: new MemoryStore() });
    await assert.rejects(other.openVault(), refusesWith('NO_SIGNING_RECORD'));
    await assert.rejects(other.bet(heads), refusesWith('NO_SIGNING_RECORD'));
  });

  it('does not bet from a store that is behind the chain or the service', async () => {
    await table.client.bet(heads);
    const before = (await table.store.get(recordKey(table.client))) as string;
    const at2 = { next_nonce: '2', head: (JSON.parse(before) as { head: string }).head };
    await table.client.bet(heads);
    await table.store.put(recordKey(table.client), before);
    await assert.rejects((await table.connect()).bet(tails), refusesWith('RECORD_CONFLICT'));
    const { sessionKeyHash } = JSON.parse(before) as { sessionKeyHash: string };
    await table.chain.putVault({ owner: table.client.owner, sessionKeyHash: BigInt(`0x${sessionKeyHash}`), lastBet: 2n });
    table.service.lies.answer = (path, body) => (path.startsWith('/v1/vaults/') ? { ...body, ...at2 } : body);
    await assert.rejects((await table.connect()).bet(tails), refusesWith('RECORD_CONFLICT'));
    await assert.rejects((await table.connect()).openVault(), refusesWith('RECORD_CONFLICT'));
    assert.equal(table.service.bets.length, 2);
  });

  it('asks where the vault is once, and again after an answer that casts doubt on the record', async () => {
    let asked = 0;
    table.service.lies.answer = (path, body) => {
      if (path.startsWith('/v1/vaults/')) asked += 1;
      return body;
    };
    await table.client.bet(heads);
    await table.client.bet(heads);
    assert.equal(asked, 1);
    table.service.faults = ['conflict'];
    await assert.rejects(table.client.bet(heads), refusesWith('BET_CONFLICT'));
    await table.client.bet(heads);
    assert.equal(asked, 2);
  });

  it('makes a pending bet durable again before it is sent again', async () => {
    table.service.faults = Array(1_000).fill('lost-request');
    await assert.rejects(table.client.bet(heads));
    table.service.faults = [];
    const { bets } = table.service;
    const sent = bets.length;
    const sentAtSaving: number[] = [];
    const store = new Proxy(table.store, {
      get: (target, name) =>
        name === 'put'
          ? (key: string, value: string) => {
              if (key.endsWith('/record')) sentAtSaving.push(bets.length - sent);
              return target.put(key, value);
            }
          : (Reflect.get(target, name) as (...args: unknown[]) => unknown).bind(target),
    });
    await (await table.connect({ store })).resume();
    assert.deepEqual(sentAtSaving, [0, 1]);
  });

  it('refuses a record that is not what was written', async () => {
    await table.store.put(recordKey(table.client), '{"version":1}');
    await assert.rejects((await table.connect()).bet(heads), refusesWith('STORE_CORRUPT'));
  });

  it('stores a random seed when the wallet signs differently each time', async () => {
    const wallet = await createKeyPairSignerFromPrivateKeyBytes(new Uint8Array(32).fill(6));
    let count = 0;
    const moody = {
      ...wallet,
      signMessages: async () => {
        count += 1;
        return [{ [wallet.address]: crypto.getRandomValues(new Uint8Array(64)) }];
      },
    } as unknown as typeof wallet;
    await table.service.addVault(wallet.address, 10_000_000n);
    const first = await table.connect({ wallet: moody });
    table.chain.onSend = async (signature) => {
      table.chain.statuses.set(signature, { commitment: 'finalized', slot: 1n, failure: null });
      const record = JSON.parse((await table.store.get(recordKey(first))) as string) as { sessionKeyHash: string };
      await table.chain.putVault({ owner: wallet.address, sessionKeyHash: BigInt(`0x${record.sessionKeyHash}`) });
    };
    await first.openVault();
    assert.equal(count, 2);
    await (await table.connect({ wallet: moody })).bet(heads);
    assert.equal(count, 2);
  });
});

describe('nothing is signed', () => {
  it('outside the limits', async () => {
    await assert.rejects(table.client.bet({ amount: 10_010_000n, guess: 'heads' }), refusesWith('INSUFFICIENT_BALANCE'));
    const rich = await setTable({ balance: 100_000_000n });
    tables.push(rich);
    await assert.rejects(rich.client.bet({ amount: 10_010_000n, guess: 'heads' }), refusesWith('OUTSIDE_LIMIT'));
    await assert.rejects(rich.client.bet({ amount: 10_001n, guess: 'heads' }), refusesWith('BAD_VALUE'));
    for (const guess of ['Heads', 'edge', '', undefined] as unknown as 'heads'[]) {
      await assert.rejects(rich.client.bet({ amount: AMOUNT, guess }), refusesWith('BAD_VALUE'));
    }
    assert.equal(table.service.bets.length + rich.service.bets.length, 0);
  });

  it('under other terms than those the client connected with', async () => {
    table.service.termsId = 2;
    await assert.rejects(table.client.bet(heads), refusesWith('TERMS_CHANGED'));
    table.chain.putHouse({ receiptKey: table.client.house.receiptKey, currentTerms: 2 });
    await table.chain.putTerms(2);
    assert.equal((await (await table.connect()).bet(heads)).betNumber, 1n);
  });
});

describe('a signed refusal', () => {
  it('frees the number: another bet, and even the same one, is signed with another head', async () => {
    table.service.lies.refuseWith = REFUSAL_CODES['insufficient-balance'];
    const refused = { name: 'BetRefusedError', reason: 'insufficient-balance' };
    await assert.rejects(table.client.bet(heads), refused);
    await assert.rejects(table.client.bet(heads), refused);
    await assert.rejects(table.client.bet(tails), refused);
    table.service.lies = {};
    const result = await (await table.connect()).bet(heads);
    assert.equal(result.betNumber, 1n);
    assert.equal(new Set(table.service.bets).size, 4);
  });

  it('of a bet that was pending lets the next one go on', async () => {
    table.service.faults = Array(1_000).fill('lost-request');
    await assert.rejects(table.client.bet(heads));
    table.service.faults = [];
    table.service.lies.refuseWith = REFUSAL_CODES['insufficient-balance'];
    assert.deepEqual(await table.client.resume(), []);
    table.service.lies = {};
    assert.equal((await table.client.bet(tails)).betNumber, 1n);
  });
});

describe('connecting', () => {
  const mismatch = refusesWith('CHAIN_MISMATCH');

  it('refuses a house that the chain does not show so', async () => {
    const receiptKey = table.client.house.receiptKey;
    table.chain.putHouse({ receiptKey, owner: addressOfByte(3) });
    await assert.rejects(table.connect(), mismatch);
    table.chain.putHouse({ receiptKey, domain: 5n });
    await assert.rejects(table.connect(), mismatch);
    table.chain.putHouse({ receiptKey, currentTerms: 4 });
    await assert.rejects(table.connect(), mismatch);
  });

  it('refuses another house or program than the bettor means', async () => {
    await assert.rejects(table.connect({ house: addressOfByte(8) }), mismatch);
    await assert.rejects(table.connect({ program: addressOfByte(8) }), mismatch);
    await table.connect({ house: table.chain.house, program: table.client.house.program });
  });
});
