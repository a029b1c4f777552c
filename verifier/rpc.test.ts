// Would catch: a busy node taken for a broken history, an answer that is none taken for one, a verifier that asks for ever.
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { blobCid, blobHashOf, MAX_BLOB_BYTES } from '../protocol/blob.ts';
import { fetchBlob, httpBlobs } from './blob-source.ts';
import { VerifierError } from './errors.ts';
import { connectChain } from './rpc.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
let answers: Answer[] = [];
let asked = 0;
let url: string;
const server = createServer((request, response) => {
  request.resume();
  asked += 1;
  (answers.length > 1 ? answers.shift() : answers[0])?.(request, response);
});

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.close();
  server.closeAllConnections();
});
beforeEach(() => {
  asked = 0;
});

const status =
  (code: number, headers = {}): Answer =>
  (_request, response) =>
    response.writeHead(code, headers).end('not now');
const json =
  (body: object): Answer =>
  (_request, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id: '1', ...body }));
const cut: Answer = (request) => request.socket.destroy();
const silence: Answer = () => {};
const unreachable = (code: string) => (error: unknown) => error instanceof VerifierError && error.code === code && error.retry;

test('a busy, broken or late node is asked again until it answers', async () => {
  const rpc = connectChain({ url, timeoutMs: 150, tries: 8 });
  const busy = status(429, { 'retry-after': '0' });
  const behind = json({ error: { code: -32016, message: 'Minimum context slot has not been reached' } });
  answers = [busy, status(503), cut, silence, behind, json({}), json({ result: 'the hash' })];
  assert.equal(await rpc.genesisHash(), 'the hash');
  assert.equal(asked, 7);
});

test('a node that never answers ends the run after its tries, and one that refuses at once', async () => {
  answers = [status(502)];
  await assert.rejects(connectChain({ url, tries: 3 }).genesisHash(), unreachable('RPC_UNREACHABLE'));
  assert.equal(asked, 3);
  asked = 0;
  answers = [status(401)];
  await assert.rejects(connectChain({ url }).genesisHash(), unreachable('RPC_UNREACHABLE'));
  answers = [json({ error: { code: -32602, message: 'Invalid params' } })];
  await assert.rejects(connectChain({ url }).genesisHash(), unreachable('RPC_UNREACHABLE'));
  assert.equal(asked, 2);
});

test('a node without lists of accounts is not one that does not answer', async () => {
  answers = [json({ error: { code: -32601, message: 'Method not found' } })];
  assert.equal(await connectChain({ url }).programAccounts('11111111111111111111111111111111' as never, { bytes: 1 }), undefined);
});

test('a blob is believed by its hash alone, and no more of it is read than a blob can be', async () => {
  const bytes = new TextEncoder().encode('any bytes');
  const hash = blobHashOf(bytes);
  const source = httpBlobs({ base: `${url}/ipfs/`, timeoutMs: 150, tries: 4 });
  answers = [
    status(500),
    cut,
    (request, response) => {
      assert.equal(request.url, `/ipfs/${blobCid(hash)}`);
      response.end(bytes);
    },
  ];
  assert.deepEqual(await fetchBlob(source, hash), { bytes });
  answers = [(_request, response) => response.end('other bytes')];
  assert.deepEqual(await fetchBlob(source, hash), { missing: 'altered' });
  for (const code of [403, 404, 410]) {
    answers = [status(code)];
    assert.deepEqual(await fetchBlob(source, hash), { missing: 'absent' });
  }
  let sent = 0;
  answers = [
    (_request, response) => {
      const chunk = Buffer.alloc(16_384);
      const pour = () => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length;
        sent += chunk.length;
        if (!response.destroyed && sent < 100 * MAX_BLOB_BYTES) response.once('drain', pour);
        else response.end();
      };
      pour();
    },
  ];
  assert.deepEqual(await fetchBlob(source, hash), { missing: 'altered' });
  assert.ok(sent < 100 * MAX_BLOB_BYTES, `${sent} bytes were taken`);
  answers = [status(500)];
  await assert.rejects(fetchBlob(source, hash), unreachable('BLOBS_UNREACHABLE'));
});
