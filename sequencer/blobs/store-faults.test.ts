// Would catch: a store that holds up bets or the end of the service, a batch on chain whose blob the store lacks, a delay that nobody sees.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { blobCid, blobHashOf } from '../../protocol/blob.ts';
import { ChainWorld } from '../test/chain-world.ts';
import { FAULTS } from '../test/http-server.ts';
import { S3Server } from '../test/s3-server.ts';

describe('the service with a store of blobs elsewhere', () => {
  let w: ChainWorld;
  let server: S3Server;
  before(async () => {
    server = await new S3Server().listen();
    process.env.AWS_ACCESS_KEY_ID = server.credentials.accessKeyId;
    process.env.AWS_SECRET_ACCESS_KEY = server.credentials.secretAccessKey;
    w = await ChainWorld.open();
    await w.stop();
    w.blobStores = [`s3://${server.bucket}/x?endpoint=${server.url}&region=${server.region}`];
    await w.start();
  });
  afterEach(() => {
    server.fault = () => false;
  });
  after(async () => {
    await w.close();
    await server.close();
    delete process.env.AWS_ACCESS_KEY_ID;
    delete process.env.AWS_SECRET_ACCESS_KEY;
  });
  const lacking = () => w.batches().filter(({ blobHash }) => !server.objects.has(`x/${blobCid(blobHash)}`));
  const codes = async () => (await w.health()).problems.map(({ code }) => code);

  test('publishes each batch there, and anyone gets the same bytes from both', async () => {
    await w.bet(3);
    await w.settleAndCheck();
    assert.deepEqual(lacking(), []);
    const listed = (await (await fetch(`${w.apiUrl}/v1/batches`)).json()) as {
      batches: { blob_cid: string; blob_hash: string }[];
    };
    assert.ok(listed.batches.length > 0);
    for (const { blob_cid: cid, blob_hash: hash } of listed.batches) {
      const answer = await fetch(`${w.apiUrl}/v1/blobs/${cid}`);
      const bytes = new Uint8Array(await answer.arrayBuffer());
      assert.deepEqual(bytes, new Uint8Array(server.objects.get(`x/${cid}`)?.bytes ?? []));
      assert.equal(Buffer.from(blobHashOf(bytes)).toString('hex'), hash);
    }
  });

  test('takes bets while it is down, sends nothing, says so, and settles them once it is back', async () => {
    server.fault = FAULTS.error(503);
    const before = w.batches().length;
    await w.bet(2);
    await w.until('the problem shows', async () => (await codes()).includes('BLOB_STORE_DOWN'));
    await w.untilState('Proved');
    const { batchNumber } = w.current ?? assert.fail();
    const waits = ({ reason }: { reason: string }) => reason.includes('waits for its blob');
    await w.until('the trail says so', () => w.ledger.auditTrail(batchNumber).some(waits));
    const answer = await fetch(`${w.apiUrl}/v1/batches/${batchNumber}`);
    const batch = (await answer.json()) as { number: string; signature: string | null; history: { reason: string }[] };
    assert.deepEqual([batch.number, batch.signature], [String(before + 1), null]);
    assert.ok(batch.history.some(waits));
    const { problems } = await w.health();
    assert.match(problems[0]?.message ?? '', /s3:\/\/a-bucket\/x\/ does not give a blob: it answers 503 SomeCode$/);
    assert.equal((await fetch(`${w.apiUrl}/health/ready`)).status, 200);
    await w.bet(1);
    server.fault = () => false;
    await w.settleAndCheck();
    assert.deepEqual(lacking(), []);
    assert.deepEqual(await codes(), []);
  });

  test('ends and starts again with a store that never answers, and goes on without it if it is told to', async () => {
    server.fault = FAULTS.silent;
    await w.bet(1);
    await w.untilState('Proved');
    await w.stop();
    await w.start();
    await w.stop();
    const named = w.blobStores;
    w.blobStores = ['files'];
    await w.start();
    await w.settleAndCheck();
    assert.ok(lacking().length > 0);
    await w.stop();
    w.blobStores = named;
    server.fault = () => false;
    await w.start();
    await w.bet(1);
    await w.settleAndCheck();
  });
});
