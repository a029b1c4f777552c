import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ed25519 } from '@noble/curves/ed25519.js';
import { domainOf } from '../protocol/account.ts';
import { receiptMessage } from '../sequencer/admission/receipts.ts';
import { ReceiptSigner } from '../sequencer/admission/signer.ts';
import { addressOf } from '../sequencer/ledger/addresses.ts';
import { ArchiveWorld } from '../sequencer/test/archive-world.ts';

/* Catches a command that calls a damaged archive whole, restores anything else than what was registered, or gets its exit code wrong. */
const CASINO = fileURLToPath(new URL('../casino.mjs', import.meta.url));
const SEED = new Uint8Array(32).fill(42);
const RECEIPT_KEY = ed25519.getPublicKey(SEED);
const [PROGRAM, HOUSE, GENESIS] = [1, 2, 3].map((fill) => new Uint8Array(32).fill(fill)) as [Uint8Array, Uint8Array, Uint8Array];

describe('casino archive', () => {
  const w = new ArchiveWorld();
  let files: string[];
  const run = (...args: string[]): Promise<{ code: number; out: string; error: string }> =>
    new Promise((resolve) => {
      const all = [CASINO, 'archive', ...args, '--data', w.directory];
      execFile(process.execPath, all, (failure, out, error) => resolve({ code: Number(failure?.code ?? 0), out, error }));
    });
  const place = (name: string) => join(w.files.path, name);
  const verify = (...args: string[]) => run('verify', '--receipt-key', addressOf(RECEIPT_KEY), ...args);

  before(async () => {
    const signer = new ReceiptSigner(SEED);
    const context = { domain: domainOf(GENESIS), house: HOUSE };
    w.signReceipt = (bet) => signer.sign(receiptMessage({ context: { ...context, vault: bet.vault } }, bet));
    await w.open();
    const identity = [PROGRAM, HOUSE, GENESIS].map(addressOf).join('/');
    await w.ledger.commit([{ kind: 'meta', key: 'identity', value: identity }]);
    await w.history({ vaults: 2, rounds: 4, each: 60 });
    await w.archiveAll({ mostBets: 300 });
    await w.ledger.close();
    files = readdirSync(w.files.path).sort();
    assert.equal(files.length, 2);
  });
  after(() => w.close());

  test('list names every archive, those of nobody, and the missing ones, with exit code 1', async () => {
    writeFileSync(place('000009-ff.zka'), 'x');
    const fine = await run('list');
    assert.deepEqual([fine.code, fine.error], [0, '']);
    assert.match(fine.out, new RegExp(`${files[0]}  Moved, 238 bets, \\d+ bytes, batches 1 to 2\n`));
    assert.match(fine.out, /000009-ff\.zka {2}not of this ledger/);
    rmSync(place('000009-ff.zka'));
    renameSync(place(files[1] as string), join(w.directory, 'away'));
    const { code, out } = await run('list', '--json');
    renameSync(join(w.directory, 'away'), place(files[1] as string));
    const { archives } = JSON.parse(out) as { archives: { file: string; present: boolean }[] };
    assert.deepEqual([code, archives.map(({ present }) => present)], [1, [true, false]]);
  });

  test('verify passes whole archives, and names a changed byte, a missing file, a foreign key', async () => {
    const { code, out } = await verify();
    assert.deepEqual([code, out], [0, 'archives: 2 whole, 0 damaged or missing; 478 bets read\n']);
    const path = place(files[0] as string);
    const whole = readFileSync(path);
    const damaged = Buffer.from(whole);
    damaged[1_000] = (damaged[1_000] as number) ^ 1;
    writeFileSync(path, damaged);
    const found = await verify('--json');
    assert.equal(found.code, 1);
    assert.partialDeepStrictEqual(JSON.parse(found.out), {
      archives: 1,
      findings: [{ code: 'ARCHIVE_CORRUPT', file: files[0] }],
    });
    rmSync(path);
    const missing = await verify();
    assert.deepEqual([missing.code, missing.out.split(':')[0]], [1, `ARCHIVE_MISSING ${files[0]}`]);
    writeFileSync(path, whole);
    const foreign = await run('verify', '--receipt-key', addressOf(ed25519.getPublicKey(new Uint8Array(32).fill(9))));
    assert.equal(foreign.code, 1);
    assert.match(foreign.out, /the receipt of bet 1 of vault [0-9a-f]{64} is not signed with this key/);
  });

  test('bad usage is 2, a service that runs is 75', async () => {
    for (const args of [
      ['verify'],
      ['restore', 'nothing.zka'],
      ['now'],
      ['now', '--older-than-ms', '0'],
      ['verify', '--receipt-key', 'x'],
    ]) {
      const { code, out } = await run(...args);
      assert.deepEqual([code, out], [2, ''], args.join(' '));
    }
    await w.open();
    const { code, error } = await run('restore', files[0] as string);
    assert.equal(code, 75, error);
    assert.match(error, /LEDGER_LOCKED/);
    await w.ledger.close();
  });

  test('restore refuses a file that is no archive of this ledger, whatever its name', async () => {
    const other = join(w.directory, files[0] as string);
    copyFileSync(place(files[0] as string), other);
    const bytes = readFileSync(other);
    bytes[500] = (bytes[500] as number) ^ 1;
    writeFileSync(other, bytes);
    const { code, error } = await run('restore', other);
    assert.equal(code, 1);
    assert.match(error, /ARCHIVE_CORRUPT .* is no archive of this ledger/);
    rmSync(other);
  });

  test('restore puts a copy from a backup into the place of a missing or damaged file, while the service runs', async () => {
    const backup = join(w.directory, 'backup');
    copyFileSync(place(files[1] as string), backup);
    for (const damage of [() => rmSync(place(files[1] as string)), () => writeFileSync(place(files[1] as string), 'x')]) {
      damage();
      assert.equal((await verify()).code, 1);
      await w.open();
      const { code, out } = await run('restore', backup, '--file-only');
      await w.ledger.close();
      assert.deepEqual([code, out], [0, `${files[1]} is in its place, and whole\n`]);
      assert.equal((await verify()).code, 0);
    }
  });

  test('restore puts the bets back, again it says that they are, and the file may go', async () => {
    const first = await run('restore', files[0] as string);
    assert.deepEqual([first.code, first.out], [0, `238 bets of ${files[0]} are back in the ledger\n`], first.error);
    const again = await run('restore', place(files[0] as string));
    assert.deepEqual([again.code, again.out], [0, `0 bets of ${files[0]} are back in the ledger: they had been before\n`]);
    rmSync(place(files[0] as string));
    assert.equal((await verify()).code, 0);
    const list = await run('list');
    assert.deepEqual([list.code, /Restored.*, its file is gone/.test(list.out)], [0, true]);
    await w.open();
    assert.equal(w.hotCount(), 238 + 2);
    await w.ledger.close();
  });

  test('now moves what is settled at once', async () => {
    await w.open();
    w.nowMs = Date.now() - 1_000;
    await w.history({ vaults: 2, rounds: 1, each: 10 });
    await w.ledger.close();
    const { code, out } = await run('now', '--older-than-ms', '1');
    assert.deepEqual([code, out], [0, 'archives written: 1\n']);
    assert.equal((await verify()).code, 0);
  });
});
