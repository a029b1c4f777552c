import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { ArchiveWorld, archivedBet } from '../test/archive-world.ts';
import { betPages, PAGE_ROWS } from './pages.ts';

const VAULTS = 2;
const EACH = 300;

// Would catch: an export that leaves bets out because they have moved to an archive, takes one twice, or passes over one that is nowhere.
describe('pages of bets', () => {
  let w: ArchiveWorld;
  beforeEach(async () => {
    w = await new ArchiveWorld().open();
    await w.history({ vaults: VAULTS, rounds: 3, each: EACH / 3 });
  });
  afterEach(() => w.close());

  const allBets = () => [...betPages(w.read)].flat();
  const byVault = (bets: ReturnType<typeof allBets>) =>
    Array.from({ length: VAULTS }, (_, index) => {
      const { vault } = archivedBet(index, 1n);
      return bets.filter((bet) => Buffer.compare(bet.vault, vault) === 0).map(({ betNumber }) => Number(betNumber));
    });

  test('hold every bet once and in order, wherever it lies', async () => {
    const before = allBets();
    await w.archiveAll();
    await w.place(0, 5);
    const after = allBets();
    const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
    assert.deepEqual(byVault(after), [numbers(EACH + 5), numbers(EACH)]);
    const moved = after.filter(
      ({ vault, betNumber }) => Buffer.compare(vault, archivedBet(0, 1n).vault) !== 0 || betNumber <= EACH,
    );
    assert.deepEqual(moved, before);
    for (const page of betPages(w.read)) assert.ok(page.length <= PAGE_ROWS);
  });

  test('go on when bets move while they are read', async () => {
    const before = allBets();
    const read: ReturnType<typeof allBets> = [];
    let pages = 0;
    for (const page of betPages(w.read)) {
      read.push(...page);
      pages += 1;
      if (pages === 1) await w.archiveAll();
    }
    assert.deepEqual(read, before);
  });

  test('stop at an archive that is gone, and do not leave its bets out', async () => {
    await w.archiveAll();
    for (const name of readdirSync(w.files.path)) rmSync(join(w.files.path, name));
    await w.reopen();
    assert.throws(allBets, { code: 'ARCHIVE_MISSING' });
  });
});
