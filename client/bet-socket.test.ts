// Would catch: a bet over WebSocket that has another result or error than one over HTTP, and one that is lost, doubled or never ends when the socket does.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { type WebSocket as ServerSocket, WebSocketServer } from 'ws';
import { useKernel } from '../protocol/kernel.ts';
import { NATIVE_KERNEL } from '../sequencer/prover/native-kernel.ts';
import { ApiFixture, bodyOf } from '../sequencer/test/api-fixture.ts';
import { ApiClient } from './api.ts';
import { BetSocket } from './bet-socket.ts';
import { SYSTEM_CLOCK } from './clock.ts';
import { CasinoApiError } from './errors.ts';
import { type CasinoEvent, eventsOf } from './events.ts';
import { setTable } from './test/table.ts';
import { fetchTransport } from './transport.ts';

useKernel(NATIVE_KERNEL);

const TIMEOUT_MS = 5_000;

describe('bets over the real service', () => {
  let fixture: ApiFixture;
  let socket: BetSocket;
  let http: ApiClient;

  const connect = () => {
    const apiUrl = fixture.url;
    socket = new BetSocket({ apiUrl, clock: SYSTEM_CLOCK, timeoutMs: TIMEOUT_MS });
    const retry = { maxElapsedMs: 0, firstDelayMs: 1, maxDelayMs: 1 };
    http = new ApiClient({ apiUrl, transport: fetchTransport, clock: SYSTEM_CLOCK, retry, timeoutMs: TIMEOUT_MS });
  };
  beforeEach(async () => {
    fixture = await new ApiFixture().open();
    await fixture.listen();
    connect();
  });
  afterEach(async () => {
    socket.close();
    await fixture.close();
  });

  const signAhead = (count: number) =>
    Array.from({ length: count }, () => {
      const bet = fixture.alice.sign();
      fixture.alice.accept(bet);
      return JSON.stringify(bodyOf(bet));
    });

  it('have the result of HTTP, also when many are under way', async () => {
    const bodies = signAhead(30);
    const answers = await Promise.all(bodies.map((body) => socket.postBet(body)));
    assert.deepEqual(
      answers.map(({ betNumber }) => betNumber),
      bodies.map((_, index) => BigInt(index + 1)),
    );
    for (const [index, body] of bodies.entries()) assert.deepEqual(await http.postBet(body), answers[index]);
  });

  it('have the errors of HTTP', async () => {
    const good = bodyOf(fixture.alice.sign());
    for (const body of [
      {},
      { ...good, amount: '1' },
      { ...good, nonce: '3' },
      bodyOf(fixture.alice.sign({ stakeUnits: 51n })),
    ].map((one) => JSON.stringify(one))) {
      const errors = await Promise.all(
        [socket, http].map((way) =>
          way.postBet(body).then(
            () => assert.fail('taken'),
            (error: unknown) => error,
          ),
        ),
      );
      for (const error of errors) assert.ok(error instanceof CasinoApiError, String(error));
      const [one, other] = errors as [CasinoApiError, CasinoApiError];
      assert.deepEqual({ ...one, message: one.message }, { ...other, message: other.message });
    }
  });

  it('go on after the service was away, with the same bytes', async () => {
    const [first, second] = signAhead(2) as [string, string];
    const answer = await socket.postBet(first);
    const { port } = new URL(fixture.url);
    await fixture.serve({});
    await assert.rejects(socket.postBet(second), { code: 'API_UNREACHABLE' });
    await fixture.api.listen({ host: '127.0.0.1', port: Number(port) });
    assert.equal((await socket.postBet(second)).betNumber, 2n);
    assert.deepEqual(await socket.postBet(first), answer);
  });

  it('are told of as events, each once, through a service that cuts connections', async () => {
    const abort = new AbortController();
    const events = eventsOf({ apiUrl: fixture.url, user: fixture.alice.owner, clock: SYSTEM_CLOCK, signal: abort.signal });
    // Told again and again until the reader is there to hear it.
    const batch = { batchNumber: 1n } as Parameters<typeof fixture.feed.batchChanged>[0];
    const poke = setInterval(() => fixture.feed.batchChanged(batch, 'withdrawn'), 10);
    try {
      assert.equal((await events.next()).value?.type, 'batch_withdrawn');
      clearInterval(poke);
      const heard = numbersOf(events, 20);
      for (const body of signAhead(20)) {
        await untilAnswered(body);
        for (const one of fixture.api.websocketServer.clients) one.terminate();
      }
      assert.deepEqual(
        await heard,
        Array.from({ length: 20 }, (_, index) => BigInt(index + 1)),
      );
    } finally {
      clearInterval(poke);
      abort.abort();
    }
  });

  /** Sends the same bytes until there is an answer, as whoever uses the socket has to. */
  async function untilAnswered(body: string): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await socket.postBet(body);
        return;
      } catch (error) {
        if (tries === 50 || (error as { code?: string }).code !== 'API_UNREACHABLE') throw error;
      }
    }
  }

  /** The numbers of so many bets as they are told. */
  async function numbersOf(events: AsyncIterable<CasinoEvent>, count: number): Promise<bigint[]> {
    const heard: bigint[] = [];
    for await (const event of events) {
      assert.notEqual(event.type, 'gap');
      if (event.type === 'bet_result') heard.push(event.betNumber);
      if (heard.length === count) break;
    }
    return heard;
  }
});

describe('a bet whose service', () => {
  const server = createServer();
  const sockets = new WebSocketServer({ server, path: '/ws' });
  let apiUrl: string;
  after(() => {
    for (const one of sockets.clients) one.terminate();
    sockets.close();
    server.close();
  });
  beforeEach(async () => {
    if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  const serving = (serve: (socket: ServerSocket) => void) => {
    sockets.removeAllListeners('connection');
    sockets.on('connection', serve);
    return new BetSocket({ apiUrl, clock: SYSTEM_CLOCK, timeoutMs: 300 });
  };

  it("says nothing ends after its time, and a late answer is nobody else's", async () => {
    const socket = serving((one) =>
      one.on('message', (data) => {
        const { request_id: id } = JSON.parse(String(data));
        const error = { code: 'BUSY', message: id, retry: true };
        setTimeout(
          () => one.send(JSON.stringify({ type: 'bet_error', request_id: id, status: 503, error })),
          id === '1' ? 500 : 0,
        );
      }),
    );
    await assert.rejects(socket.postBet('{}'), { code: 'API_UNREACHABLE' });
    await assert.rejects(socket.postBet('{}'), { code: 'BUSY', message: '2' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await assert.rejects(socket.postBet('{}'), { code: 'BUSY', message: '3' });
    socket.close();
  });

  it('closes ends with what the code says, is sent once, and the next one has a new connection', async () => {
    const closings: [number, string][] = [
      [1008, 'BAD_REQUEST why'],
      [1013, 'BUSY too many'],
      [1011, ''],
    ];
    const bets: string[] = [];
    const socket = serving((one) => {
      one.on('message', (data) => {
        bets.push(String(data));
        one.close(...(closings[bets.length - 1] as [number, string]));
      });
    });
    for (const code of ['BAD_REQUEST', 'BUSY', 'API_UNREACHABLE']) await assert.rejects(socket.postBet('{}'), { code });
    assert.equal(bets.length, 3);
    socket.close();
  });

  it('sends what is no answer ends with BAD_ANSWER', async () => {
    for (const text of ['no JSON', '[]', '{}', '{"type":"bet_answer"}', '{"type":"bet_answer","request_id":"1"}']) {
      const socket = serving((one) => one.on('message', () => one.send(text)));
      await assert.rejects(socket.postBet('{}'), { code: 'BAD_ANSWER' }, text);
      socket.close();
    }
  });

  it('can not be reached, or has too many under way, ends with a code', async () => {
    const nowhere = new BetSocket({ apiUrl: 'http://127.0.0.1:1', clock: SYSTEM_CLOCK, timeoutMs: 2_000 });
    await assert.rejects(nowhere.postBet('{}'), { code: 'API_UNREACHABLE' });
    const socket = serving(() => undefined);
    const many = Array.from({ length: 129 }, () =>
      socket.postBet('{}').then(
        () => 'taken',
        ({ code }) => code as string,
      ),
    );
    assert.equal(await many[128], 'BUSY');
    socket.close();
    assert.deepEqual(new Set(await Promise.all(many.slice(0, 128))), new Set(['API_UNREACHABLE']));
  });
});

it('a client that was told so bets over the WebSocket, through lost connections, and checks as ever', async () => {
  const table = await setTable();
  const bets: string[] = [];
  const proxy = createServer((request, response) => {
    void fetch(new URL(request.url as string, table.apiUrl)).then(async (answer) => {
      response.writeHead(answer.status).end(await answer.text());
    });
  });
  const sockets = new WebSocketServer({ server: proxy, path: '/ws' });
  sockets.on('connection', (socket) =>
    socket.on('message', async (data) => {
      const { type, request_id: requestId, ...bet } = JSON.parse(String(data));
      bets.push(String(type));
      const taken = await fetch(`${table.apiUrl}/v1/bet`, { method: 'POST', body: JSON.stringify(bet) });
      const answer = await taken.json();
      if (bets.length === 1) socket.terminate();
      else socket.send(JSON.stringify({ type: 'bet_answer', request_id: requestId, answer }));
    }),
  );
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  try {
    const apiUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const client = await table.connect({ apiUrl, betsOver: 'websocket' });
    const numbers = [];
    for (let count = 0; count < 2; count += 1) numbers.push((await client.bet({ amount: 50_000n, guess: 'heads' })).betNumber);
    assert.deepEqual(
      [numbers, bets],
      [
        [1n, 2n],
        ['bet', 'bet', 'bet'],
      ],
    );
  } finally {
    for (const one of sockets.clients) one.terminate();
    proxy.closeAllConnections();
    proxy.close();
    await table.stop();
  }
});
