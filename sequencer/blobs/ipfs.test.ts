// Would catch: a blob under another CID than the one that is shown, one that counts as pinned and is not, a token that goes where it should not.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { inspect } from 'node:util';
import { blobCid, blobHashOf } from '../../protocol/blob.ts';
import { FAULTS } from '../test/http-server.ts';
import { IpfsServer, PinningServer } from '../test/ipfs-server.ts';
import { IpfsBlobStore } from './ipfs.ts';
import { PinningService } from './pinning-service.ts';

const BYTES = Uint8Array.from({ length: 5_000 }, (_, index) => index % 251);
const HASH = blobHashOf(BYTES);
const CID = blobCid(HASH);
const BLOB = { cid: CID, hash: HASH, bytes: BYTES };
const TIMEOUT_MS = 150;
const NEVER = new AbortController().signal;

describe('an IPFS node', () => {
  let node: IpfsServer;
  let service: PinningServer;
  let alone: IpfsBlobStore;
  let pinned: IpfsBlobStore;

  before(async () => {
    node = await new IpfsServer().listen();
  });
  after(() => node.close());
  const withToken = (token: string) => {
    const pinning = new PinningService({ url: new URL(`${service.url}/psa`), token, timeoutMs: TIMEOUT_MS, lookEveryMs: 1 });
    return new IpfsBlobStore({ api: new URL(`${node.url}/`), pinning, timeoutMs: TIMEOUT_MS });
  };
  beforeEach(async () => {
    service = await new PinningServer().listen();
    alone = new IpfsBlobStore({ api: new URL(`${node.url}/`), timeoutMs: TIMEOUT_MS });
    pinned = withToken(service.token);
  });
  afterEach(async () => {
    node.fault = () => false;
    node.blocks.clear();
    node.pins.clear();
    node.requests.length = 0;
    await service.close();
  });

  test('keeps a blob as a pinned raw block under our CID, and gives it back', async () => {
    assert.equal(await alone.get(CID, NEVER), undefined);
    await alone.put(BLOB, NEVER);
    assert.ok(node.pins.has(CID));
    assert.deepEqual(await alone.get(CID, NEVER), BYTES);
  });

  test('that names the block otherwise has not got our blob', async () => {
    for (const key of [blobCid(new Uint8Array(32)), undefined, 7]) {
      node.fault = (_, response) => {
        response.end(JSON.stringify({ Key: key }));
        return true;
      };
      await assert.rejects(alone.put(BLOB, NEVER), { code: 'BLOB_CORRUPT', message: /has stored blob/ });
    }
    node.fault = (_, response) => {
      response.end('null');
      return true;
    };
    await assert.rejects(alone.put(BLOB, NEVER), { code: 'BLOB_STORE_FAILED', message: /no JSON object/ });
  });

  const faults = { error503: FAULTS.error(503), error403: FAULTS.error(403), ...FAULTS, error: undefined, redirect: undefined };
  for (const [name, fault] of Object.entries(faults)) {
    if (!fault) continue;
    test(`that fails (${name}) is an error that is tried again`, async () => {
      node.fault = fault;
      await assert.rejects(alone.put(BLOB, NEVER), { code: 'BLOB_STORE_FAILED', retry: true });
      await assert.rejects(alone.get(CID, NEVER), { code: 'BLOB_STORE_FAILED', retry: true });
      node.fault = () => false;
      service.fault = fault;
      await assert.rejects(pinned.put(BLOB, NEVER), { code: 'BLOB_STORE_FAILED', retry: true });
      await assert.rejects(pinned.get(CID, NEVER), { code: 'BLOB_STORE_FAILED', retry: true });
    });
  }

  test('with a pinning service has a blob once that has pinned it, asked once and told where to find it', async () => {
    await alone.put(BLOB, NEVER);
    assert.equal(await pinned.get(CID, NEVER), undefined, 'a block that is not pinned there is not kept');
    await pinned.put(BLOB, NEVER);
    assert.deepEqual(
      service.asked.map(({ cid, origins }) => [cid, origins]),
      [[CID, node.addresses]],
    );
    assert.deepEqual(await pinned.get(CID, NEVER), BYTES);
    assert.ok(node.requests.every(({ headers }) => headers.authorization === undefined));
    assert.ok(!inspect(pinned, { depth: 9, showHidden: true }).includes(service.token));
  });

  test('a pin that the service is slow with is waited for, and not asked for again by the next try', async () => {
    service.looksUntilDone = 40;
    await assert.rejects(pinned.put(BLOB, NEVER), { code: 'BLOB_STORE_FAILED', message: /has not pinned .* yet/ });
    await pinned.put(BLOB, NEVER);
    assert.equal(service.asked.length, 1);
  });

  test('a pin that has failed is asked for anew', async () => {
    service.outcome = 'failed';
    await assert.rejects(pinned.put(BLOB, NEVER), { code: 'BLOB_STORE_FAILED', message: /has failed to pin/ });
    assert.equal(await pinned.get(CID, NEVER), undefined);
    service.outcome = 'pinned';
    await pinned.put(BLOB, NEVER);
    assert.deepEqual(await pinned.get(CID, NEVER), BYTES);
    assert.deepEqual(
      service.asked.map(({ status }) => status),
      ['failed', 'pinned'],
    );
  });

  test("another blob's pin, a wrong token and nonsense pin nothing", async () => {
    service.ignoresFilter = true;
    service.asked.push({ cid: blobCid(new Uint8Array(32)), name: '', origins: [], status: 'pinned', looks: 0 });
    assert.equal(await pinned.get(CID, NEVER), undefined);
    await assert.rejects(withToken('wrong').put(BLOB, NEVER), { code: 'BLOB_STORE_FAILED', message: /answers 401/ });
    for (const body of ['', '[]', '{}', '{"results":7}', '{"results":[null]}']) {
      service.fault = (_, response) => {
        response.end(body);
        return true;
      };
      if (body === '{"results":[null]}') assert.equal(await pinned.get(CID, NEVER), undefined);
      else await assert.rejects(pinned.get(CID, NEVER), { code: 'BLOB_STORE_FAILED' });
    }
  });

  test('that is given up on while a pin is waited for gives up at once', async () => {
    service.looksUntilDone = 1_000;
    const abort = new AbortController();
    const asked = pinned.put(BLOB, abort.signal);
    setTimeout(() => abort.abort(), 10);
    await assert.rejects(asked);
  });
});
