import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { useKernel } from '../../protocol/kernel.ts';
import type { BetAnswer } from '../admission/admission.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { ApiFixture } from '../test/api-fixture.ts';
import type { ApiLimits } from './limits.ts';

/* Catches a subscriber that costs memory or a place for ever: one that never reads, floods, has gone, or comes a thousand times. */
useKernel(NATIVE_KERNEL);

describe('feed under abuse', () => {
  let fixture: ApiFixture;
  let opened: { terminate(): void }[];

  beforeEach(async () => {
    fixture = await new ApiFixture().open();
    opened = [];
  });
  afterEach(async () => {
    for (const one of opened) one.terminate();
    await fixture.close();
  });

  const listen = (limits: Partial<ApiLimits>) => fixture.listen({ limits });
  const subscribe = (options: { localAddress?: string; query?: string; autoPong?: boolean } = {}) => {
    const { localAddress = '127.0.0.1', query = '', autoPong = true } = options;
    const socket = new WebSocket(`${fixture.url.replace('http', 'ws')}/ws${query}`, { localAddress, autoPong });
    opened.push(socket);
    return socket;
  };
  const isOpen = async (socket: WebSocket) => {
    await once(socket, 'open');
    return socket;
  };
  /** The close code and reason that a subscriber is given. */
  const closed = async (socket: WebSocket): Promise<[number, string]> => {
    const [code, reason] = await once(socket, 'close');
    return [code, String(reason)];
  };
  /** Whether one more subscriber from an address is let in; it is closed again. */
  const hasRoom = async (localAddress = '127.0.0.1') => {
    const socket = await isOpen(subscribe({ localAddress }));
    const refused = await Promise.race([closed(socket), answersPing(socket)]);
    socket.terminate();
    return refused === undefined;
  };
  const until = async (condition: () => Promise<boolean>, step: () => void = () => {}) => {
    for (let tries = 0; !(await condition()); tries += 1) {
      assert.ok(tries < 2_000, 'it never came about');
      step();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  /** An event of some kilobytes for all. */
  const tell = (answer: BetAnswer, times: number) => {
    for (let count = 0; count < times; count += 1) fixture.feed.betTaken(fixture.alice.owner, answer);
  };
  const placeBet = () => fixture.admission.admission.placeBet(fixture.alice.sign());
  /** A subscriber that opens, and then never reads. */
  const neverReads = async () => {
    const { port } = new URL(fixture.url);
    const socket = connect(Number(port), '127.0.0.1').on('error', () => {});
    opened.push({ terminate: () => socket.destroy() });
    const key = 'dGhlIHNhbXBsZSBub25jZQ==';
    socket.write(
      `GET /ws HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\n\r\n`,
    );
    await once(socket, 'readable');
    return socket;
  };

  test('messages, huge frames, garbage and floods of pings end the subscription with a code', async () => {
    await listen({ pingsPerHeartbeat: 10 });
    const talker = await isOpen(subscribe());
    talker.send('{"subscribe":"everything"}');
    assert.deepEqual(await closed(talker), [1008, 'BAD_REQUEST messages are JSON with a request_id']);
    const shouter = await isOpen(subscribe());
    shouter.send(Buffer.alloc(100_000));
    assert.equal((await closed(shouter))[0], 1009);
    const babbler = await isOpen(subscribe());
    (babbler as unknown as { _socket: { write(bytes: Buffer): void } })._socket.write(Buffer.alloc(64, 0xff));
    assert.equal((await closed(babbler))[0], 1002);
    const pinger = await isOpen(subscribe());
    for (let count = 0; count < 11; count += 1) pinger.ping();
    assert.equal((await closed(pinger))[0], 1006);
    assert.ok(await hasRoom());
  });

  test('a subscription to what is no owner is refused', async () => {
    await listen({});
    for (const query of ['?user=nobody', '?everyone=1', `?user=${fixture.alice.owner}&user=${fixture.alice.owner}`]) {
      const [error] = await once(subscribe({ query }), 'error');
      assert.match(String(error), /Unexpected server response: 400/, query);
    }
  });

  test('a thousand connections get the places that there are, each of the rest a coded refusal; a place given up is free', async () => {
    await listen({ subscribersPerAddress: 20, subscribers: 30 });
    const many = Array.from({ length: 1_000 }, () => subscribe({ localAddress: '127.0.0.2' }));
    const refused = await Promise.all(many.map((socket) => Promise.race([closed(socket), isOpen(socket).then(answersPing)])));
    const reasons = refused.filter((reason) => reason !== undefined);
    assert.equal(reasons.length, 980);
    assert.deepEqual(reasons[0], [1013, 'BUSY too many of this client']);
    assert.ok(await hasRoom('127.0.0.3'), 'another client still has a place');
    await Promise.all(Array.from({ length: 10 }, () => isOpen(subscribe({ localAddress: '127.0.0.4' }))));
    const last = await isOpen(subscribe({ localAddress: '127.0.0.5' }));
    assert.deepEqual(await closed(last), [1013, 'BUSY too many']);
    for (const socket of many) socket.terminate();
    await until(() => hasRoom('127.0.0.5'));
  });

  test('a subscriber that never reads is cut off at the limit, and one that reads misses nothing', async () => {
    await listen({ unreadBytes: 50_000, subscribersPerAddress: 2 });
    const answer = await placeBet();
    await neverReads();
    const reader = await isOpen(subscribe({ localAddress: '127.0.0.2' }));
    let heard = 0;
    reader.on('message', () => {
      heard += 1;
    });
    await isOpen(subscribe());
    assert.equal(await hasRoom(), false);
    let told = 0;
    const before = process.memoryUsage().rss;
    await until(hasRoom, () => {
      tell(answer, 20);
      told += 20;
    });
    assert.ok(process.memoryUsage().rss - before < 128 * 1_048_576, 'what nobody reads is not kept');
    await until(async () => heard === told);
  });

  test('a subscriber that has gone without a word gives up its place', async () => {
    await listen({ heartbeatMs: 100, subscribersPerAddress: 1 });
    const silent = await isOpen(subscribe({ autoPong: false }));
    const alive = await isOpen(subscribe({ localAddress: '127.0.0.2' }));
    assert.equal((await closed(silent))[0], 1006);
    await until(hasRoom);
    assert.equal(alive.readyState, WebSocket.OPEN, 'one that answers stays');
  });
});

/** Undefined once an open socket has had its ping answered: it has not been turned away. */
async function answersPing(socket: WebSocket): Promise<undefined> {
  socket.ping();
  await once(socket, 'pong');
  return undefined;
}
