import assert from 'node:assert/strict';
import fs, { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { ArchiveWorld, archivedBet, dyingLedger, headOf, vaultBytes } from '../test/archive-world.ts';
import type { ArchiveFiles } from './files.ts';
import { archiveName } from './writer.ts';

/*
 * Catches a bet that is lost, doubled or changed on its way into an archive, one that leaves the ledger too soon, and an archive that is
 * trusted before it has been read back.
 */
describe('archiver', () => {
  let w: ArchiveWorld;
  beforeEach(async () => {
    w = await new ArchiveWorld().open();
  });
  afterEach(() => w.close());

  const archiveFiles = () => readdirSync(w.files.path).sort();

  test('moves settled bets but the last of each vault, and every one is answered as before', async () => {
    await w.history({ vaults: 3, rounds: 3, each: 50 });
    await w.archiveAll();
    assert.deepEqual(
      [0, 1, 2].map((index) => w.hotNumbers(index)),
      [[150n], [150n], [150n]],
    );
    assert.equal(w.read.archives.list()[0]?.state, 'Moved');
    assert.equal(w.read.archives.list()[0]?.bets, 3 * 149);
    w.assertAll(assert.deepEqual);
    w.assertInOnePlace(assert.equal);
    assert.equal(w.read.bet(vaultBytes(0), 151n), undefined);
    assert.equal(w.read.betByHead(headOf(0, 151n)), undefined);
    await w.reopen();
    w.assertAll(assert.deepEqual);
  });

  test('goes on where the last archive ended, with what was left of its last runs', async () => {
    for (let round = 0; round < 4; round += 1) {
      await w.history({ vaults: 2, rounds: 1, each: 3 });
      await w.archiveAll();
    }
    assert.deepEqual(w.hotNumbers(0), [12n]);
    assert.deepEqual(
      w.read.archives
        .list()
        .map(({ archiveNumber, fromBatch, throughBatch, bets }) => [archiveNumber, fromBatch, throughBatch, bets]),
      [
        [1n, 1n, 1n, 4],
        [2n, 2n, 2n, 6],
        [3n, 3n, 3n, 6],
        [4n, 4n, 4n, 6],
      ],
    );
    w.assertAll(assert.deepEqual);
  });

  test('a batch of a single bet leaves it, and the next one takes it', async () => {
    await w.history({ vaults: 1, rounds: 1, each: 1 });
    await w.archiveAll();
    assert.deepEqual([w.hotNumbers(0), w.read.archives.list()], [[1n], []]);
    await w.history({ vaults: 1, rounds: 1, each: 1 });
    await w.archiveAll();
    assert.deepEqual(w.hotNumbers(0), [2n]);
    w.assertAll(assert.deepEqual);
  });

  test('an archive ends at its limit, and the next takes the rest', async () => {
    await w.history({ vaults: 2, rounds: 6, each: 20 });
    await w.archiveAll({ mostBets: 100 });
    assert.deepEqual(
      w.read.archives.list().map(({ bets }) => bets),
      [78, 80, 80],
    );
    w.assertAll(assert.deepEqual);
  });

  test('nothing moves before its time, nor unsettled, nor with archiving off', async () => {
    await w.history({ vaults: 1, rounds: 1, each: 5 });
    assert.equal(await w.archiver().run(), false, 'too young');
    w.nowMs += 10_000;
    assert.equal(await w.archiver({ archiveAfterMs: 0 }).run(), false, 'off');
    await w.place(0, 5);
    await w.batch([0], { final: false });
    await w.place(0, 5);
    assert.equal(await w.archiver().run(), true);
    assert.deepEqual(w.hotNumbers(0), [5n, 6n, 7n, 8n, 9n, 10n, 11n, 12n, 13n, 14n, 15n]);
    assert.equal(await w.archiver().run(), false, 'nothing more is settled');
  });

  test('a batch that is final before the book has seen it waits', async () => {
    await w.place(0, 5);
    const batchNumber = await w.batch([0], { final: false });
    const moved = {
      kind: 'batch-moved',
      batchNumber,
      from: 'Pending',
      to: 'Finalized',
      reason: '',
      timeMs: 1,
      attempt: 1,
    } as const;
    await w.ledger.commit([{ ...moved, progress: { finalizedAtMs: 1 } }]);
    w.nowMs += 10_000;
    assert.equal(await w.archiver().run(), false);
    await w.ledger.commit([{ kind: 'settled-through', vault: vaultBytes(0), betNumber: 5n }]);
    assert.equal(await w.archiver().run(), true);
  });

  test('few bets wait until they are a quarter of the limit late, or a day: each archive makes looking for an id slower', async () => {
    const DAY_MS = 86_400_000;
    for (const [archiveAfterMs, lateMs] of [
      [8 * DAY_MS, 2 * DAY_MS],
      [1_000, DAY_MS],
    ] as const) {
      await w.history({ vaults: 1, rounds: 1, each: 5 });
      w.nowMs += archiveAfterMs + lateMs - 1;
      assert.equal(await w.archiver({ archiveAfterMs, leastBets: 100 }).run(), false);
      w.nowMs += 1;
      assert.equal(await w.archiver({ archiveAfterMs, leastBets: 100 }).run(), true);
    }
  });

  test('bets that a forced exit has voided stay in the ledger', async () => {
    await w.history({ vaults: 1, rounds: 1, each: 3 });
    await w.place(0, 2);
    const voided = { vault: vaultBytes(0), fromBet: 4n, throughBet: 5n, slot: 1n, reason: 'forced exit' };
    await w.ledger.commit([{ kind: 'vault-voided', voided }]);
    await w.archiveAll();
    assert.deepEqual(w.hotNumbers(0), [3n, 4n, 5n]);
  });

  test('a crash at any commit loses no bet, and the next start finishes', async () => {
    await w.history({ vaults: 3, rounds: 2, each: 100 });
    w.nowMs += 10_000;
    let crashes = 0;
    for (let finished = false; !finished; ) {
      const ledger = dyingLedger(w.ledger, { acts: 2 });
      finished = await w
        .archiver({ ledger })
        .run()
        .then(
          (more) => !more,
          () => false,
        );
      crashes += 1;
      assert.ok(crashes < 30, 'each start comes further');
      await w.reopen();
      w.assertInOnePlace(assert.equal);
    }
    assert.ok(crashes > 2, `${crashes} crashes`);
    assert.equal(w.hotCount(), 3);
    assert.equal(archiveFiles().length, 1);
    w.assertAll(assert.deepEqual);
  });

  test('a crash before the first commit leaves a file that nobody knows, and the same bets are archived anew', async () => {
    await w.history({ vaults: 1, rounds: 1, each: 5 });
    w.nowMs += 10_000;
    await assert.rejects(w.archiver({ ledger: dyingLedger(w.ledger, { acts: 0 }) }).run());
    assert.equal(archiveFiles().length, 1);
    await w.reopen();
    assert.equal(w.hotCount(), 5);
    await w.archiveAll();
    w.assertAll(assert.deepEqual);
  });

  test('a disk that is full costs nothing: no bet leaves, and nothing is left of the attempt', async () => {
    await w.history({ vaults: 1, rounds: 3, each: 100 });
    w.nowMs += 10_000;
    let room = 2;
    const full: ArchiveFiles = {
      open: (name) => w.files.open(name),
      clean: () => w.files.clean(),
      freeBytes: () => w.files.freeBytes(),
      create: () => {
        const sink = w.files.create();
        const append = (bytes: Uint8Array) => {
          room -= 1;
          if (room < 0) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
          sink.append(bytes);
        };
        return { append, finish: (name) => sink.finish(name), discard: () => sink.discard() };
      },
    };
    await assert.rejects(w.archiver({ files: full }).run(), /no space left/);
    assert.deepEqual([archiveFiles(), w.hotCount(), w.read.archives.list()], [[], 300, []]);
    await w.archiveAll();
    w.assertAll(assert.deepEqual);
  });

  test('the last of a disk is left to the ledger, whose failed commit would end the service', async () => {
    await w.history({ vaults: 1, rounds: 3, each: 100 });
    w.nowMs += 10_000;
    const files: ArchiveFiles = {
      open: (name) => w.files.open(name),
      clean: () => w.files.clean(),
      create: () => w.files.create(),
      freeBytes: () => 268_435_456,
    };
    await assert.rejects(w.archiver({ files }).run(), /256 MB of disk are free/);
    assert.deepEqual([existsSync(w.files.path), w.hotCount(), w.read.archives.list()], [false, 300, []]);
    assert.ok(w.files.freeBytes() > 0, 'before there is a folder');
    await w.archiveAll();
    assert.ok(w.files.freeBytes() > 0);
    w.assertAll(assert.deepEqual);
  });

  test('two that write at a time, of one process number in two containers say, write two files', async () => {
    const [one, other] = [w.files.create(), w.files.create()];
    one.append(Uint8Array.of(1, 1));
    other.append(Uint8Array.of(2));
    await one.finish('one');
    await other.finish('other');
    assert.deepEqual([...readFileSync(join(w.files.path, 'one'))], [1, 1]);
    assert.deepEqual([...readFileSync(join(w.files.path, 'other'))], [2]);
  });

  test('the folder is durable before the ledger counts on a file in it', () => {
    const opened = new Map<number, string>();
    const synced: (string | undefined)[] = [];
    const { openSync, fsyncSync } = fs;
    mock.method(fs, 'openSync', (...args: Parameters<typeof openSync>) => {
      const file = openSync(...args);
      opened.set(file, String(args[0]));
      return file;
    });
    mock.method(fs, 'fsyncSync', (file: number) => {
      synced.push(opened.get(file));
      fsyncSync(file);
    });
    syncBuiltinESMExports();
    try {
      w.files.create().discard();
      w.files.create().discard();
    } finally {
      mock.restoreAll();
      syncBuiltinESMExports();
    }
    assert.deepEqual(synced, [w.directory]);
  });

  test('what a crash has left half written is removed', async () => {
    await w.history({ vaults: 1, rounds: 1, each: 5 });
    w.files.create().append(new Uint8Array(99));
    assert.match(archiveFiles().join(), /tmp/);
    await w.archiveAll();
    assert.deepEqual(archiveFiles(), w.read.archives.list().map(archiveName));
  });

  test('no bet leaves the ledger for a file that does not read back as it was written', async () => {
    await w.history({ vaults: 2, rounds: 1, each: 3 });
    w.nowMs += 10_000;
    const damaging = (damage: (bytes: Buffer) => Buffer): ArchiveFiles => ({
      create: () => w.files.create(),
      clean: () => w.files.clean(),
      freeBytes: () => w.files.freeBytes(),
      open: (name) => {
        const path = join(w.files.path, name);
        const whole = readFileSync(path);
        writeFileSync(path, damage(Buffer.from(whole)));
        const file = w.files.open(name);
        writeFileSync(path, whole);
        const bytes = damage(Buffer.from(whole));
        file?.close();
        return { size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length), close: () => {} };
      },
    });
    const flip = (offset: number) => (bytes: Buffer) => {
      bytes[offset] = (bytes[offset] as number) ^ 1;
      return bytes;
    };
    for (const damage of [
      flip(0),
      flip(200),
      (bytes: Buffer) => bytes.subarray(0, -1),
      (bytes: Buffer) => flip(bytes.length - 30)(bytes),
    ]) {
      await assert.rejects(w.archiver({ files: damaging(damage) }).run(), { code: 'ARCHIVE_CORRUPT' });
      assert.equal(w.hotCount(), 6);
    }
    await assert.rejects(w.archiver({ files: { ...damaging(flip(0)), open: () => undefined } }).run(), {
      code: 'ARCHIVE_MISSING',
    });
    assert.equal(w.hotCount(), 6);
    await w.archiveAll();
    assert.equal(w.hotCount(), 2);
    assert.equal(w.read.archives.list().length, 1, 'the one that was registered is gone on with');
    w.assertAll(assert.deepEqual);
  });

  test('the ledger itself refuses to let bets go that it may need or that no open archive has', async () => {
    await w.history({ vaults: 2, rounds: 2, each: 5 });
    await w.archiveAll({ mostBets: 12 });
    const [moved] = w.read.archives.list();
    const range = { vault: vaultBytes(0), firstBet: 5n, lastBet: 7n, archiveNumber: 9n, firstRow: 0 };
    const copied = { ...moved!, archiveNumber: 9n, fileHash: new Uint8Array(32) };
    const refused = async (what: string, change: object) => {
      await w.reopen();
      await assert.rejects(
        w.ledger.commit([{ kind: 'bets-archived', range: { ...range, ...change } }]),
        { code: 'LEDGER_FAILED' },
        what,
      );
    };
    await w.history({ vaults: 1, rounds: 1, each: 5 });
    await refused('no archive', {});
    await refused('one that is through', { archiveNumber: 1n });
    await w.reopen();
    await w.ledger.commit([{ kind: 'archive-created', archive: copied }]);
    const last = w.lastBet(0);
    await refused('the last settled bet', { firstBet: last, lastBet: last });
    await refused('bets that are not there', { firstBet: 1n, lastBet: 2n });
    await refused('one of them is not', { firstBet: 1n, lastBet: last - 1n });
    await w.reopen();
    await w.place(0, 2);
    await w.batch([0], { final: false });
    await refused('what the next batch builds on', { firstBet: last, lastBet: last });
    await refused('unsettled', { firstBet: last + 1n, lastBet: last + 1n });
    await w.reopen();
    w.assertAll(assert.deepEqual);
  });

  test('a resumed archive whose file is gone keeps the rest of its bets where they are', async () => {
    await w.history({ vaults: 3, rounds: 1, each: 100 });
    w.nowMs += 10_000;
    await assert.rejects(w.archiver({ ledger: dyingLedger(w.ledger, { acts: 2 }) }).run());
    await w.reopen();
    const hot = w.hotCount();
    assert.ok(hot > 3 && hot < 300, `${hot} bets are left`);
    rmSync(join(w.files.path, archiveFiles()[0] as string));
    await assert.rejects(w.archiver().run(), { code: 'ARCHIVE_MISSING' });
    assert.equal(w.hotCount(), hot);
    await w.history({ vaults: 3, rounds: 1, each: 100 });
    w.nowMs += 10_000;
    await assert.rejects(w.archiver().run(), { code: 'ARCHIVE_MISSING' }, 'it is told of still');
    assert.deepEqual(
      w.read.archives.list().map(({ state, bets }) => [state, bets]),
      [
        ['Copied', 297],
        ['Moved', 300],
      ],
      'and does not keep later bets in the ledger',
    );
    assert.equal(w.hotCount(), hot);
    for (const index of [0, 1, 2]) assert.deepEqual(w.read.bet(vaultBytes(index), 150n), archivedBet(index, 150n));
  });

  test('the schedule moves what is due, tells what fails, goes on after it, and stops when it is told to', async () => {
    await w.history({ vaults: 1, rounds: 1, each: 5 });
    w.nowMs += 10_000;
    const sink = () => {
      if (w.logged.length === 0) throw new Error('no room');
      return w.files.create();
    };
    const files: ArchiveFiles = {
      open: (name) => w.files.open(name),
      create: sink,
      clean: () => {},
      freeBytes: () => w.files.freeBytes(),
    };
    const archiver = w.archiver({ files });
    archiver.start();
    const until = async (condition: () => boolean) => {
      while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    await until(() => archiver.failure !== undefined);
    assert.equal(archiver.failure, 'no room');
    await until(() => w.hotCount() === 1 && archiver.failure === undefined);
    await archiver.stop();
    assert.deepEqual(
      w.logged.map(({ message }) => message),
      ['could not archive, trying again', 'settled bets have moved to an archive'],
    );
    assert.deepEqual(w.read.bet(vaultBytes(0), 2n), archivedBet(0, 2n));
  });
});
