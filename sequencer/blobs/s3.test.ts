// Would catch: a request that S3 would refuse, a secret that leaves the process, and an answer that is taken for something it is not.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { inspect } from 'node:util';
import { blobCid, blobHashOf } from '../../protocol/blob.ts';
import { FAULTS } from '../test/http-server.ts';
import { S3Server, signatureOf } from '../test/s3-server.ts';
import { S3BlobStore } from './s3.ts';

const BYTES = Uint8Array.from({ length: 5_000 }, (_, index) => index % 251);
const HASH = blobHashOf(BYTES);
const CID = blobCid(HASH);
const BLOB = { cid: CID, hash: HASH, bytes: BYTES };
const TIMEOUT_MS = 150;
const NEVER = new AbortController().signal;

describe("the test's own Signature Version 4", () => {
  /** Amazon Simple Storage Service, API reference: "Signature calculations for the Authorization header", its first two examples. */
  const published = {
    query: new URLSearchParams(),
    dateTime: '20130524T000000Z',
    region: 'us-east-1',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  };
  const host = 'examplebucket.s3.amazonaws.com';

  test('gives the published signature of a GET', () => {
    const payloadHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    const headers = { host, range: 'bytes=0-9', 'x-amz-content-sha256': payloadHash, 'x-amz-date': published.dateTime };
    const request = { method: 'GET', path: '/test.txt', headers, signedHeaders: Object.keys(headers), payloadHash };
    const expected = 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41';
    assert.equal(signatureOf({ ...published, ...request }), expected);
  });

  test('gives the published signature of a PUT', () => {
    const payloadHash = '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072';
    const headers = {
      date: 'Fri, 24 May 2013 00:00:00 GMT',
      host,
      'x-amz-content-sha256': payloadHash,
      'x-amz-date': published.dateTime,
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    };
    const request = { method: 'PUT', path: '/test%24file.text', headers, signedHeaders: Object.keys(headers), payloadHash };
    const expected = '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd';
    assert.equal(signatureOf({ ...published, ...request }), expected);
  });
});

describe('a bucket', () => {
  let server: S3Server;
  let store: S3BlobStore;

  before(async () => {
    server = await new S3Server().listen();
  });
  after(() => server.close());
  const storeWith = (change: { secretAccessKey?: string; region?: string; prefix?: string; bucket?: string } = {}) => {
    const { bucket = server.bucket, region = server.region, prefix = 'some/prefix/' } = change;
    const credentials = { ...server.credentials, ...(change.secretAccessKey ? { secretAccessKey: change.secretAccessKey } : {}) };
    const place = { endpoint: new URL(server.url), region, bucket, prefix };
    return new S3BlobStore({ place, credentials, timeoutMs: TIMEOUT_MS });
  };
  beforeEach(() => {
    store = storeWith();
  });
  afterEach(() => {
    server.fault = () => false;
    server.objects.clear();
    server.requests.length = 0;
    server.credentials.sessionToken = undefined;
    server.mayList = true;
  });

  test('keeps a blob under prefix and CID, cacheable for ever, and gives it back', async () => {
    assert.equal(await store.get(CID, NEVER), undefined);
    await store.put(BLOB, NEVER);
    assert.deepEqual(await store.get(CID, NEVER), BYTES);
    const object = server.objects.get(`some/prefix/${CID}`);
    assert.equal(object?.headers['content-type'], 'application/vnd.ipld.raw');
    assert.equal(object?.headers['cache-control'], 'public, max-age=31536000, immutable');
    await storeWith({ prefix: '' }).put(BLOB, NEVER);
    assert.ok(server.objects.has(CID));
  });

  test('with credentials that end gets their token, signed', async () => {
    server.credentials.sessionToken = 'a-token';
    await storeWith().put(BLOB, NEVER);
    await assert.rejects(store.put(BLOB, NEVER), { code: 'BLOB_STORE_FAILED', message: /403 InvalidToken/ });
  });

  test('that shows nobody what is not there is asked to keep it', async () => {
    server.mayList = false;
    assert.equal(await store.get(CID, NEVER), undefined);
  });

  test('refuses a wrong secret, another region and another bucket, and the error says so, without a secret', async () => {
    const refusals = [
      [storeWith({ secretAccessKey: 'not-the-secret' }), /403 SignatureDoesNotMatch/],
      [storeWith({ region: 'elsewhere' }), /403 InvalidAccessKeyId/],
      [storeWith({ bucket: 'other-bucket' }), /404 NoSuchBucket/],
    ] as const;
    for (const [wrong, message] of refusals) {
      const error = await wrong.put(BLOB, NEVER).then(
        () => assert.fail('it was taken'),
        (reason: unknown) => reason as Error,
      );
      assert.match(error.message, message);
      assert.ok(!inspect(error, { depth: 9 }).includes('not-the-secret'));
    }
    assert.ok(!inspect(store, { depth: 9, showHidden: true }).includes(server.credentials.secretAccessKey));
    assert.ok(!JSON.stringify(store).includes(server.credentials.secretAccessKey));
    for (const request of server.requests) assert.ok(!JSON.stringify(request).includes(server.credentials.secretAccessKey));
  });

  const failing = {
    error500: FAULTS.error(500),
    error503: FAULTS.error(503),
    error403: FAULTS.error(403),
    error429: FAULTS.error(429),
  };
  const broken = {
    silent: FAULTS.silent,
    hanging: FAULTS.hanging,
    cutOff: FAULTS.cutOff,
    reset: FAULTS.reset,
    endless: FAULTS.endless,
    redirect: FAULTS.redirect('http://127.0.0.1:1/'),
  };
  for (const [name, fault] of Object.entries({ ...failing, ...broken })) {
    test(`that fails (${name}) is an error that is tried again, of a put and of a get`, async () => {
      server.fault = fault;
      await assert.rejects(store.put(BLOB, NEVER), { code: 'BLOB_STORE_FAILED', retry: true });
      if (name === 'error403') assert.equal(await store.get(CID, NEVER), undefined);
      else await assert.rejects(store.get(CID, NEVER), { code: 'BLOB_STORE_FAILED', retry: true });
    });
  }

  test('that is not there at all, and one that is given up on, are errors as well', async () => {
    const closed = await new S3Server().listen();
    const endpoint = new URL(closed.url);
    await closed.close();
    const gone = new S3BlobStore({
      place: { endpoint, region: 'r', bucket: 'abc', prefix: '' },
      credentials: server.credentials,
    });
    await assert.rejects(gone.get(CID, NEVER), {
      code: 'BLOB_STORE_FAILED',
      message: 's3://abc/ can not be reached: ECONNREFUSED',
    });
    server.fault = FAULTS.silent;
    const abort = new AbortController();
    const asked = new S3BlobStore({
      place: { endpoint: new URL(server.url), region: 'r', bucket: 'abc', prefix: '' },
      credentials: server.credentials,
    }).get(CID, abort.signal);
    abort.abort();
    await assert.rejects(asked, { code: 'BLOB_STORE_FAILED' });
  });
});
