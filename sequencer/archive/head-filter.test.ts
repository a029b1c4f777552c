import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { ArchiveWorld, headOf } from '../test/archive-world.ts';
import { HeadFilter } from './head-filter.ts';

const unknownHead = (index: number): Uint8Array => {
  const head = new Uint8Array(createHash('sha256').update(`unknown ${index}`).digest());
  head[0] = (head[0] as number) & 0x1f;
  return head;
};

// Would catch: made-up ids that have every archive read each time, and a bet that a filter hides.
describe('heads that no archive holds', () => {
  let w: ArchiveWorld;
  beforeEach(async () => {
    w = await new ArchiveWorld().open();
    await w.history({ vaults: 3, rounds: 3, each: 150 });
    await w.archiveAll({ mostBets: 500 });
    await w.reopen();
  });
  afterEach(() => w.close());

  test('are told apart without reading, but for a few, and none that is held is hidden', (context) => {
    const archives = w.read.archives.list().length;
    assert.ok(archives >= 2);
    const learned = context.mock.method(HeadFilter, 'read');
    for (let index = 0; index < 2 * archives; index += 1) assert.equal(w.read.betByHead(unknownHead(index)), undefined);
    assert.equal(learned.mock.callCount(), archives, 'each is learned once, one a question');
    // What is not there now can not be read: only heads that pass a filter ask for it.
    for (const name of readdirSync(w.files.path)) rmSync(join(w.files.path, name));
    w.read.archives.check();
    let asked = 0;
    for (let index = 0; index < 1_000; index += 1) {
      try {
        assert.equal(w.read.betByHead(unknownHead(index)), undefined);
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'ARCHIVE_MISSING');
        asked += 1;
      }
    }
    assert.ok(asked < 150 * archives, `${asked} of 1,000 heads passed`);
    for (let vault = 0; vault < 3; vault += 1) {
      for (let betNumber = 1n; betNumber < 450n; betNumber += 1n) {
        assert.throws(() => w.read.betByHead(headOf(vault, betNumber)), { code: 'ARCHIVE_MISSING' });
      }
    }
  });
});
