// Would catch: events lost to a connection that is not made again or told twice after it, and a reader that can not leave.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, it } from 'node:test';
import { type WebSocket as ServerSocket, WebSocketServer } from 'ws';
import { SYSTEM_CLOCK } from './clock.ts';
import { type CasinoEvent, eventsOf } from './events.ts';

const server = createServer();
const sockets = new WebSocketServer({ server, path: '/ws' });
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
after(() => {
  for (const socket of sockets.clients) socket.terminate();
  sockets.close();
  server.close();
});

const result = (nonce: number) =>
  JSON.stringify({
    ...{
      type: 'bet_result',
      user: 'u',
      vault: 'v',
      bet_id: 'ab',
      nonce: `${nonce}`,
      terms_id: 1,
      amount: '10000',
      guess: 'tails',
    },
    ...{
      outcome: 'heads',
      won: false,
      payout: '0',
      balance: '5',
      time: 1,
      status: 'acknowledged',
      batch: null,
      l1_signature: null,
    },
    cursor: `e-${nonce}`,
  });

function onConnection(serve: (socket: ServerSocket, url: string) => void): void {
  sockets.removeAllListeners('connection');
  sockets.on('connection', (socket, request) => serve(socket, request.url as string));
}

async function take(count: number, events: AsyncIterable<CasinoEvent>): Promise<bigint[]> {
  const numbers: bigint[] = [];
  for await (const event of events) {
    if (event.type === 'bet_result') numbers.push(event.betNumber);
    if (numbers.length === count) break;
  }
  return numbers;
}

const cursorOf = (url: string) => new URL(url, apiUrl).searchParams.get('cursor');

it('connects again where it left off, names the user, and skips unknown types, whose cursor counts', async () => {
  const urls: string[] = [];
  onConnection((socket, url) => {
    urls.push(url);
    socket.send(result(urls.length));
    socket.send(JSON.stringify({ type: 'something_new', cursor: `new-${urls.length}` }), () => socket.terminate());
  });
  assert.deepEqual(await take(3, eventsOf({ apiUrl, user: 'abc', clock: SYSTEM_CLOCK })), [1n, 2n, 3n]);
  assert.deepEqual(urls.map(cursorOf), ['now', 'new-1', 'new-2']);
  assert.ok(urls.every((url) => new URL(url, apiUrl).searchParams.get('user') === 'abc'));
});

it('goes on after a cursor that was kept, gives each event its own, and passes a gap on', async () => {
  const urls: string[] = [];
  onConnection((socket, url) => {
    urls.push(url);
    socket.send(JSON.stringify({ type: 'gap', reason: 'too_old', cursor: 'e-6' }));
    socket.send(result(7));
  });
  const seen: unknown[] = [];
  for await (const { type, cursor } of eventsOf({ apiUrl, clock: SYSTEM_CLOCK, cursor: 'e-3' })) {
    seen.push([type, cursor]);
    if (seen.length === 2) break;
  }
  assert.deepEqual(
    [seen, urls.map(cursorOf)],
    [
      [
        ['gap', 'e-6'],
        ['bet_result', 'e-7'],
      ],
      ['e-3'],
    ],
  );
});

it('throws what the service will not take, and does not ask again', async () => {
  let connections = 0;
  onConnection((socket) => {
    connections += 1;
    socket.close(1008, 'BAD_REQUEST this is no cursor');
  });
  const events = eventsOf({ apiUrl, clock: SYSTEM_CLOCK, cursor: 'yesterday' });
  await assert.rejects(take(1, events), { name: 'CasinoApiError', code: 'BAD_REQUEST', message: 'this is no cursor' });
  assert.equal(connections, 1);
});

it('ends when the signal aborts', async () => {
  onConnection(() => undefined);
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 50);
  assert.deepEqual(await take(1, eventsOf({ apiUrl, clock: SYSTEM_CLOCK, signal: abort.signal })), []);
});

it('gives the connection up while its events are not read, and hears them all in the end', async () => {
  const starts: string[] = [];
  onConnection((socket, url) => {
    const cursor = cursorOf(url) as string;
    starts.push(cursor);
    const from = cursor === 'now' ? 1 : Number(cursor.slice(2)) + 1;
    for (let nonce = from; nonce < from + 12_000 && nonce <= 20_000; nonce += 1) socket.send(result(nonce));
  });
  const events = eventsOf({ apiUrl, clock: SYSTEM_CLOCK });
  assert.equal((await events.next()).value?.cursor, 'e-1');
  await new Promise((resolve) => setTimeout(resolve, 500));
  const rest = await take(19_999, events);
  assert.deepEqual(
    rest,
    Array.from({ length: 19_999 }, (_, index) => BigInt(index + 2)),
  );
  assert.ok(starts.length >= 2);
});
