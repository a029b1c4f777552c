import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ArchiveWorld } from '../test/archive-world.ts';

/*
 * Catches a bet that is lost when the real process is killed with SIGKILL while it archives or restores: after each kill every bet must be in
 * the ledger or in a registered archive, and be answered as it was given.
 */
const PROCESS = fileURLToPath(new URL('../test/archive-process.ts', import.meta.url));
const SEED = Number(process.env.KILL_SEED ?? Date.now() % 1_000_000);
const MAX_LIVES = 60;

describe('a process that is killed', () => {
  let w: ArchiveWorld;
  beforeEach(async () => {
    w = await new ArchiveWorld().open();
    await w.history({ vaults: 4, rounds: 5, each: 45 });
    await w.ledger.close();
  });
  afterEach(() => w.close());

  /** Runs one life, killed so long after its ledger is open; returns whether it came to its end. */
  async function live(doing: 'archive' | 'restore', killAfterMs: number): Promise<boolean> {
    const child = spawn(process.execPath, [PROCESS, w.path, doing], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (text: string) => {
      if (said === '') setTimeout(() => child.kill('SIGKILL'), killAfterMs);
      said += text;
    });
    await new Promise((resolve) => child.once('close', resolve));
    return said.includes('done');
  }

  /** Kills one life after the other, the first ones soon, until one comes to its end. */
  async function liveOn(doing: 'archive' | 'restore'): Promise<number> {
    for (let lives = 1; lives < MAX_LIVES; lives += 1) {
      const share = (Math.imul(SEED + lives, 0x9e3779b1) >>> 8) / 2 ** 24;
      const done = await live(doing, 10 * share * 1.8 ** lives);
      await w.open();
      w.assertInOnePlace(assert.equal);
      w.assertAll(assert.deepEqual);
      if (done) return lives;
      await w.ledger.close();
    }
    return assert.fail('it never comes to its end');
  }

  test(`while it archives, or restores, loses no bet (KILL_SEED=${SEED})`, async (t) => {
    const archiving = await liveOn('archive');
    assert.equal(w.hotCount(), 4);
    await w.ledger.close();
    const restoring = await liveOn('restore');
    assert.equal(w.hotCount(), 4 * 225);
    t.diagnostic(`${archiving} lives to archive, ${restoring} to restore`);
    rmSync(w.files.path, { recursive: true });
    await w.reopen();
    w.assertAll(assert.deepEqual);
  });
});
