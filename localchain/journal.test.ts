import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Journal } from './journal.ts';
import { SlotMark } from './slot-mark.ts';
import { temporaryDirectory } from './test-harness.ts';

const SALT = 0xabcdef;
const GENESIS_ID = new Uint8Array(32).fill(9);
const PAYLOADS = ['first', 'the second one', 'third'].map((text) => Buffer.from(text));

async function writeJournal(path: string): Promise<number[]> {
  const journal = await Journal.create(path, { salt: SALT, genesisId: GENESIS_ID });
  const ends: number[] = [];
  for (const payload of PAYLOADS) {
    await journal.append(payload);
    ends.push(journal.bytes);
  }
  await journal.close();
  return ends;
}

async function readJournal(path: string, options: { durableBytes?: number; genesisId?: Uint8Array } = {}) {
  const seen: string[] = [];
  const { journal, tornTail } = await Journal.open(path, {
    salt: SALT,
    genesisId: options.genesisId ?? GENESIS_ID,
    durableBytes: options.durableBytes ?? 0,
    replay: (payload) => seen.push(payload.toString()),
  });
  return { journal, tornTail, seen };
}

const corrupt = { code: 'LOCALCHAIN_JOURNAL_CORRUPT' };

test('a journal cut anywhere in its last frame keeps all frames before it and goes on', async () => {
  const directory = temporaryDirectory();
  try {
    const path = join(directory.path, 'journal');
    const ends = await writeJournal(path);
    const whole = readFileSync(path);
    for (let size = (ends[1] as number) + 1; size < (ends[2] as number); size += 1) {
      writeFileSync(path, whole.subarray(0, size));
      const cut = await readJournal(path);
      assert.deepEqual(cut.seen, ['first', 'the second one']);
      assert.deepEqual(cut.tornTail, { offset: ends[1], bytes: size - (ends[1] as number) });
      await cut.journal.append(Buffer.from('again'));
      await cut.journal.close();
      const again = await readJournal(path);
      await again.journal.close();
      assert.deepEqual(again.seen, ['first', 'the second one', 'again']);
      assert.equal(again.tornTail, null);
    }
  } finally {
    directory.remove();
  }
});

test('any flipped byte before the last frame is refused and nothing is changed', async () => {
  const directory = temporaryDirectory();
  try {
    const path = join(directory.path, 'journal');
    const ends = await writeJournal(path);
    const whole = readFileSync(path);
    for (let offset = 0; offset < (ends[1] as number); offset += 1) {
      const damaged = Buffer.from(whole);
      damaged.writeUInt8(damaged.readUInt8(offset) ^ 0x40, offset);
      writeFileSync(path, damaged);
      await assert.rejects(readJournal(path), corrupt, `offset ${offset}`);
      assert.deepEqual(readFileSync(path), damaged);
    }
  } finally {
    directory.remove();
  }
});

test('a damaged or missing end that was durable before is refused, and so is another chain', async () => {
  const directory = temporaryDirectory();
  try {
    const path = join(directory.path, 'journal');
    const ends = await writeJournal(path);
    const durableBytes = ends[2] as number;
    await assert.rejects(readJournal(path, { genesisId: new Uint8Array(32) }), corrupt);
    appendFileSync(path, Buffer.alloc(300_000, 1));
    await assert.rejects(readJournal(path), corrupt, 'more behind the end than one frame can be');
    truncateSync(path, durableBytes - 1);
    await assert.rejects(readJournal(path, { durableBytes }), corrupt);
    assert.equal((await readJournal(path)).seen.length, 2, 'without that knowledge it is a torn tail');
  } finally {
    directory.remove();
  }
});

test('the slot mark survives a torn write of either cell with the mark before it', async () => {
  const directory = temporaryDirectory();
  try {
    const path = join(directory.path, 'slots');
    const mark = await SlotMark.open(path, { salt: SALT, create: true });
    await mark.write({ reservedSlot: 10, journalBytes: 100 });
    await mark.write({ reservedSlot: 20, journalBytes: 200 });
    await mark.close();
    const whole = readFileSync(path);
    const reopen = async (damage: number[]): Promise<unknown> => {
      const bytes = Buffer.from(whole);
      for (const offset of damage) bytes.writeUInt8(bytes.readUInt8(offset) ^ 1, offset);
      writeFileSync(path, bytes);
      const opened = await SlotMark.open(path, { salt: SALT, create: false });
      await opened.close();
      return opened.current;
    };
    assert.deepEqual(await reopen([]), { reservedSlot: 20, journalBytes: 200 });
    assert.deepEqual(await reopen([12]), { reservedSlot: 10, journalBytes: 100 });
    assert.deepEqual(await reopen([4_096 + 12]), { reservedSlot: 20, journalBytes: 200 });
    await assert.rejects(reopen([12, 4_096 + 12]), { code: 'LOCALCHAIN_SLOTS_CORRUPT' });
  } finally {
    directory.remove();
  }
});
