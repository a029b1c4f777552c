import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { CasinoError } from '../errors.ts';
import { PROCESS_VAULT } from '../test/ledger-process.ts';
import { openLedger } from './opening.ts';
import { LedgerReader } from './reader.ts';

/*
 * Catches a service that answers for what its disk did not keep. The faults are the kernel's own: a file system that is full, a limit on
 * the size of a file, an fsync that fails (strace), a process that is killed and a log that is then cut.
 */
const PROCESS = join(import.meta.dirname, '../test/ledger-process.ts');
const SEED = Number(process.env.CUT_SEED ?? Date.now() % 1_000_000);
const CUTS = Number(process.env.CUTS ?? 60);
const EXIT_RESTART = 75;

interface Ended {
  status: number | null;
  signal: NodeJS.Signals | null;
  opened: number | undefined;
  acked: number;
  stderr: string;
}

/** Runs the process, under a wrapping command if one is given. */
function run(path: string, commits: number, options: { wrap?: string[]; kill?: boolean } = {}): Ended {
  const command = [...(options.wrap ?? []), process.execPath, PROCESS, path, String(commits), ...(options.kill ? ['kill'] : [])];
  const { status, signal, stdout, stderr } = spawnSync(command[0] as string, command.slice(1), { encoding: 'utf8' });
  const numbers = (word: string) => [...stdout.matchAll(new RegExp(`^${word} (\\d+)$`, 'gm'))].map((match) => Number(match[1]));
  return { status, signal, opened: numbers('opened')[0], acked: numbers('acked').at(-1) ?? 0, stderr };
}

describe('storage faults', () => {
  let directory: string;
  let path: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'faults-'));
    path = join(directory, 'ledger.db');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** What is acknowledged is there, what is there is whole, and the file is named with the way back. */
  function assertStopped(ended: Ended, code: string, status: number): void {
    assert.equal(ended.status, status, ended.stderr);
    assert.match(ended.stderr, new RegExp(`^${code} .*ledger\\.db.*recovery\\.md`, 'm'));
  }

  test('a full disk stops the process, and once there is room everything acknowledged is there', (t) => {
    const mounted = join(directory, 'small');
    mkdirSync(mounted);
    const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=768k', 'none', mounted], { encoding: 'utf8' });
    if (mount.status !== 0) return t.skip(`needs to mount a small file system: ${mount.stderr || mount.error}`);
    try {
      const full = join(mounted, 'ledger.db');
      const ended = run(full, 100_000);
      assertStopped(ended, 'LEDGER_FAILED', EXIT_RESTART);
      assert.match(ended.stderr, /full.*free some space/);
      assert.ok(ended.acked > 10, 'it worked until the disk was full');
      const again = run(full, 100_000);
      assert.equal(again.status, EXIT_RESTART, 'as long as the disk is full');
      spawnSync('mount', ['-o', 'remount,size=64m', mounted]);
      const after = run(full, ended.acked + again.acked + 200);
      assert.equal(after.status, 0, after.stderr);
      assert.ok((after.opened as number) >= Math.max(ended.acked, again.acked));
      assert.ok((after.opened as number) <= Math.max(ended.acked, again.acked) + 1, 'at most the one that was not answered');
    } finally {
      spawnSync('umount', [mounted]);
    }
  });

  test('a file that may not grow stops the process likewise', () => {
    const ended = run(path, 100_000, { wrap: ['bash', '-c', 'ulimit -f 600; "$@"', 'bash'] });
    assertStopped(ended, 'LEDGER_FAILED', EXIT_RESTART);
    assert.ok(ended.acked > 10);
    const after = run(path, ended.acked + 5);
    assert.equal(after.status, 0, after.stderr);
    assert.ok((after.opened as number) >= ended.acked);
  });

  test('an fsync that fails acknowledges nothing more', (t) => {
    const strace = spawnSync('strace', ['-e', 'trace=none', 'true'], { encoding: 'utf8' });
    if (strace.status !== 0) return t.skip(`needs strace: ${strace.error ?? strace.stderr}`);
    const wrap = ['strace', '-f', '-qq', '-o', join(directory, 'strace'), '-e', 'trace=fsync,fdatasync'];
    const ended = run(path, 200, { wrap: [...wrap, '-e', 'inject=fsync,fdatasync:error=EIO:when=25+'] });
    assertStopped(ended, 'LEDGER_FAILED', EXIT_RESTART);
    assert.ok(ended.acked > 0 && ended.acked < 25, `${ended.acked} acknowledged`);
    const after = run(path, ended.acked + 5);
    assert.equal(after.status, 0, after.stderr);
    assert.ok((after.opened as number) >= ended.acked);
  });

  describe('a log after a kill', () => {
    const COMMITS = 40;
    let kept: string;

    beforeEach(() => {
      const ended = run(path, COMMITS, { kill: true });
      assert.equal(ended.signal, 'SIGKILL');
      assert.equal(ended.acked, COMMITS);
      kept = join(directory, 'kept');
      mkdirSync(kept);
      for (const suffix of FILES) if (existsSync(path + suffix)) copyFileSync(path + suffix, join(kept, `ledger.db${suffix}`));
    });

    /** Puts back what the kill left. */
    const restore = () => {
      for (const suffix of FILES) {
        const from = join(kept, `ledger.db${suffix}`);
        if (existsSync(from)) copyFileSync(from, path + suffix);
        else rmSync(path + suffix, { force: true });
      }
    };
    /** The last bet of the ledger that opens, or the code under which it does not. */
    const opens = (): string | bigint => {
      try {
        const { database, mark } = openLedger(path, () => 0);
        mark.close();
        database.close();
      } catch (error) {
        assert.ok(error instanceof CasinoError && error.message.includes('recovery.md'), String(error));
        return error.code;
      }
      const read = new LedgerReader(path);
      try {
        return read.vault(PROCESS_VAULT)?.lastBet ?? 0n;
      } finally {
        read.close();
      }
    };

    test('is read to its end', () => {
      assert.equal(opens(), BigInt(COMMITS));
    });

    test('with garbage behind it is read to its end', () => {
      appendFileSync(`${path}-wal`, Buffer.alloc(10_000, 0xa5));
      assert.equal(opens(), BigInt(COMMITS));
    });

    test(`cut or flipped anywhere is whole or refused, never a shorter ledger (CUT_SEED=${SEED} CUTS=${CUTS})`, () => {
      const size = statSync(`${path}-wal`).size;
      let refused = 0;
      for (let cut = 0; cut < CUTS; cut += 1) {
        restore();
        const offset = Math.floor(fraction(SEED + cut) * size);
        if (cut % 2 === 0) truncateSync(`${path}-wal`, offset);
        else flip(`${path}-wal`, offset);
        const found = opens();
        if (found === 'LEDGER_STALE') refused += 1;
        else assert.equal(found, BigInt(COMMITS), `${cut % 2 === 0 ? 'cut' : 'flipped'} at ${offset} of ${size}`);
      }
      assert.ok(refused > CUTS / 4, `${refused} refused`);
    });

    test('that was refused is left as it is', () => {
      flip(`${path}-wal`, 5_000);
      const before = readFileSync(`${path}-wal`);
      assert.equal(opens(), 'LEDGER_STALE');
      assert.deepEqual(readFileSync(`${path}-wal`), before);
      flip(`${path}-wal`, 5_000);
      assert.equal(opens(), BigInt(COMMITS), 'the byte put back, all is well');
    });

    test('gone, or an older copy, or a ledger without its mark, or another mark: stale', () => {
      const older = join(directory, 'older.db');
      run(older, 3);
      for (const [what, damage] of Object.entries({
        'the log is gone': () => rmSync(`${path}-wal`),
        'the ledger is gone': () => {
          for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
        },
        'the mark is gone': () => rmSync(`${path}.mark`),
        'the mark is damaged': () => writeFileSync(`${path}.mark`, Buffer.alloc(1_024, 1)),
        'the mark of another ledger': () => copyFileSync(`${older}.mark`, `${path}.mark`),
      })) {
        restore();
        damage();
        assert.equal(opens(), 'LEDGER_STALE', what);
      }
    });

    test('one damaged slot of the mark is no reason to stop', () => {
      for (const offset of [40, 552]) {
        restore();
        flip(`${path}.mark`, offset);
        assert.equal(opens(), BigInt(COMMITS));
      }
    });
  });
});

const FILES = ['', '-wal', '-shm', '.mark'];

function flip(path: string, offset: number): void {
  const bytes = readFileSync(path);
  bytes[offset] = (bytes[offset] as number) ^ 0x10;
  writeFileSync(path, bytes);
}

/** A number in [0, 1), the same for the same seed. */
const fraction = (seed: number) => (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0) / 2 ** 32;
