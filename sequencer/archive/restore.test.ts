import assert from 'node:assert/strict';
import { renameSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { LedgerPort } from '../ledger/ledger.ts';
import { ArchiveWorld, dyingLedger } from '../test/archive-world.ts';
import { restoreArchive } from './restore.ts';

/* Catches a restore that loses or doubles bets, that can not be gone on with, or whose bets are archived again at once. */
describe('restoring an archive', () => {
  let w: ArchiveWorld;
  const restore = (ledger: LedgerPort = w.ledger, index = 0) => {
    const record = w.read.archives.list()[index];
    assert.ok(record);
    return restoreArchive(ledger, record);
  };

  beforeEach(async () => {
    w = await new ArchiveWorld().open();
    await w.history({ vaults: 3, rounds: 2, each: 60 });
    await w.archiveAll({ mostBets: 200 });
    assert.deepEqual(
      w.read.archives.list().map(({ bets }) => bets),
      [177, 180],
    );
  });
  afterEach(() => w.close());

  test('puts all of its bets back, for good, and no other file changes', async () => {
    assert.equal(await restore(), 177);
    assert.deepEqual(
      w.read.archives.list().map(({ state }) => state),
      ['Restored', 'Moved'],
    );
    assert.equal(w.hotCount(), 177 + 3);
    w.assertAll(assert.deepEqual);
    w.assertInOnePlace(assert.equal);
    assert.equal(await restore(), 0, 'again: nothing is left to do');
    await w.archiveAll();
    assert.equal(w.hotCount(), 177 + 3);
    await w.history({ vaults: 3, rounds: 1, each: 5 });
    await w.archiveAll();
    assert.deepEqual(
      w.read.archives.list().map(({ bets }) => bets),
      [177, 180, 15],
    );
    w.assertAll(assert.deepEqual);
    await restore(w.ledger, 1);
    rmSync(w.files.path, { recursive: true });
    await w.reopen();
    assert.throws(() => w.assertAll(assert.deepEqual), { code: 'ARCHIVE_MISSING' }, 'the third is needed still');
  });

  test('needs none of its files afterwards', async () => {
    await restore();
    await restore(w.ledger, 1);
    rmSync(w.files.path, { recursive: true });
    await w.reopen();
    w.assertAll(assert.deepEqual);
    assert.deepEqual(w.read.archives.check(), []);
  });

  test('that is cut off at any commit has lost nothing, and is gone on with', async () => {
    for (let tries = 0; w.read.archives.list()[0]?.state !== 'Restored'; tries += 1) {
      assert.ok(tries < 20, 'each try comes further');
      await restore(dyingLedger(w.ledger, { acts: 2 })).catch(() => {});
      await w.reopen();
      w.assertInOnePlace(assert.equal);
      w.assertAll(assert.deepEqual);
    }
    assert.equal(w.hotCount(), 177 + 3);
  });

  test('that was cut off does not stop the archiver, which leaves its bets alone', async () => {
    await restore(dyingLedger(w.ledger, { acts: 2 })).catch(() => {});
    await w.reopen();
    const hot = w.hotCount();
    await w.archiveAll();
    assert.equal(w.hotCount(), hot);
    assert.equal(w.read.archives.list()[0]?.state, 'Restoring');
    await restore();
    w.assertAll(assert.deepEqual);
  });

  test('of an archive that is still being moved puts back what has left', async () => {
    await w.history({ vaults: 3, rounds: 1, each: 100 });
    w.nowMs += 10_000;
    await assert.rejects(w.archiver({ ledger: dyingLedger(w.ledger, { acts: 2 }) }).run());
    await w.reopen();
    assert.equal(w.read.archives.list()[2]?.state, 'Copied');
    await restore(w.ledger, 2);
    assert.equal(w.hotCount(), 300 + 3);
    w.assertAll(assert.deepEqual);
  });

  test('whose file is missing says so, and goes through once it is back', async () => {
    renameSync(w.files.path, `${w.files.path}.away`);
    w.read.archives.check();
    await assert.rejects(restore(), { code: 'ARCHIVE_MISSING' });
    renameSync(`${w.files.path}.away`, w.files.path);
    assert.equal(await restore(), 177);
    w.assertAll(assert.deepEqual);
  });
});
