import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type ClientRequestArgs, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { useKernel } from '../../protocol/kernel.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { ApiFixture, bodyOf } from '../test/api-fixture.ts';
import { clientOf } from './addresses.ts';

/* Catches a client that costs the service more than it may: too much, too slow, too many, or nothing that is HTTP. */
useKernel(NATIVE_KERNEL);

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

const codeOf = ({ body }: Answer): string => JSON.parse(body).error.code;

describe('API under abuse', () => {
  let fixture: ApiFixture;
  let sockets: Socket[];

  beforeEach(async () => {
    fixture = await new ApiFixture().open();
    sockets = [];
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await fixture.close();
  });

  const port = () => Number(new URL(fixture.url).port);
  const ask = (path: string, options: ClientRequestArgs & { body?: string } = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const request = httpRequest(new URL(path, fixture.url), options, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk) => {
          body += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode as number, headers: response.headers, body }));
      });
      request.on('error', reject).end(options.body);
    });
  const bet = (options: ClientRequestArgs = {}) => {
    const body = JSON.stringify(bodyOf(fixture.alice.sign()));
    return ask('/v1/bet', { method: 'POST', headers: { 'content-type': 'application/json' }, body, ...options });
  };
  /** A connection that says what it is told. */
  const open = async (localAddress = '127.0.0.1') => {
    const socket = connect({ port: port(), host: '127.0.0.1', localAddress });
    sockets.push(socket);
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  };
  /** All that a connection hears until the service closes it. */
  const heard = async (socket: Socket): Promise<string> => {
    let text = '';
    for await (const chunk of socket) text += chunk;
    return text;
  };
  const say = async (text: string | Buffer): Promise<string> => {
    const socket = await open();
    socket.write(text);
    return heard(socket);
  };
  /** Alice is answered whatever others do. */
  const assertAliceIsServed = async (localAddress = '127.0.0.1') => {
    const answer = await bet({ localAddress });
    assert.equal(answer.status, 200, answer.body);
    fixture.alice.accept(fixture.alice.sign());
  };

  test('bodies that are too large, too deep, of another kind or no text cost nothing', async () => {
    await fixture.listen();
    const post = (body: string | Buffer, headers = {}) =>
      ask('/v1/bet', { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: body as string });
    assert.equal(codeOf(await post('x'.repeat(4_097))), 'BODY_TOO_LARGE');
    assert.equal(codeOf(await post(`${'['.repeat(2_048)}${']'.repeat(2_048)}`)), 'BAD_REQUEST');
    assert.equal(codeOf(await post(Buffer.from([0x22, 0xff, 0xfe, 0xc0, 0x22]))), 'BAD_REQUEST');
    assert.equal(
      codeOf(await post(JSON.stringify(bodyOf(fixture.alice.sign())), { 'content-type': 'text/html' })),
      'BAD_REQUEST',
    );
    assert.equal(codeOf(await post('x', { 'content-encoding': 'gzip' })), 'BAD_REQUEST');
    await assertAliceIsServed();
  });

  test('what is not HTTP, and headers without end, are refused with a code', async () => {
    await fixture.listen();
    for (const [text, code] of [
      ['\u0016\u0003\u0001 hello TLS\r\n\r\n', 'BAD_REQUEST'],
      ['GET / HTTP/9.9\r\n\r\n', 'BAD_REQUEST'],
      ['POST /v1/bet HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n', 'BAD_REQUEST'],
      [
        'POST /v1/bet HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
        'BAD_REQUEST',
      ],
      [`GET /health HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(9_000)}\r\n\r\n`, 'HEADERS_TOO_LARGE'],
      [`GET /health HTTP/1.1\r\nhost: a\r\n${'a: b\r\n'.repeat(3_000)}\r\n`, 'HEADERS_TOO_LARGE'],
    ] as const) {
      assert.match(await say(text), new RegExp(`^HTTP/1.1 4.*"code":"${code}"`, 's'), text.slice(0, 60));
    }
    await assertAliceIsServed();
  });

  test('HTTP/1.0 and pipelined requests are answered, in order', async () => {
    await fixture.listen();
    assert.match(await say('GET /v1/house HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 .*development_keys/s);
    const many = `${'GET /v1/batches HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(200)}GET /nothing HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`;
    const statuses = [...(await say(many)).matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]);
    assert.deepEqual(statuses, [...new Array(200).fill('200'), '404']);
  });

  test('headers and bodies that are dribbled, bodies without end and connections that say nothing are cut off', async () => {
    await fixture.listen({ limits: { headersMs: 200, requestMs: 400, checkMs: 50, keepAliveMs: 200 } });
    const head = 'POST /v1/bet HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n';
    const slow = await Promise.all(
      ['', 'GET /health HTTP/1.1\r\n', `${head}content-length: 700\r\n\r\n{`, `${head}transfer-encoding: chunked\r\n\r\n`].map(
        async (start) => {
          const socket = await open();
          socket.write(start);
          const drip = setInterval(() => socket.write(start.includes('chunked') ? '1\r\n \r\n' : start === '' ? '' : 'a'), 40);
          return heard(socket).finally(() => clearInterval(drip));
        },
      ),
    );
    for (const text of slow) assert.match(text, /^HTTP\/1\.1 408 .*"code":"REQUEST_TIMEOUT"/s);
    const idle = await open();
    idle.write('GET /health HTTP/1.1\r\nhost: a\r\n\r\n');
    assert.match(await heard(idle), /^HTTP\/1\.1 200/, 'answered, then closed as it stands idle');
    await assertAliceIsServed();
  });

  test('connections beyond the limit of one client are refused with a code, and others still have theirs', async () => {
    await fixture.listen({ limits: { connectionsPerAddress: 5, connections: 8 } });
    const held = await Promise.all(Array.from({ length: 5 }, () => open('127.0.0.2')));
    assert.match(await heard(await open('127.0.0.2')), /^HTTP\/1\.1 503 .*retry-after: 1.*"code":"BUSY"/s);
    await assertAliceIsServed('127.0.0.3');
    await Promise.all(Array.from({ length: 3 }, () => open('127.0.0.4')));
    assert.match(await heard(await open('127.0.0.5')), /"code":"BUSY"/, 'and in all');
    held[0]?.destroy();
    await once(held[0] as Socket, 'close');
    await assertEventually(() => bet({ localAddress: '127.0.0.5' }), 200);
  });

  test('a flood from one address is told when to come back, while a bettor elsewhere gets every answer', async () => {
    await fixture.listen({ requestsPerMinute: 300 });
    const agent = new Agent({ keepAlive: true, maxSockets: 50 });
    const flooding = { done: false, codes: new Map<string, number>(), unclear: [] as Answer[] };
    const flood = Array.from({ length: 50 }, async () => {
      while (!flooding.done) {
        const answer = await ask('/v1/bet', {
          method: 'POST',
          localAddress: '127.0.0.2',
          agent,
          headers: { 'content-type': 'application/json' },
          body: '{}',
        });
        flooding.codes.set(codeOf(answer), (flooding.codes.get(codeOf(answer)) ?? 0) + 1);
        if (answer.status === 429 && !(Number(answer.headers['retry-after']) > 1)) flooding.unclear.push(answer);
      }
    });
    for (let count = 0; count < 30; count += 1) await assertAliceIsServed('127.0.0.3');
    flooding.done = true;
    await Promise.all(flood);
    agent.destroy();
    assert.deepEqual(flooding.unclear, []);
    assert.equal(flooding.codes.get('BAD_REQUEST'), 300, 'what the limit lets through, and no more');
    assert.ok((flooding.codes.get('RATE_LIMITED') ?? 0) > 0);
  });

  test('requests that are held open beyond the limit are put off, those of others are not', async () => {
    await fixture.listen({ limits: { inFlightPerAddress: 3, inFlight: 5 } });
    const hold = async (localAddress: string) => {
      const socket = await open(localAddress);
      socket.write('POST /v1/bet HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 700\r\n\r\n{');
      return socket;
    };
    const held = await Promise.all(Array.from({ length: 3 }, () => hold('127.0.0.2')));
    await assertEventually(() => ask('/v1/batches', { localAddress: '127.0.0.2' }), 503);
    const busy = await ask('/v1/batches', { localAddress: '127.0.0.2' });
    assert.deepEqual([codeOf(busy), busy.headers['retry-after']], ['BUSY', '1']);
    await assertAliceIsServed('127.0.0.3');
    for (const socket of held) socket.destroy();
    await assertEventually(() => ask('/v1/batches', { localAddress: '127.0.0.2' }), 200);
  });

  test('an event loop that falls behind puts requests off, and still tells its health', async () => {
    await fixture.listen({ limits: { eventLoopDelayMs: 50 } });
    const block = setInterval(() => {
      const until = performance.now() + 150;
      while (performance.now() < until);
    }, 1);
    try {
      await assertEventually(() => ask('/v1/batches'), 503);
      assert.equal(codeOf(await ask('/v1/batches')), 'BUSY');
      assert.equal((await ask('/health')).status, 200);
    } finally {
      clearInterval(block);
    }
    await assertEventually(() => ask('/v1/batches'), 200);
  });

  test('one client is one IPv4 address or one IPv6 network', () => {
    for (const [address, client] of [
      ['1.2.3.4', '1.2.3.4'],
      ['::ffff:1.2.3.4', '1.2.3.4'],
      ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
      ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
      ['2001:db8::1', '2001:db8:0:0::/64'],
      ['fe80::1%eth0', 'fe80:0:0:0::/64'],
      ['::1', '0:0:0:0::/64'],
    ]) {
      assert.equal(clientOf(address), client);
    }
  });
});

/** Asks until the answer has a status: what others hold is let go of in its own time. */
async function assertEventually(request: () => Promise<Answer>, status: number): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const answer = await request();
    if (answer.status === status) return;
    assert.ok(tries < 500, `still ${answer.status} ${answer.body}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
