import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { betPack, nextHead } from '../../protocol/bet.ts';
import { fieldToHex, toHex } from '../../protocol/bytes.ts';
import { useKernel } from '../../protocol/kernel.ts';
import { parseReceiptFile } from '../../protocol/receipt-file.ts';
import type { BetRequest } from '../admission/admission.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { chainView, TestBettor } from '../test/admission-fixture.ts';
import { ApiFixture, bodyOf } from '../test/api-fixture.ts';
import type { ApiServer } from './server.ts';

useKernel(NATIVE_KERNEL);

describe('API', () => {
  let fixture: ApiFixture;
  let api: ApiServer;
  let alice: TestBettor;

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
    fixture = await new ApiFixture().open();
    ({ api, alice } = fixture);
  });
  afterEach(() => fixture.close());

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

  test('the receipt file of any answered bet is the documented one, and its head follows from it', async () => {
    const requests = [alice.sign(), undefined];
    const first = (await post(bodyOf(requests[0] as BetRequest))).json();
    alice.accept(requests[0] as BetRequest);
    requests[1] = alice.sign();
    const second = (await post(bodyOf(requests[1]))).json();
    for (const [index, bet] of [first, second].entries()) {
      const answer = await get(`/v1/bets/${bet.bet_id}/receipt`);
      const file = parseReceiptFile(answer.body);
      assert.deepEqual(
        [toHex(file.receipt.message), toHex(file.receipt.signature)],
        [bet.receipt.message, bet.receipt.signature],
      );
      assert.deepEqual(file.seed.path.map(toHex), bet.vrf.path);
      assert.equal(toHex(file.seed.commitment.message), bet.vrf.commitment.message);
      const packed = betPack({ ...file.bet, game: 0 });
      const head = nextHead({ ...file.bet, packed, accountId: alice.accountId });
      assert.equal(fieldToHex(head), bet.bet_id);
      assert.deepEqual(file.bet.signature, requests[index]?.signature);
      assert.equal(file.settlement, undefined);
    }
    await fixture.admission.batch(alice, { batchNumber: 1n, firstBet: 1n, betCount: 1 });
    assert.equal((await get(`/v1/bets/${first.bet_id}/receipt`)).json().settlement, null, 'a batch that is not final can change');
    assert.equal((await get(`/v1/bets/${'0'.repeat(64)}/receipt`)).statusCode, 404);
    const limit = (await get(`/v1/bets/${first.bet_id}/receipt`)).headers['x-ratelimit-limit'];
    assert.equal(limit, (await get(`/v1/seed-commitments/${alice.owner}/0`)).headers['x-ratelimit-limit'], 'both hash a range');
    assert.notEqual(limit, (await get(`/v1/bets/${first.bet_id}`)).headers['x-ratelimit-limit']);
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
    await fixture.admission.book.observe(chainView(2n, [alice.view({ requestAmount: 1n })]));
    const busy = await post(bodyOf(alice.sign()));
    assert.deepEqual([busy.statusCode, codeOf(busy), busy.headers['retry-after']], [503, 'BUSY', '1']);
    assert.equal(busy.json().error.retry, true);
  });

  test('a bet that can not be settled is shown as Failed with its reason, and is listed; a later bet has to wait', async () => {
    const answer = await post(bodyOf(alice.sign()));
    const { bet_id } = answer.json();
    const vault = fixture.admission.admission.vaultOf(alice.owner);
    const found = async () => (await get(`/v1/bets/${bet_id}`)).json();
    assert.deepEqual([(await found()).status, (await found()).failed_reason], ['acknowledged', null]);
    vault.quarantine = { vault: vault.context.vault, firstBet: 1n, reason: 'why', sinceMs: 5, attempts: 2, retryAtMs: 9 };
    assert.deepEqual([(await found()).status, (await found()).failed_reason], ['Failed', 'why']);
    const { user, first_nonce, reason, attempts, retry_at } = (await get('/v1/quarantine')).json().vaults[0];
    assert.deepEqual([user, first_nonce, reason, attempts, retry_at], [alice.owner, '1', 'why', 2, 9]);
    assert.match((await get(`/v1/vaults/${alice.owner}`)).json().held, /can not be settled yet/);
    await fixture.admission.batch(alice, { batchNumber: 1n, firstBet: 1n, betCount: 1 });
    assert.equal((await found()).status, 'Pending');
  });

  test('a vault shows its request, deadline, claimable and exit, and a voided bet its reason', async () => {
    const vault = async () => {
      const { frozen, claimable, request, voided, held } = (await get(`/v1/vaults/${alice.owner}`)).json();
      return { frozen, claimable, request, voided, held };
    };
    const idle = { frozen: false, claimable: '0', request: null, voided: null, held: null };
    assert.deepEqual(await vault(), idle);
    const { bet_id } = (await post(bodyOf(alice.sign()))).json();
    const requested = alice.view({ requestAmount: 7n, requestDeadline: 1_600n });
    await fixture.admission.book.observe(chainView(2n, [alice.view()], { confirmed: [requested] }));
    const held = 'a withdrawal request is open';
    const request = { amount: '7', deadline_slot: '1600', final: false };
    assert.deepEqual(await vault(), { ...idle, held, request });
    await fixture.admission.book.observe(chainView(3n, [requested]));
    assert.deepEqual(await vault(), { ...idle, held, request: { ...request, final: true } });
    await fixture.admission.book.observe(chainView(4n, [alice.view({ frozen: true, balance: 0n, claimable: 9n })]));
    const voided = { from_nonce: '1', through_nonce: '1', slot: '4', reason: 'forced exit' };
    const closed = 'the vault has been closed by a forced exit';
    assert.deepEqual(await vault(), { frozen: true, claimable: '9', request: null, voided, held: closed });
    const bet = (await get(`/v1/bets/${bet_id}`)).json();
    assert.deepEqual([bet.status, bet.void_reason, bet.batch], ['Voided', 'forced exit', null]);
    const refused = await post(bodyOf(alice.sign({ betNumber: 2n })));
    assert.deepEqual([refused.statusCode, codeOf(refused), refused.json().error.retry], [410, 'VAULT_CLOSED', false]);
  });

  test('health is live whatever is wrong, and ready only while bets are taken', async () => {
    assert.equal((await get('/health/live')).json().live, true);
    assert.deepEqual([(await get('/health')).statusCode, (await get('/health/ready')).statusCode], [200, 200]);
    assert.equal((await get('/health')).json().prover.last_proof.took_ms, 2);
    assert.equal((await get('/v1/reconciliation')).statusCode, 404);
    const discrepancy = { kind: 'escrow' as const, subject: 'escrow', expected: 'at least 5', found: '4', funds: true };
    const counts = { vaultsChecked: 1, batchesChecked: 0, transfersChecked: 0, complete: true, omitted: 0 };
    fixture.report = { timeMs: 5, slot: 3n, ...counts, discrepancies: [discrepancy], fundsDiffer: true };
    const ready = await get('/health/ready');
    assert.deepEqual([ready.statusCode, ready.json().ready, ready.json().problems[0].code], [503, false, 'FUNDS_DIFFER']);
    assert.equal((await get('/health')).statusCode, 503);
    assert.equal((await get('/health/live')).statusCode, 200);
    assert.deepEqual((await get('/v1/reconciliation')).json().discrepancies, [discrepancy]);
  });

  test('unknown routes, bets, batches and seeds far ahead are not found', async () => {
    for (const url of ['/nothing', `/v1/bets/${'0'.repeat(64)}`, '/v1/batches/7', `/v1/seed-commitments/${alice.owner}/99`]) {
      assert.deepEqual([(await get(url)).statusCode, codeOf(await get(url))], [404, 'NOT_FOUND'], url);
    }
    assert.equal(codeOf(await get('/v1/batches?limit=1000')), 'BAD_REQUEST');
    assert.deepEqual((await get('/v1/batches')).json(), { batches: [], next: null });
    assert.equal((await get(`/v1/seed-commitments/${alice.owner}/0`)).statusCode, 200);
  });

  test('batches are listed below any number, and at most a hundred at a time', async () => {
    await post(bodyOf(alice.sign()));
    await fixture.admission.batch(alice, { batchNumber: 1n, firstBet: 1n, betCount: 1 });
    const listed = async (query: string) => (await get(`/v1/batches?${query}`)).json().batches?.length;
    for (const [before, count] of [
      ['0', 0],
      ['1', 0],
      ['2', 1],
      ['9223372036854775807', 1],
      ['9223372036854775808', 1],
      ['18446744073709551615', 1],
    ] as const) {
      assert.equal(await listed(`before=${before}`), count, before);
    }
    for (const limit of ['1', '100']) assert.equal(await listed(`limit=${limit}`), 1);
    for (const bad of [
      'before=18446744073709551616',
      'before=-1',
      'before=01',
      'limit=0',
      'limit=101',
      'limit=1.5',
      'limit=',
      'after=1',
    ]) {
      assert.equal(codeOf(await get(`/v1/batches?${bad}`)), 'BAD_REQUEST', bad);
    }
    for (const number of ['0', '-1', '18446744073709551616', '1e3']) {
      assert.equal(codeOf(await get(`/v1/batches/${number}`)), 'BAD_REQUEST', number);
    }
    assert.equal(codeOf(await get('/v1/batches/18446744073709551615')), 'NOT_FOUND');
  });

  test('once a commit has failed, nothing that it held is answered', async () => {
    const first = (await post(bodyOf(alice.sign()))).json();
    alice.accept(alice.sign());
    const database = new DatabaseSync(fixture.admission.ledgerPath);
    database.exec('UPDATE vaults SET cumulative_delta = cumulative_delta + 1');
    database.close();
    const request = bodyOf(alice.sign());
    for (const answer of [
      await post(request),
      await post(request),
      await get(`/v1/balance/${alice.owner}`),
      await get(`/v1/vaults/${alice.owner}`),
    ]) {
      assert.deepEqual([answer.statusCode, codeOf(answer)], [500, 'LEDGER_CORRUPT']);
    }
    assert.deepEqual((await get(`/v1/bets/${first.bet_id}`)).json().receipt, first.receipt);
  });

  test('one address is slowed down', async () => {
    ({ api } = await fixture.serve({ requestsPerMinute: 3 }));
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

  test('a subscriber hears when its request is seen, paid and claimed, and when its vault is closed', async () => {
    const url = (await api.listen({ host: '127.0.0.1', port: 0 })).replace('http', 'ws');
    const socket = new WebSocket(`${url}/ws?user=${alice.owner}`);
    const stranger = new WebSocket(`${url}/ws?user=${new TestBettor(2).owner}`);
    await Promise.all([socket, stranger].map((one) => new Promise((resolve) => one.once('open', resolve))));
    const heard: Record<string, unknown>[] = [];
    let wake = () => {};
    socket.on('message', (data) => {
      heard.push(JSON.parse(String(data)));
      wake();
    });
    stranger.on('message', () => assert.fail('told to a stranger'));
    const requested = alice.view({ requestAmount: 7n, requestDeadline: 1_600n });
    await fixture.admission.book.observe(chainView(2n, [alice.view()], { confirmed: [requested] }));
    await fixture.admission.book.observe(chainView(3n, [requested]));
    await fixture.admission.book.observe(chainView(4n, [alice.view({ claimable: 7n })]));
    await fixture.admission.book.observe(chainView(5n, [alice.view({ claimable: 0n })]));
    await fixture.admission.book.observe(chainView(6n, [alice.view({ frozen: true, balance: 0n, claimable: 9n })]));
    while (heard.length < 4) await new Promise<void>((resolve) => (wake = resolve));
    const money = { user: alice.owner, vault: alice.vault };
    const told = heard.map(({ cursor, ...event }) => {
      assert.match(String(cursor), /-\d+$/);
      return event;
    });
    assert.deepEqual(told, [
      { type: 'withdrawal_requested', ...money, amount: '7', deadline_slot: '1600' },
      { type: 'withdrawal_paid', ...money, amount: '7' },
      { type: 'claimed', ...money, amount: '7' },
      { type: 'vault_closed', ...money, amount: '9', voided: null },
    ]);
    for (const one of [socket, stranger]) one.terminate();
  });
});
