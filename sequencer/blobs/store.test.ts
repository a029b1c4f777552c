import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { blobCid, blobHashOf } from '../../protocol/blob.ts';
import { toHex } from '../../protocol/bytes.ts';
import { useKernel } from '../../protocol/kernel.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { SettlementFixture } from '../test/settlement-fixture.ts';
import { BlobStore } from './store.ts';

/* Catches a batch that is sent without its blob, a blob that is not what its hash says, and a full disk that loses bets. */
useKernel(NATIVE_KERNEL);

const BYTES = Uint8Array.from({ length: 5_000 }, (_, index) => index % 251);

test('a blob that is gone, cut or flipped is named, and storing it again repairs it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'blobs-'));
  try {
    const store = new BlobStore(directory);
    const hash = store.put(BYTES);
    const path = join(directory, blobCid(hash));
    for (const [code, damage] of [
      ['NOT_FOUND', () => rmSync(path)],
      ['BLOB_CORRUPT', () => truncateSync(path, 4_999)],
      ['BLOB_CORRUPT', () => writeFileSync(path, BYTES.with(17, 255))],
    ] as const) {
      damage();
      assert.throws(() => store.get(hash), { code, message: new RegExp(path) });
      if (code === 'NOT_FOUND') assert.equal(await store.read(hash), undefined);
      else await assert.rejects(store.read(hash), { code });
      assert.deepEqual(store.put(BYTES), hash);
      assert.deepEqual(store.get(hash), BYTES);
      assert.deepEqual(await store.read(hash), BYTES);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('a directory of an earlier version, which named blobs by their hash in hex, goes on', () => {
  const directory = mkdtempSync(join(tmpdir(), 'blobs-'));
  try {
    const other = Uint8Array.of(1, 2, 3);
    const [hash, otherHash] = [blobHashOf(BYTES), blobHashOf(other)];
    writeFileSync(join(directory, toHex(hash)), BYTES);
    writeFileSync(join(directory, `${toHex(hash)}.7.tmp`), 'half of one');
    // A start that was interrupted, or an older version in between, leaves both names.
    writeFileSync(join(directory, toHex(otherHash)), 'something else');
    writeFileSync(join(directory, blobCid(otherHash)), other);
    const store = new BlobStore(directory);
    assert.deepEqual([store.get(hash), store.get(otherHash)], [BYTES, other]);
    assert.deepEqual(new Uint8Array(readFileSync(join(directory, blobCid(hash)))), BYTES);
    const left = [`${toHex(hash)}.7.tmp`, toHex(otherHash), blobCid(hash), blobCid(otherHash)];
    assert.deepEqual(readdirSync(directory).sort(), left.sort());
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('a full disk delays batches visibly, and with room again every bet is settled', async (t) => {
  const f = await new SettlementFixture().open();
  const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'none', f.blobsDirectory], { encoding: 'utf8' });
  try {
    if (mount.status !== 0) return t.skip(`needs to mount a small file system: ${mount.stderr || mount.error}`);
    writeFileSync(join(f.blobsDirectory, 'filler'), new Uint8Array(8_192));
    await f.place(f.alice, 3);
    f.start();
    await f.until(() => (f.settlement?.problems.length ?? 0) > 0);
    assert.match(f.settlement?.problems[0] ?? '', /can not be written.*ENOSPC/);
    assert.equal(f.unfinished.all.length, 0, 'no batch without its blob');
    assert.equal(f.read.waitingBets(), 3);
    assert.deepEqual(readdirSync(f.blobsDirectory), ['filler'], 'nothing half written stays');
    rmSync(join(f.blobsDirectory, 'filler'));
    await f.settleAll();
    const batch = f.read.batch(1n);
    assert.deepEqual(blobHashOf(f.blob(batch?.blobHash ?? assert.fail())), batch?.blobHash);
  } finally {
    await f.stop();
    if (mount.status === 0) spawnSync('umount', [f.blobsDirectory]);
    await f.close();
  }
});
