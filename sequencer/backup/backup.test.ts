/*
 * Catches a backup that is not one moment's ledger, that lacks a file or has a damaged one and is restored all the same, half a backup that is taken
 * for a whole one, and a restored ledger that could be started as a current one, whenever the process is killed.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BlobStore } from '../blobs/store.ts';
import { dataPaths } from '../context.ts';
import { addressOf } from '../ledger/addresses.ts';
import { Ledger } from '../ledger/ledger.ts';
import { LedgerReader } from '../ledger/reader.ts';
import { staleMark } from '../ledger/stale.ts';
import { loadOperatorKeys } from '../operations/keys.ts';
import { ArchiveWorld, vaultBytes } from '../test/archive-world.ts';
import { makeBackup } from './backup.ts';
import { BackupDirectory } from './directory.ts';
import { restoreBackup } from './restore.ts';
import { verifyBackup } from './verify.ts';

const PROCESS = fileURLToPath(new URL('../test/backup-process.ts', import.meta.url));
const SEED = Number(process.env.KILL_SEED ?? Date.now() % 1_000_000);
const MAX_LIVES = 60;
const IDENTITY = [9, 10, 11].map((fill) => addressOf(new Uint8Array(32).fill(fill))).join('/');

describe('a backup', () => {
  let w: ArchiveWorld;
  let elsewhere: string;
  let directory: BackupDirectory;
  let nowMs: number;

  beforeEach(async () => {
    w = await new ArchiveWorld().open();
    const blobs = new BlobStore(dataPaths(w.directory).blobs);
    w.blobHash = (batchNumber) => blobs.put(new TextEncoder().encode(`blob ${batchNumber}`));
    await w.ledger.commit([{ kind: 'meta', key: 'identity', value: IDENTITY }]);
    await loadOperatorKeys(dataPaths(w.directory).keys);
    await w.history({ vaults: 2, rounds: 3, each: 20 });
    await w.archiveAll();
    await w.place(0, 5);
    elsewhere = mkdtempSync(join(tmpdir(), 'backup-'));
    directory = new BackupDirectory(join(elsewhere, 'backups'));
    nowMs = 1_700_000_000_000;
  });
  afterEach(async () => {
    await w.close();
    rmSync(elsewhere, { recursive: true, force: true });
  });

  const backup = (change: { withKeys?: boolean; keep?: number } = {}) => {
    nowMs += 1_000;
    const place = { dataDirectory: w.directory, directory: directory.path };
    return makeBackup({ ...place, withKeys: false, nowMs: () => nowMs, onProgress: () => {}, ...change });
  };
  const verify = (name = directory.named()) => verifyBackup(directory, name, () => {});
  const restore = (
    change: { dataDirectory?: string; replace?: boolean; allowUnsigned?: boolean; onProgress?: () => void } = {},
  ) =>
    restoreBackup({
      ...{ directory, name: directory.named(), dataDirectory: join(elsewhere, 'data'), replace: false, allowUnsigned: false },
      ...{ nowMs: () => nowMs, onProgress: () => {} },
      ...change,
    });

  test('made while bets are taken is of one moment, and whole', async () => {
    const betting = (async () => {
      for (let round = 0; round < 60; round += 1) await w.place(round % 3, 3);
    })();
    const results = [await backup(), await backup()];
    await betting;
    for (const { manifest } of results) {
      assert.deepEqual(verify(manifest.name).findings, []);
      const read = LedgerReader.open(directory.fileOf(manifest.name, 'ledger.db'));
      for (const { vault, lastBet } of read.vaults()) {
        const hot = read.hotBets(vault, { first: lastBet, last: lastBet + 10n });
        assert.deepEqual(
          hot.map(({ betNumber }) => betNumber),
          [lastBet],
          'its last bet is there, and none after it',
        );
      }
      read.close();
    }
  });

  test('is signed, copies nothing twice, and has the keys only if asked for', async () => {
    const first = await backup();
    assert.deepEqual([first.copied, first.manifest.archives, first.manifest.blobs, first.manifest.missing], [4, 1, 3, []]);
    const { receiptKey } = await loadOperatorKeys(dataPaths(w.directory).keys);
    assert.equal(verify().signedBy, addressOf(receiptKey));
    assert.equal(existsSync(directory.fileOf(first.manifest.name, 'keys.json')), false);
    const everything = readdirSync(directory.path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const secret = readFileSync(join(dataPaths(w.directory).keys, 'settler.json'), 'utf8').trim();
    for (const { parentPath, name } of everything) {
      assert.ok(!readFileSync(join(parentPath, name), 'latin1').includes(secret), `${name} holds no secret`);
    }
    const second = await backup({ withKeys: true });
    assert.equal(second.copied, 0);
    const keys = directory.fileOf(second.manifest.name, 'keys.json');
    assert.equal(statSync(keys).mode & 0o777, 0o600);
    assert.deepEqual(verify().findings, []);
  });

  test('of which only the newest are kept takes the files along that only older ones had', async () => {
    await backup();
    const [archive] = readdirSync(join(directory.path, 'archive'));
    for (const record of w.read.archives.list()) {
      await w.ledger.commit([{ kind: 'archive-became', archiveNumber: record.archiveNumber, from: 'Moved', to: 'Restoring' }]);
    }
    await backup();
    assert.deepEqual((await backup({ keep: 2 })).removed.length, 1);
    assert.equal(directory.list().length, 2);
    assert.deepEqual(readdirSync(join(directory.path, 'archive')), [archive], 'they need it still');
    for (const name of directory.list()) assert.deepEqual(verify(name).findings, []);
  });

  test('made by a clock that was set back is the newest all the same, and not the one that is removed', async () => {
    nowMs += 365 * 86_400_000;
    await backup();
    nowMs -= 365 * 86_400_000;
    await w.place(0, 1);
    const { manifest, removed } = await backup({ keep: 1 });
    assert.equal(removed.includes(manifest.name), false);
    assert.deepEqual(directory.list(), [manifest.name]);
    assert.equal(manifest.time, nowMs);
    assert.deepEqual(verify().findings, []);
  });

  test('goes to no directory that holds those of another ledger, which it would remove in time', async () => {
    const { manifest } = await backup();
    const other = await new ArchiveWorld().open();
    try {
      const place = { dataDirectory: other.directory, directory: directory.path, withKeys: false, keep: 1 };
      await assert.rejects(makeBackup({ ...place, nowMs: () => nowMs + 1_000, onProgress: () => {} }), {
        code: 'CONFIG_INVALID',
        message: /of another ledger/,
      });
    } finally {
      await other.close();
    }
    assert.deepEqual(directory.list(), [manifest.name]);
  });

  test('whose keys are exchanged while it is restored brings none of them', async () => {
    await backup({ withKeys: true });
    const keys = directory.fileOf(directory.named(), 'keys.json');
    // As soon as the keys have been verified: what comes next is the pool.
    const onProgress = () => writeFileSync(keys, JSON.stringify({ 'terms-9.hex': '07' }));
    const dataDirectory = join(elsewhere, 'data');
    assert.throws(() => restore({ dataDirectory, onProgress }), { code: 'BACKUP_DAMAGED', message: /keys\.json/ });
    assert.equal(existsSync(join(dataPaths(dataDirectory).keys, 'terms-9.hex')), false);
    assert.equal(existsSync(dataPaths(dataDirectory).ledger), false);
  });

  test('without a file that the service has lost says so, and is one all the same', async () => {
    const { blobs } = dataPaths(w.directory);
    const [lost] = readdirSync(blobs);
    rmSync(join(blobs, lost as string));
    const { manifest } = await backup();
    assert.deepEqual(manifest.missing, [`blobs/${lost}`]);
    assert.deepEqual(verify().findings, []);
    restore();
  });

  test('of which any byte was changed, any file cut or lost, is found out and not restored', async () => {
    await backup({ withKeys: true });
    const name = directory.named();
    const files = ['manifest.json', 'signature.json', 'ledger.db', 'keys.json'].map((file) => directory.fileOf(name, file));
    const pooled = ['archive', 'blobs'].flatMap((folder) =>
      readdirSync(join(directory.path, folder)).map((file) => join(directory.path, folder, file)),
    );
    const data = join(elsewhere, 'data');
    for (const file of [...files, ...pooled]) {
      const whole = readFileSync(file);
      const damages: (() => void)[] = [
        () => writeFileSync(file, flipped(whole)),
        () => truncateSync(file, whole.length >> 1),
        () => rmSync(file),
      ];
      for (const [index, damage] of damages.entries()) {
        damage();
        // Without its signature a backup is one that is not signed.
        if (!(file.endsWith('signature.json') && index === 2)) {
          assert.throws(() => restore(), { code: 'BACKUP_DAMAGED' }, `${file} ${index}`);
          assert.equal(existsSync(dataPaths(data).ledger), false);
        }
        writeFileSync(file, whole);
      }
    }
    restore();
  });

  test('is restored with all that it has, marked as stale, and never over a ledger that is there or in use', async () => {
    await backup({ withKeys: true });
    await assert.rejects(async () => restore({ dataDirectory: w.directory, replace: true }), { code: 'LEDGER_LOCKED' });
    const data = join(elsewhere, 'data');
    const { keysWritten, movedAside } = restore();
    assert.deepEqual([keysWritten, movedAside], [['authority.json', 'receipt.json', 'settler.json'], undefined]);
    assert.throws(() => restore(), { code: 'CONFIG_INVALID' });
    const ledger = await Ledger.open({ path: dataPaths(data).ledger, onFailure: assert.fail });
    assert.match(staleMark(ledger.read)?.reason ?? '', /restored from backup/);
    assert.equal(ledger.read.vault(vaultBytes(0))?.lastBet, 65n);
    assert.equal(ledger.read.bets(vaultBytes(0), { first: 1n, last: 65n }).length, 65, 'archived ones too');
    await ledger.close();
    const again = restore({ replace: true });
    assert.ok(again.movedAside && existsSync(join(again.movedAside, 'ledger.db')));
    // Another house's keys are not written over, nor is its backup taken for one's own.
    const other = join(elsewhere, 'other');
    await loadOperatorKeys(dataPaths(other).keys);
    assert.throws(() => restore({ dataDirectory: other }), { code: 'BACKUP_DAMAGED', message: /signed the backup/ });
    // Nor one that has lost its signature, unless it is said to be one's own: anyone could have added bets to it.
    rmSync(directory.fileOf(directory.named(), 'signature.json'));
    assert.throws(() => restore({ replace: true }), { code: 'BACKUP_DAMAGED', message: /nobody signed/ });
    assert.equal(restore({ replace: true, allowUnsigned: true }).signatureHolds, false);
  });

  /** Runs one life, killed so long after it has begun; returns whether it came to its end. */
  async function live(data: string, doing: 'backup' | 'restore', killAfterMs: number): Promise<boolean> {
    const child = spawn(process.execPath, [PROCESS, data, directory.path, doing], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (text: string) => {
      if (said === '') setTimeout(() => child.kill('SIGKILL'), killAfterMs);
      said += text;
    });
    await new Promise((resolve) => child.once('close', resolve));
    return said.includes('done');
  }

  async function liveOn(data: string, doing: 'backup' | 'restore', check: () => Promise<void>): Promise<number> {
    for (let lives = 1; lives < MAX_LIVES; lives += 1) {
      const share = (Math.imul(SEED + lives, 0x9e3779b1) >>> 8) / 2 ** 24;
      const done = await live(data, doing, 4 * share * 1.35 ** lives);
      await check();
      if (done) return lives;
    }
    return assert.fail('it never comes to its end');
  }

  test(`whose process is killed is whole or none (KILL_SEED=${SEED})`, async (t) => {
    const lives = await liveOn(w.directory, 'backup', async () => {
      for (const name of directory.list()) assert.deepEqual(verify(name).findings, []);
    });
    assert.ok(directory.list().length >= 1);
    t.diagnostic(`${lives} lives`);
  });

  test(`whose restore is killed leaves what can not be started, the old ledger, or a stale one (KILL_SEED=${SEED})`, async (t) => {
    await backup();
    const data = join(elsewhere, 'data');
    mkdirSync(data);
    const old = await Ledger.open({ path: dataPaths(data).ledger, onFailure: assert.fail });
    await old.commit([{ kind: 'meta', key: 'is', value: 'old' }]);
    await old.close();
    const lives = await liveOn(data, 'restore', async () => {
      const copy = join(elsewhere, 'copy');
      rmSync(copy, { recursive: true, force: true });
      cpSync(data, copy, { recursive: true });
      rmSync(dataPaths(copy).ledger.concat('.lock'), { force: true });
      const ledger = await Ledger.open({ path: dataPaths(copy).ledger, onFailure: () => {} }).catch((error) => error as Error);
      if (!(ledger instanceof Ledger)) return assert.equal((ledger as { code?: string }).code, 'LEDGER_STALE');
      const { read } = ledger;
      const isFresh = read.meta('commits') === '0';
      assert.ok(isFresh || read.meta('is') === 'old' || staleMark(read), 'never a restored ledger that seems current');
      await ledger.close();
    });
    const read = LedgerReader.open(dataPaths(data).ledger);
    assert.ok(staleMark(read));
    assert.equal(read.vault(vaultBytes(0))?.lastBet, 65n);
    read.close();
    t.diagnostic(`${lives} lives`);
  });
});

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const at = copy.length >> 1;
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
}
