import assert from 'node:assert/strict';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, mock, test } from 'node:test';
import { CasinoError } from '../errors.ts';
import { LedgerReader } from '../ledger/reader.ts';
import type { ArchiveRecord } from '../ledger/records.ts';
import { ArchiveWorld, archivedBet, headOf, vaultBytes } from '../test/archive-world.ts';
import { checkArchive } from './check.ts';
import { ArchiveDirectory } from './files.ts';
import { archiveName } from './writer.ts';

/*
 * Catches an archive that is believed although it is not what was written: each of its bytes is changed, and each bet in it must then be answered
 * as it was given, or not at all.
 */
const SEED = Number(process.env.FLIP_SEED ?? Date.now() % 1_000_000);
/** Of so many bytes one is changed; 1 for all of them. */
const EVERY = Number(process.env.FLIP_EVERY ?? 11);

describe('a damaged archive', () => {
  const VAULTS = 3;
  const BETS = 90n;
  const w = new ArchiveWorld();
  let path: string;
  let whole: Buffer;
  let record: ArchiveRecord;

  before(async () => {
    await w.open();
    await w.history({ vaults: VAULTS, rounds: 3, each: 30 });
    await w.archiveAll();
    record = w.read.archives.list()[0] as ArchiveRecord;
    path = join(w.files.path, archiveName(record));
    whole = readFileSync(path);
  });
  after(() => w.close());

  const put = (bytes: Uint8Array) => writeFileSync(path, bytes);
  const check = async () => {
    const file = w.files.open(archiveName(record));
    assert.ok(file);
    try {
      return await checkArchive({ file, record, onRows: () => {}, pause: async () => {} });
    } finally {
      file.close();
    }
  };
  const refusal = (error: unknown) => {
    assert.ok(error instanceof CasinoError && error.code === 'ARCHIVE_CORRUPT', String(error));
    assert.match(error.message, /archive\/000001-[0-9a-f]{64}\.zka can not be believed.*retention\.md/);
    return 'refused' as const;
  };

  /** Asks for a bet of each vault in both ways; returns how many were not answered. */
  const unanswered = async (read: LedgerReader, betNumber: bigint, what: string): Promise<number> => {
    let count = 0;
    for (let vault = 0; vault < VAULTS; vault += 1) {
      const expected = archivedBet(vault, betNumber);
      for (const ask of [() => read.bet(expected.vault, betNumber), () => read.betByHead(expected.head)]) {
        const answer = await Promise.resolve().then(ask).catch(refusal);
        // One that is denied, as if there were no such bet, is not refused.
        if (answer === 'refused') count += 1;
        else assert.deepEqual(answer, expected, what);
      }
    }
    return count;
  };

  test(`is refused as a whole whichever byte is changed, and answers no bet wrongly (FLIP_SEED=${SEED} FLIP_EVERY=${EVERY})`, async () => {
    await check();
    let refused = 0;
    // One hash covers a whole block, so that few bytes of those say as much as all.
    const isBlock = (offset: number) => offset >= 136 && offset < whole.length - 2_700;
    const chosen = Array.from(whole.keys()).filter((offset) => (offset + SEED) % (isBlock(offset) ? 40 * EVERY : EVERY) === 0);
    for (const offset of chosen) {
      const damaged = Buffer.from(whole);
      damaged[offset] = (damaged[offset] as number) ^ (1 + ((SEED + offset) % 255));
      put(damaged);
      await assert.rejects(check(), `byte ${offset}`);
      const read = new LedgerReader(w.path);
      refused += await unanswered(read, 1n + (BigInt(offset) % (BETS - 1n)), `byte ${offset}`);
      read.close();
    }
    assert.ok(refused > chosen.length / 2, `${refused} unanswered with ${chosen.length} flips`);
    put(whole);
    await check();
    w.assertAll(assert.deepEqual);
  });

  test('that is cut, longer, empty or another is refused', async () => {
    const cut = [0, 1, 16, 135, 136, 137, whole.length - 17, whole.length - 1].map((length) => whole.subarray(0, length));
    for (const bytes of [...cut, Buffer.concat([whole, Buffer.alloc(1)]), Buffer.alloc(whole.length)]) {
      put(bytes);
      await assert.rejects(check());
      const read = new LedgerReader(w.path);
      assert.throws(() => read.bet(vaultBytes(0), 1n), { code: 'ARCHIVE_CORRUPT' });
      read.close();
    }
    put(whole);
  });

  test('does not deny a bet because its key is looked for elsewhere', () => {
    // The first key of the one page: beyond every head, the page would not be read.
    put(Buffer.from(whole).fill(0xff, whole.length - 40, whole.length - 32));
    const read = new LedgerReader(w.path);
    assert.throws(() => read.betByHead(headOf(0, 1n)), { code: 'ARCHIVE_CORRUPT' });
    read.close();
    put(whole);
  });

  test('takes nothing else down: other bets are answered, the ledger takes commits, and the problem ends with its cause', async () => {
    put(whole.subarray(0, -1));
    assert.match(w.read.archives.check().join(), /has \d+ bytes of \d+/);
    assert.throws(() => w.read.bet(vaultBytes(0), 1n), { code: 'ARCHIVE_CORRUPT', retry: false });
    assert.deepEqual(w.read.bet(vaultBytes(0), BETS), archivedBet(0, BETS), 'the last one is in the ledger');
    // A reader that has not learned which heads it holds; one that has is sure.
    const fresh = new LedgerReader(w.path);
    assert.throws(() => fresh.betByHead(new Uint8Array(32).fill(9)), { code: 'ARCHIVE_CORRUPT' }, 'it might be in there');
    fresh.close();
    assert.equal(w.read.betByHead(new Uint8Array(32).fill(9)), undefined);
    await w.place(0, 1);
    assert.deepEqual(w.failures, []);
    put(whole);
    assert.deepEqual(w.read.bet(vaultBytes(0), 1n), archivedBet(0, 1n));
    assert.deepEqual(w.read.archives.problems, []);
  });

  test('that the machine does not let be read may be asked for again, and where it lies is not told', () => {
    const fault = Object.assign(new Error(`EMFILE: too many open files, open '${path}'`), { code: 'EMFILE', syscall: 'open' });
    const open = mock.method(ArchiveDirectory.prototype, 'open', () => {
      throw fault;
    });
    const read = new LedgerReader(w.path);
    const message = new RegExp(`^archive/${archiveName(record)} can not be read: EMFILE;`);
    assert.throws(() => read.bet(vaultBytes(0), 1n), { code: 'ARCHIVE_MISSING', retry: true, message });
    open.mock.restore();
    assert.deepEqual(read.bet(vaultBytes(0), 1n), archivedBet(0, 1n));
    read.close();
  });

  test('that is missing is told as such, under the name that is looked for', () => {
    renameSync(path, `${path}.away`);
    w.read.archives.check();
    const missing = { code: 'ARCHIVE_MISSING', retry: true, message: new RegExp(`archive/${archiveName(record)} is missing`) };
    assert.throws(() => w.read.bet(vaultBytes(1), 2n), missing);
    assert.throws(() => w.read.bets(vaultBytes(1), { first: 80n, last: 95n }), missing);
    assert.throws(() => w.read.betByHead(headOf(1, 2n)), missing);
    // A reader that never saw its heads must not say that there is no such bet; one that has is sure.
    const fresh = new LedgerReader(w.path);
    assert.throws(() => fresh.betByHead(headOf(1, 9_999n)), missing);
    fresh.close();
    assert.equal(w.read.betByHead(headOf(1, 9_999n)), undefined);
    renameSync(`${path}.away`, path);
    assert.deepEqual(w.read.archives.check(), []);
    assert.equal(w.read.betByHead(headOf(1, 9_999n)), undefined);
  });

  test('in place of another one is not taken for it', async () => {
    await w.history({ vaults: VAULTS, rounds: 3, each: 30 });
    await w.archiveAll();
    const second = w.read.archives.list()[1] as ArchiveRecord;
    put(readFileSync(join(w.files.path, archiveName(second))));
    w.read.archives.check();
    assert.throws(() => w.read.bet(vaultBytes(0), 1n), { code: 'ARCHIVE_CORRUPT' });
    rmSync(path);
    put(whole);
    w.assertAll(assert.deepEqual);
  });
});
