// Would catch: a service that starts with a store it can not use, or that prints a secret.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { blobCid, blobHashOf } from '../../protocol/blob.ts';
import { S3Server } from '../test/s3-server.ts';
import { openBlobStores } from './settings.ts';

const AWS = { AWS_ACCESS_KEY_ID: 'AKIATEST', AWS_SECRET_ACCESS_KEY: 'a/secret+key=' };
const ALL = { ...AWS, IPFS_PINNING_TOKEN: 'a-token' };
const namesOf = (values: string[], environment: Record<string, string> = ALL) =>
  openBlobStores(values, environment).map(({ name }) => name);

describe('--blob-store', () => {
  test('names the stores beside the own files, in order', () => {
    assert.deepEqual(namesOf(['files'], {}), []);
    const s3 = 's3://a-bucket/some/prefix?endpoint=http://127.0.0.1:9000&region=eu-1';
    const pinned = 'ipfs+https://node.example/rpc?pin=https://pins.example/psa';
    assert.deepEqual(namesOf([`files,${s3}`, 'ipfs+http://127.0.0.1:5001', pinned]), [
      's3://a-bucket/some/prefix/',
      'ipfs+http://127.0.0.1:5001',
      'ipfs+https://node.example with pins.example',
    ]);
    assert.deepEqual(namesOf(['s3://a.bucket', 's3://a.bucket/x/']), ['s3://a.bucket/', 's3://a.bucket/x/']);
  });

  const wrong: [string, RegExp, Record<string, string>?][] = [
    ['', /is files, s3:/],
    ['file', /is files, s3:/],
    ['files,', /is files, s3:/],
    ['https://bucket', /is files, s3:/],
    ['ftp://x', /is files, s3:/],
    ['s3://', /bucket|is files/],
    ['s3://A-bucket', /bucket of 3 to 63/],
    ['s3://ab', /bucket of 3 to 63/],
    ['s3://bucket:9000/x', /bucket of 3 to 63/],
    ['s3://bucket/a//b', /prefix/],
    ['s3://bucket/a%2fb', /prefix/],
    ['s3://bucket?endpoint=127.0.0.1:9000', /an endpoint that is an http/],
    ['s3://bucket?endpoint=ftp://x', /an endpoint that is an http/],
    ['s3://bucket?endpoint=https://key:word@host', /an endpoint without user/],
    ['s3://bucket?endpoint=https://host/?x=y', /an endpoint without user/],
    ['s3://bucket?region=EU', /region of a-z/],
    ['s3://bucket?bucket=other', /knows no parameter bucket/],
    ['s3://bucket?region=a&region=b', /has region once/],
    ['s3://bucket#x', /no part after #/],
    ['s3://AKIA:word@bucket', /holds no secrets/],
    ['ipfs+http://user:word@node', /holds no secrets/],
    ['ipfs+http://node?pin=http://pins.example', /by https/],
    ['ipfs+http://node?pin=https://pins.example/?token=word', /a?n? ?pin without user/],
    ['ipfs+http://node?port=1', /knows no parameter port/],
    ['ipfs://node', /is files, s3:/],
    ['s3://bucket,s3://bucket/', /names a store twice/],
    ['s3://bucket', /needs AWS_ACCESS_KEY_ID in the environment/, {}],
    ['s3://bucket', /needs AWS_SECRET_ACCESS_KEY in the environment/, { AWS_ACCESS_KEY_ID: 'x' }],
    ['s3://bucket', /AWS_SECRET_ACCESS_KEY in the environment as one word/, { ...AWS, AWS_SECRET_ACCESS_KEY: 'secret word\n' }],
    ['s3://bucket', /AWS_SESSION_TOKEN in the environment as one word/, { ...AWS, AWS_SESSION_TOKEN: 'secret word\n' }],
    ['ipfs+http://node?pin=https://pins.example', /needs IPFS_PINNING_TOKEN/, AWS],
    [Array.from({ length: 9 }, (_, index) => `s3://bucket/${index}`).join(','), /more than 8 stores/],
  ];
  for (const [text, message, environment] of wrong) {
    test(`'${text.slice(0, 60)}' is refused: ${message.source}`, () => {
      assert.throws(
        () => openBlobStores([text], environment ?? ALL),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, 'CONFIG_INVALID');
          assert.match(error.message, message);
          assert.doesNotMatch(error.message, /word@|token=word|secret word/);
          return true;
        },
      );
    });
  }

  test('a bucket is found at its endpoint, in its region', async () => {
    const server = await new S3Server().listen();
    try {
      const { accessKeyId, secretAccessKey } = server.credentials;
      const environment = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
      const bytes = Uint8Array.of(1, 2, 3);
      const blob = { cid: blobCid(blobHashOf(bytes)), hash: blobHashOf(bytes), bytes };
      const { signal } = new AbortController();
      for (const [text, more] of [
        [`s3://${server.bucket}/x?endpoint=${server.url}&region=${server.region}`, {}],
        [`s3://${server.bucket}/y?endpoint=${encodeURIComponent(`${server.url}/`)}`, { AWS_REGION: server.region }],
      ] as const) {
        const [store] = openBlobStores([text], { ...environment, ...more });
        await store?.put(blob, signal);
        assert.deepEqual(await store?.get(blob.cid, signal), bytes);
      }
      assert.deepEqual([...server.objects.keys()], [`x/${blob.cid}`, `y/${blob.cid}`]);
    } finally {
      await server.close();
    }
  });

  test('is looked at before anything else: the process ends with one line and has made nothing', () => {
    const data = join(tmpdir(), `never-made-${process.pid}`);
    const main = fileURLToPath(new URL('../main.ts', import.meta.url));
    const args = [main, '--data', data, '--rpc', 'http://127.0.0.1:1', '--blob-store', 'files', '--blob-store', 's3://b'];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    assert.equal(status, 1);
    assert.match(stdout, /CONFIG_INVALID.*--blob-store has a bucket of 3 to 63/);
    assert.ok(!existsSync(data));
  });
});
