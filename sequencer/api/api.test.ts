import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { useKernel } from '../../protocol/kernel.ts';
import type { BetRequest } from '../admission/admission.ts';
import { CasinoError } from '../errors.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { AdmissionFixture, chainView, TestBettor } from '../test/admission-fixture.ts';
import { EventFeed } from './feed.ts';
import { hexOf } from './json.ts';
import { type ApiServer, createApi } from './server.ts';

useKernel(NATIVE_KERNEL);

const bodyOf = (request: BetRequest) => ({
  user: request.owner,
  amount: (request.stakeUnits * 10_000n).toString(),
  guess: request.choice === 1 ? 'heads' : 'tails',
  nonce: request.betNumber.toString(),
  terms_id: request.termsId,
  client_seed: hexOf(request.clientSeed),
  session_key: hexOf(request.sessionKey),
  sig: hexOf(request.signature),
});

describe('API', () => {
  let fixture: AdmissionFixture;
  let api: ApiServer;
  let alice: TestBettor;

  const make = async (requestsPerMinute: number) => {
    const feed = new EventFeed();
    const health = () => {
      throw new CasinoError('INTERNAL', 'not asked here');
    };
    const parts = {
      admission: fixture.admission,
      book: fixture.book,
      read: fixture.ledger.read,
      onBet: feed.betTaken.bind(feed),
      house: health,
      health,
    };
    return createApi({ parts, feed, requestsPerMinute, log: pino({ enabled: false }) });
  };
  const post = (payload: unknown, headers = {}) =>
    api.inject({
      method: 'POST',
      url: '/v1/bet',
      payload: payload as object,
      headers: { 'content-type': 'application/json', ...headers },
    });
  const get = (url: string) => api.inject({ method: 'GET', url });
  const codeOf = (answer: { json(): { error: { code: string } } }) => answer.json().error.code;

  beforeEach(async () => {
    fixture = await new AdmissionFixture().open();
    alice = new TestBettor(1);
    await fixture.book.observe(chainView(1n, [alice.view()]));
    await fixture.admission.limitOf(fixture.admission.vaultOf(alice.owner));
    api = await make(1_000_000);
  });
  afterEach(async () => {
    await api.close();
    await fixture.close();
  });

  test('a bet is answered with its documented fields and found again by its id', async () => {
    const answer = await post(bodyOf(alice.sign()));
    assert.equal(answer.statusCode, 200);
    const bet = answer.json();
    assert.deepEqual(Object.keys(bet), ['bet_id', 'nonce', 'outcome', 'payout', 'balance', 'status', 'vrf', 'limit', 'receipt']);
    const found = (await get(`/v1/bets/${bet.bet_id}`)).json();
    assert.deepEqual([found.status, found.batch, found.receipt], ['acknowledged', null, bet.receipt]);
    assert.equal((await get(`/v1/balance/${alice.owner}`)).json().available, bet.balance);
    assert.equal((await get(`/v1/vaults/${alice.owner}`)).json().next_nonce, '2');
  });

  test('malformed bets are refused with a code that says so, and cost nothing', async () => {
    const good = bodyOf(alice.sign());
    const bad: unknown[] = [
      {},
      [],
      { ...good, amount: 50_000 },
      { ...good, amount: '50001' },
      { ...good, amount: '-10000' },
      { ...good, amount: '99999999999999999999' },
      { ...good, guess: 'Heads' },
      { ...good, nonce: '0' },
      { ...good, nonce: '18446744073709551616' },
      { ...good, terms_id: 0 },
      { ...good, user: 'not an address' },
      { ...good, client_seed: 'f'.repeat(64) },
      { ...good, session_key: 'f'.repeat(128) },
      { ...good, sig: good.sig.toUpperCase() },
      { ...good, sig: good.sig.slice(2) },
      { ...good, extra: 1 },
    ];
    for (const payload of bad) {
      const answer = await post(payload);
      assert.equal(answer.statusCode, 400, JSON.stringify(payload));
      assert.equal(codeOf(answer), 'BAD_REQUEST');
    }
    assert.equal(codeOf(await post('{"user":')), 'BAD_REQUEST');
    assert.equal(codeOf(await post({ ...good, pad: 'x'.repeat(5_000) })), 'BODY_TOO_LARGE');
    assert.equal((await post(good)).statusCode, 200);
  });

  test('a gap, a conflict, a refusal and a stranger have their own codes', async () => {
    assert.equal(codeOf(await post(bodyOf(alice.sign({ betNumber: 2n })))), 'BET_GAP');
    const other = bodyOf(alice.sign({ stakeUnits: 2n }));
    await post(bodyOf(alice.sign()));
    const conflict = await post(other);
    assert.deepEqual([conflict.statusCode, codeOf(conflict)], [409, 'BET_CONFLICT']);
    alice.accept(alice.sign());
    const refused = await post(bodyOf(alice.sign({ stakeUnits: 51n })));
    assert.deepEqual([refused.statusCode, codeOf(refused), refused.json().error.reason], [422, 'REFUSED', 'outside-limit']);
    assert.equal(codeOf(await post(bodyOf(new TestBettor(2).sign()))), 'UNKNOWN_VAULT');
  });

  test('what has to wait says when to ask again', async () => {
    await fixture.book.observe(chainView(2n, [alice.view({ requestAmount: 1n })]));
    const busy = await post(bodyOf(alice.sign()));
    assert.deepEqual([busy.statusCode, codeOf(busy), busy.headers['retry-after']], [503, 'BUSY', '1']);
    assert.equal(busy.json().error.retry, true);
  });

  test('a bet that can not be settled is shown as Failed with its reason, and is listed; a later bet has to wait', async () => {
    const answer = await post(bodyOf(alice.sign()));
    const { bet_id } = answer.json();
    const vault = fixture.admission.vaultOf(alice.owner);
    const found = async () => (await get(`/v1/bets/${bet_id}`)).json();
    assert.deepEqual([(await found()).status, (await found()).failed_reason], ['acknowledged', null]);
    vault.quarantine = { vault: vault.context.vault, firstBet: 1n, reason: 'why', sinceMs: 5, attempts: 2, retryAtMs: 9 };
    assert.deepEqual([(await found()).status, (await found()).failed_reason], ['Failed', 'why']);
    const { user, first_nonce, reason, attempts, retry_at } = (await get('/v1/quarantine')).json().vaults[0];
    assert.deepEqual([user, first_nonce, reason, attempts, retry_at], [alice.owner, '1', 'why', 2, 9]);
    assert.match((await get(`/v1/vaults/${alice.owner}`)).json().held, /can not be settled yet/);
    await fixture.batch(alice, { batchNumber: 1n, firstBet: 1n, betCount: 1 });
    assert.equal((await found()).status, 'Pending');
  });

  test('unknown routes, bets, batches and seeds far ahead are not found', async () => {
    for (const url of ['/nothing', `/v1/bets/${'0'.repeat(64)}`, '/v1/batches/7', `/v1/seed-commitments/${alice.owner}/99`]) {
      assert.deepEqual([(await get(url)).statusCode, codeOf(await get(url))], [404, 'NOT_FOUND'], url);
    }
    assert.equal(codeOf(await get('/v1/batches?limit=1000')), 'BAD_REQUEST');
    assert.deepEqual((await get('/v1/batches')).json(), { batches: [] });
    assert.equal((await get(`/v1/seed-commitments/${alice.owner}/0`)).statusCode, 200);
  });

  test('one address is slowed down', async () => {
    await api.close();
    api = await make(3);
    for (let index = 0; index < 3; index += 1) await get('/v1/batches');
    const answer = await get('/v1/batches');
    assert.deepEqual([answer.statusCode, codeOf(answer)], [429, 'RATE_LIMITED']);
  });

  test('a subscriber hears of the bets of its user, and of no one else', async () => {
    const url = (await api.listen({ host: '127.0.0.1', port: 0 })).replace('http', 'ws');
    const sockets = [alice.owner, new TestBettor(2).owner].map((user) => new WebSocket(`${url}/ws?user=${user}`));
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('open', resolve))));
    const others: unknown[] = [];
    sockets[1]?.on('message', (data) => others.push(data));
    const heard = new Promise<string>((resolve) => sockets[0]?.once('message', (data) => resolve(String(data))));
    const answer = await post(bodyOf(alice.sign()));
    const event = JSON.parse(await heard);
    assert.deepEqual([event.type, event.user, event.bet_id], ['bet_result', alice.owner, answer.json().bet_id]);
    assert.deepEqual(others, []);
    for (const socket of sockets) socket.terminate();
  });
});
