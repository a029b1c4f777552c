// Would catch: events lost to a connection that is not made again, and a reader that can not leave.
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
  JSON.stringify({ type: 'bet_result', user: 'u', bet_id: 'ab', nonce: `${nonce}`, outcome: 'heads', payout: '0', balance: '5' });

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

it('connects again after a lost connection, names the user, and skips unknown types', async () => {
  const urls: string[] = [];
  onConnection((socket, url) => {
    urls.push(url);
    socket.send(JSON.stringify({ type: 'something_new' }));
    socket.send(result(urls.length), () => socket.terminate());
  });
  assert.deepEqual(await take(3, eventsOf({ apiUrl, user: 'abc', clock: SYSTEM_CLOCK })), [1n, 2n, 3n]);
  assert.deepEqual(new Set(urls), new Set(['/ws?user=abc']));
});

it('ends when the signal aborts', async () => {
  onConnection(() => undefined);
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 50);
  assert.deepEqual(await take(1, eventsOf({ apiUrl, clock: SYSTEM_CLOCK, signal: abort.signal })), []);
});

it('says so when events are not read', async () => {
  onConnection((socket) => {
    for (let nonce = 1; nonce <= 10_050; nonce += 1) socket.send(result(nonce));
  });
  const events = eventsOf({ apiUrl, clock: SYSTEM_CLOCK });
  await events.next();
  await new Promise((resolve) => setTimeout(resolve, 500));
  await assert.rejects(take(20_000, events), { code: 'EVENTS_OVERFLOW' });
});
