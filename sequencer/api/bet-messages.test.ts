import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import fc from 'fast-check';
import type { ClientOptions } from 'ws';
import { useKernel } from '../../protocol/kernel.ts';
import type { BetRequest } from '../admission/admission.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { TestBettor } from '../test/admission-fixture.ts';
import { ApiFixture, bodyOf } from '../test/api-fixture.ts';
import { WsClient } from '../test/ws-client.ts';

/*
 * Catches a bet over WebSocket that is answered otherwise than one over HTTP, is decided out of order, is lost with its socket, or goes round a
 * limit that holds for HTTP.
 */
useKernel(NATIVE_KERNEL);

const RUNS = Number(process.env.FUZZ_RUNS ?? 300);

describe('bets over WebSocket', () => {
  let fixture: ApiFixture;
  let clients: WsClient[];

  beforeEach(async () => {
    fixture = await new ApiFixture().open();
    clients = [];
  });
  afterEach(async () => {
    for (const { socket } of clients) socket.terminate();
    await fixture.close();
  });

  const open = async (options: ClientOptions & { query?: string } = {}) => {
    const client = await WsClient.open(fixture.url, { query: '?events=off', ...options });
    clients.push(client);
    return client;
  };
  const post = async (body: object) => {
    const payload = JSON.stringify(body);
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${fixture.url}/v1/bet`, { method: 'POST', body: payload, headers });
    return { status: answer.status, text: await answer.text() };
  };
  /** Alice's next bets, each signed on the head of the one before. */
  const signAhead = (count: number) =>
    Array.from({ length: count }, () => {
      const bet = fixture.alice.sign();
      fixture.alice.accept(bet);
      return bet;
    });
  /** Lets bets be durable only when told, in any order. */
  const holdCommits = () => {
    const { ledger } = fixture.admission;
    const commit = ledger.commit.bind(ledger);
    const held: (() => void)[] = [];
    ledger.commit = async (entries) => {
      await commit(entries);
      if (entries.some(({ kind }) => kind === 'bet')) await new Promise<void>((resolve) => held.push(resolve));
    };
    const letGo = (order: (waiting: (() => void)[]) => (() => void)[] = (waiting) => waiting) => {
      for (const go of order(held.splice(0))) go();
    };
    return { held, letGo };
  };
  const lastBet = () => fixture.admission.admission.vaultOf(fixture.alice.owner).lastBet;
  const until = async (condition: () => boolean) => {
    for (let tries = 0; !condition(); tries += 1) {
      assert.ok(tries < 2_000, 'it never came about');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };

  test('the answer is that of HTTP to the same bytes, byte for byte, whichever came first', async () => {
    await fixture.listen();
    const client = await open();
    for (const [first, bet] of signAhead(4).entries()) {
      const overHttp = first % 2 === 0 ? await post(bodyOf(bet)) : undefined;
      const { type, answer } = await client.ask(bet);
      assert.equal(type, 'bet_answer');
      assert.equal(JSON.stringify(answer), (overHttp ?? (await post(bodyOf(bet)))).text);
    }
  });

  test('every error is that of HTTP, and the socket goes on', async () => {
    await fixture.listen();
    const client = await open();
    const good = bodyOf(fixture.alice.sign());
    const bad: object[] = [
      {},
      { ...good, amount: 50_000 },
      { ...good, amount: '50001' },
      { ...good, nonce: '18446744073709551616' },
      { ...good, guess: 'edge', sig: 'ff' },
      { ...good, client_seed: 'f'.repeat(64) },
      { ...good, session_key: 'f'.repeat(128) },
      { ...good, extra: 1 },
      JSON.parse(`{"__proto__":{"user":"x"},${JSON.stringify(good).slice(1)}`),
      { ...good, amount: '20000' },
      bodyOf(fixture.alice.sign({ betNumber: 7n })),
      bodyOf(fixture.alice.sign({ stakeUnits: 51n })),
      bodyOf(new TestBettor(2).sign()),
      { ...good, user: 'x'.repeat(4_096) },
    ];
    for (const body of bad) {
      const overHttp = await post(body);
      const { type, status, error } = await client.ask(body);
      assert.deepEqual([type, status], ['bet_error', overHttp.status], JSON.stringify(body));
      const expected = JSON.parse(overHttp.text).error;
      // The framework refuses this key before it looks at the schema, in words of its own.
      if (Object.hasOwn(body, '__proto__')) assert.equal(error?.code, expected.code);
      else assert.deepEqual(error, expected);
    }
    assert.equal((await client.ask(good, { type: 'wager' })).error?.code, 'BAD_REQUEST');
    assert.equal((await client.ask(good)).type, 'bet_answer');
  });

  test('bets that are sent ahead are decided in order, while none is durable and whichever is first', async () => {
    await fixture.listen();
    const client = await open();
    const { held, letGo } = holdCommits();
    const names = signAhead(20).map((bet) => client.send(bet));
    await until(() => held.length === 20);
    assert.deepEqual([lastBet(), client.heard], [20n, []], 'all are decided, none is told before it is durable');
    letGo((waiting) => waiting.reverse());
    const replies = await Promise.all(names.map((name) => client.reply(name)));
    assert.deepEqual(
      replies.map(({ answer }) => answer?.nonce),
      Array.from({ length: 20 }, (_, index) => `${index + 1}`),
    );
    assert.notEqual(client.heard[0]?.request_id, names[0], 'answers come as they are durable');
  });

  test('a bet whose socket is killed before the answer is taken, and HTTP gives the answer', async () => {
    await fixture.listen();
    const client = await open();
    const { held, letGo } = holdCommits();
    const bets = signAhead(3);
    for (const bet of bets) client.send(bet);
    await until(() => held.length === 3);
    client.socket.terminate();
    const again = bets.map((bet) => post(bodyOf(bet)));
    letGo();
    const answers = await Promise.all(again);
    assert.deepEqual(
      answers.map(({ status, text }) => [status, JSON.parse(text).nonce]),
      [1, 2, 3].map((nonce) => [200, `${nonce}`]),
    );
    assert.equal(lastBet(), 3n);
  });

  test('what can not be answered ends the socket with a code; a bet under way stays taken', async () => {
    await fixture.listen();
    for (const [message, code] of [
      [Buffer.from('{}'), 1003],
      ['no JSON', 1008],
      ['[]', 1008],
      ['null', 1008],
      ['{"type":"bet"}', 1008],
      ['{"type":"bet","request_id":7}', 1008],
      ['{"type":"bet","request_id":""}', 1008],
      [`{"type":"bet","request_id":"${'x'.repeat(65)}"}`, 1008],
      ['{"type":"bet","request_id":"a b"}', 1008],
      ['['.repeat(8_000), 1008],
      [' '.repeat(8_193), 1009],
    ] as const) {
      const client = await open();
      client.socket.send(message);
      assert.equal((await client.closed())[0], code, String(message).slice(0, 40));
    }
    const client = await open();
    const { held, letGo } = holdCommits();
    const [first, second] = signAhead(2) as [BetRequest, BetRequest];
    client.send(first, { request_id: 'same' });
    client.send(second, { request_id: 'same' });
    client.send(second, { request_id: 'other' });
    assert.deepEqual(await client.closed(), [1008, 'BAD_REQUEST same is under way already']);
    await until(() => held.length === 1);
    assert.deepEqual([client.heard, lastBet()], [[], 1n], 'nothing that comes after is heard');
    letGo();
    assert.equal((await post(bodyOf(first))).status, 200);
  });

  test('a request_id may be used again once it is answered', async () => {
    await fixture.listen();
    const client = await open();
    for (const bet of signAhead(2)) {
      client.heard.length = 0;
      assert.equal((await client.ask(bet, { request_id: 'mine' })).type, 'bet_answer');
    }
  });

  test('bets under way are counted together with those over HTTP, on all sockets of a client', async () => {
    await fixture.listen({ limits: { inFlightPerAddress: 3 } });
    const [one, two] = [await open(), await open()];
    const { held, letGo } = holdCommits();
    const bets = signAhead(4);
    const names = [one.send(bets[0] as BetRequest), one.send(bets[1] as BetRequest)];
    await until(() => held.length === 2);
    const overHttp = post(bodyOf(bets[2] as BetRequest));
    await until(() => held.length === 3);
    const busy = await two.ask(bets[3] as BetRequest);
    assert.deepEqual([busy.status, busy.error?.code, busy.error?.retry, busy.retry_after_ms], [503, 'BUSY', true, 1_000]);
    assert.equal(JSON.parse((await post(bodyOf(bets[3] as BetRequest))).text).error.code, 'BUSY');
    const stranger = await open({ localAddress: '127.0.0.2' });
    assert.equal((await stranger.ask({})).error?.code, 'BAD_REQUEST', 'another client is still heard');
    letGo();
    assert.deepEqual(
      (await Promise.all(names.map((name) => one.reply(name)))).map(({ type }) => type),
      ['bet_answer', 'bet_answer'],
    );
    assert.equal((await overHttp).status, 200);
    const last = two.send(bets[3] as BetRequest);
    await until(() => held.length === 1);
    letGo();
    assert.equal((await two.reply(last)).type, 'bet_answer', 'their places are free again');
  });

  test('bets under way on one socket have a limit of their own, below which no answer is unread too long', async () => {
    await fixture.listen({ limits: { inFlightPerSocket: 3, unreadBytes: 20_000 } });
    const [one, two] = [await open({ query: '' }), await open()];
    const { held, letGo } = holdCommits();
    const bets = signAhead(4) as [BetRequest, BetRequest, BetRequest, BetRequest];
    const names = bets.slice(0, 3).map((bet) => one.send(bet));
    const busy = await one.ask(bets[3]);
    assert.deepEqual([busy.status, busy.error?.code, busy.retry_after_ms], [503, 'BUSY', 1_000]);
    await until(() => held.length === 3);
    const other = two.send(bets[3]);
    await until(() => held.length === 4);
    letGo();
    for (const name of names) assert.equal((await one.reply(name)).type, 'bet_answer');
    assert.equal((await two.reply(other)).type, 'bet_answer');
  });

  test('many answers of one commit are no sign of not reading', async () => {
    await fixture.listen({ limits: { inFlightPerSocket: 1_000, unreadBytes: 100_000 } });
    const client = await open({ query: '' });
    const { held, letGo } = holdCommits();
    const names = signAhead(50).map((bet) => client.send(bet));
    await until(() => held.length === 50);
    letGo();
    for (const name of names) assert.equal((await client.reply(name)).type, 'bet_answer');
  });

  test('places under way are given up by bets that are refused, and by those whose socket has gone', async () => {
    await fixture.listen({ limits: { inFlightPerAddress: 2 } });
    const client = await open();
    for (let count = 0; count < 5; count += 1) assert.equal((await client.ask({})).error?.code, 'BAD_REQUEST');
    for (const bet of signAhead(6)) {
      const leaving = await open();
      leaving.send(bet);
      await until(() => lastBet() === bet.betNumber);
      leaving.socket.terminate();
      assert.equal((await post(bodyOf(bet))).status, 200);
    }
    assert.equal((await client.ask(signAhead(1)[0] as BetRequest)).type, 'bet_answer');
  });

  test('requests a minute are counted together with those over HTTP', async () => {
    await fixture.listen({ requestsPerMinute: 5 });
    const client = await open();
    await post({});
    for (let count = 0; count < 3; count += 1) assert.equal((await client.ask({})).error?.code, 'BAD_REQUEST');
    const { status, error, retry_after_ms: waitMs } = await client.ask(fixture.alice.sign());
    assert.deepEqual([status, error?.code], [429, 'RATE_LIMITED']);
    assert.ok((waitMs as number) > 1_000 && (waitMs as number) <= 60_000);
    assert.equal((await post({})).status, 429);
    assert.equal(lastBet(), 0n);
  });

  test('an event loop that falls behind puts bets off', async () => {
    await fixture.listen({ limits: { eventLoopDelayMs: 50 } });
    const client = await open();
    const block = setInterval(() => {
      const until = performance.now() + 150;
      while (performance.now() < until);
    }, 1);
    const codeOf = async () => (await client.ask({})).error?.code;
    const eventually = async (code: string) => {
      for (let tries = 0; (await codeOf()) !== code; tries += 1) {
        assert.ok(tries < 2_000, `never ${code}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    try {
      await eventually('BUSY');
    } finally {
      clearInterval(block);
    }
    await eventually('BAD_REQUEST');
  });

  test('who sends bets and never reads the answers is cut off within bounded memory, and its bets stay taken', async () => {
    await fixture.listen({ limits: { unreadBytes: 50_000 } });
    const bet = fixture.alice.sign();
    const { port } = new URL(fixture.url);
    const socket = connect(Number(port), '127.0.0.1').on('error', () => {});
    const key = 'dGhlIHNhbXBsZSBub25jZQ==';
    socket.write(
      `GET /ws HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\n\r\n`,
    );
    await once(socket, 'readable');
    let gone = false;
    socket.once('close', () => (gone = true));
    const before = process.memoryUsage().rss;
    for (let count = 0; !gone; count += 1) {
      assert.ok(count < 100_000, 'it is never cut off');
      const text = JSON.stringify({ type: 'bet', request_id: `r${count}`, ...bodyOf(bet) });
      if (!socket.write(maskedFrame(text))) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    assert.ok(process.memoryUsage().rss - before < 256 * 1_048_576, 'what nobody reads is not kept');
    assert.equal((await post(bodyOf(bet))).status, 200);
    assert.equal(lastBet(), 1n);
  });

  test('pages of other origins than those set are not let in; without a setting all are', async () => {
    await fixture.listen({ corsOrigins: ['https://casino.example'] });
    for (const origin of ['https://casino.example', undefined]) await open(origin === undefined ? {} : { origin });
    const stranger = new WsClient(fixture.url, { origin: 'https://evil.example' });
    clients.push(stranger);
    const [, response] = await once(stranger.socket, 'unexpected-response');
    assert.equal(response.statusCode, 400);
    await fixture.listen();
    await open({ origin: 'https://evil.example' });
  });

  test(`no message is left without an answer or a code, or changes what it should not (FUZZ_RUNS=${RUNS})`, async () => {
    await fixture.listen({ limits: { eventLoopDelayMs: Number.POSITIVE_INFINITY } });
    // Above the limit, so that even the bet as it was signed is refused.
    const good = Object.entries(bodyOf(fixture.alice.sign({ stakeUnits: 51n })));
    const values = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.constant(null),
      fc.object({ maxDepth: 2 }),
      fc.constantFrom(...good.map(([, value]) => value)),
    );
    const keys = fc.constantFrom(...good.map(([key]) => key), 'type', 'request_id', '__proto__', 'constructor', 'toString');
    const changed = fc.array(fc.tuple(keys, values), { minLength: 1, maxLength: 3 }).map((changes) => {
      const kept = good.filter(([key]) => !changes.some(([name]) => name === key));
      const all = [['type', 'bet'], ['request_id', 'r'], ...kept, ...changes] as [string, unknown][];
      return `{${all.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`;
    });
    const message = fc.oneof(
      { arbitrary: changed, weight: 5 },
      { arbitrary: fc.json(), weight: 1 },
      { arbitrary: fc.string({ unit: 'binary' }).map((text) => text.toWellFormed()), weight: 1 },
      { arbitrary: fc.uint8Array({ maxLength: 200 }), weight: 1 },
    );
    let client = await open();
    await fc.assert(
      fc.asyncProperty(message, async (sent) => {
        if (client.socket.readyState !== client.socket.OPEN) client = await open();
        client.heard.length = 0;
        const ended = once(client.socket, 'close');
        client.socket.send(sent);
        const [closed] = await Promise.race([
          ended,
          client
            .until(() => client.heard.length > 0)
            .then(
              () => [undefined],
              () => ended,
            ),
        ]);
        if (closed !== undefined) return assert.ok([1003, 1007, 1008].includes(closed), `closed with ${closed}`);
        const { type, status, error } = client.heard[0] as { type: string; status: number; error: { code: string } };
        assert.equal(type, 'bet_error', JSON.stringify(client.heard[0]));
        assert.ok(status < 500 && error.code.length > 0, JSON.stringify(error));
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
    assert.deepEqual([lastBet(), Object.keys(Object.prototype)], [0n, []]);
    const last = await open();
    assert.equal((await last.ask(fixture.alice.sign())).type, 'bet_answer');
  });
});

/** A client's text frame with a mask of zeros (RFC 6455, section 5.2). */
function maskedFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const head = Buffer.from([0x81, 0x80 | 126, payload.length >> 8, payload.length & 0xff, 0, 0, 0, 0]);
  return Buffer.concat([head, payload]);
}
