// Would catch: bytes that are not those of their CID, a file of another name or place that is served, an error that caches keep for ever.
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { blobCid, blobHashOf } from '../../protocol/blob.ts';
import { useKernel } from '../../protocol/kernel.ts';
import { CasinoError } from '../errors.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { ApiFixture } from '../test/api-fixture.ts';
import { blobSender } from './blob-route.ts';

useKernel(NATIVE_KERNEL);

const BYTES = Uint8Array.from({ length: 80_000 }, (_, index) => index % 251);
const CID = blobCid(blobHashOf(BYTES));

describe('GET /v1/blobs/:cid', () => {
  let fixture: ApiFixture;
  before(async () => {
    fixture = await new ApiFixture().open();
    // A busy machine is another test's matter.
    await fixture.serve({ limits: { eventLoopDelayMs: 60_000 } });
    fixture.blobs.put(BYTES);
  });
  after(() => fixture.close());
  const get = (cid: string, headers: Record<string, string> = {}) =>
    fixture.api.inject({ method: 'GET', url: `/v1/blobs/${cid}`, headers });

  test('gives the bytes, cacheable for ever and by pages of any origin', async () => {
    const { statusCode, headers, rawPayload } = await get(CID);
    assert.equal(statusCode, 200);
    assert.deepEqual(new Uint8Array(rawPayload), BYTES);
    assert.equal(headers['content-type'], 'application/vnd.ipld.raw');
    assert.equal(headers['content-length'], String(BYTES.length));
    assert.equal(headers['cache-control'], 'public, max-age=31536000, immutable');
    assert.equal(headers.etag, `"${CID}"`);
    assert.equal(headers['access-control-allow-origin'], '*');
    assert.equal(headers['cross-origin-resource-policy'], 'cross-origin');
    assert.equal(headers['x-content-type-options'], 'nosniff');
  });

  test('asked with HEAD, gives the head alone', async () => {
    const { statusCode, headers, rawPayload } = await fixture.api.inject({ method: 'HEAD', url: `/v1/blobs/${CID}` });
    assert.deepEqual([statusCode, headers['content-length'], rawPayload.length], [200, String(BYTES.length), 0]);
  });

  test('tells who has it that nothing has changed', async () => {
    for (const known of [`"${CID}"`, `W/"${CID}"`, `"x", "${CID}"`, '*']) {
      const { statusCode, headers, rawPayload } = await get(CID, { 'if-none-match': known });
      assert.deepEqual([statusCode, rawPayload.length], [304, 0], known);
      assert.equal(headers.etag, `"${CID}"`);
      assert.equal(headers['cache-control'], 'public, max-age=31536000, immutable');
    }
    for (const other of ['"x"', CID, `"${CID}`, ''])
      assert.equal((await get(CID, { 'if-none-match': other })).statusCode, 200, other);
  });

  test('knows one spelling of a CID, and no path', async () => {
    mkdirSync(join(fixture.blobsDirectory, 'inside'));
    writeFileSync(join(fixture.blobsDirectory, 'inside', CID), BYTES);
    const last = CID.at(-1) as string;
    const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
    const padded = CID.slice(0, -1) + alphabet[alphabet.indexOf(last) + 1];
    const malformed = [
      padded,
      CID.toUpperCase(),
      CID.slice(1),
      `${CID}a`,
      `inside%2f${CID}`,
      '..%2f..%2fetc%2fpasswd',
      `${CID}.tmp`,
      '%00',
    ];
    for (const cid of malformed) {
      const { statusCode, headers } = await get(cid);
      assert.equal(statusCode, 400, cid);
      assert.equal(headers['cache-control'], undefined, cid);
    }
    assert.equal((await get(`inside/${CID}`)).statusCode, 404);
    const qm = await get('QmaYL7E4gDTPNfLxrCEEEcNJgcHBJ55NxxTnxpDKWqMtJ3');
    assert.equal(qm.json().error.code, 'BAD_REQUEST');
  });

  test('does not know a blob that is not there, and lets nobody remember that', async () => {
    const { statusCode, headers, body } = await get(blobCid(new Uint8Array(32)));
    assert.deepEqual(
      [statusCode, JSON.parse(body).error.code, headers['cache-control'], headers.etag],
      [404, 'NOT_FOUND', undefined, undefined],
    );
    assert.ok(!body.includes(fixture.blobsDirectory));
    const asked = await get(blobCid(new Uint8Array(32)), { 'if-none-match': '*' });
    assert.equal(asked.statusCode, 404);
  });

  test('never gives bytes that do not hash to the CID, to nobody who has them either', async () => {
    const path = join(fixture.blobsDirectory, CID);
    const whole = `${path}.whole`;
    renameSync(path, whole);
    for (const damaged of [BYTES.with(7, 99), BYTES.slice(1), new Uint8Array()]) {
      writeFileSync(path, damaged);
      for (const headers of [{}, { 'if-none-match': `"${CID}"` }]) {
        const answer = await get(CID, headers);
        assert.deepEqual([answer.statusCode, answer.json().error.code], [500, 'BLOB_CORRUPT']);
        assert.equal(answer.headers['cache-control'], undefined);
        assert.ok(!answer.body.includes(fixture.blobsDirectory));
      }
    }
    rmSync(path);
    renameSync(whole, path);
    assert.equal((await get(CID)).statusCode, 200);
  });
});

test('a damaged file is told of once, however often it is asked for', async () => {
  const lines: { alert: string; reason: string }[] = [];
  const read = async () => {
    throw new CasinoError('BLOB_CORRUPT', 'some/file is not what its name says');
  };
  const send = blobSender({ read });
  const log = { error: (line: (typeof lines)[number]) => lines.push(line) };
  const ask = (cid: string) => send({ params: { cid }, headers: {}, log } as never, undefined as never);
  for (const cid of [CID, CID, blobCid(new Uint8Array(32)), CID]) await assert.rejects(ask(cid), { code: 'BLOB_CORRUPT' });
  assert.deepEqual(
    lines.map(({ alert, reason }) => [alert, reason]),
    Array(2).fill(['blob-corrupt', 'some/file is not what its name says']),
  );
});
