// Would catch: a backup or restore that ends with the wrong exit code, says nothing to a script, or does something on bad usage.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Ledger } from '../sequencer/ledger/ledger.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

describe('casino backup and restore', () => {
  let directory: string;
  let data: string;
  let to: string;

  const casino = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['casino.mjs', ...args], { cwd: ROOT, encoding: 'utf8' });
    return { status, stdout, stderr, json: () => JSON.parse(stdout) as Record<string, unknown> };
  };

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'backup-'));
    data = join(directory, 'data');
    to = join(directory, 'to');
    mkdirSync(data);
    const ledger = await Ledger.open({ path: join(data, 'ledger.db'), onFailure: assert.fail });
    await ledger.commit([{ kind: 'meta', key: 'is', value: 'here' }]);
    await ledger.close();
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  test('make, list, verify and restore one, for people and for programs', () => {
    const made = casino('backup', '--data', data, '--to', to, '--json');
    assert.equal(made.status, 0, made.stderr);
    const name = made.json().name as string;
    assert.match(casino('backup', 'list', to).stdout, new RegExp(`^${name}  0 bets`));
    assert.deepEqual(casino('backup', 'verify', to, '--json').json().findings, []);
    const restored = casino('restore', '--from', to, '--data', join(directory, 'new'));
    assert.equal(restored.status, 0, restored.stderr);
    assert.match(restored.stdout, /marked as stale[\s\S]*What comes next:/);
    const again = casino('restore', '--from', to, '--data', data);
    assert.deepEqual([again.status, /--replace/.test(again.stderr)], [2, true]);
    assert.equal(casino('restore', '--from', to, '--data', data, '--replace', '--json').json().name, name);
  });

  test('say what is damaged, with exit code 1, and restore nothing', () => {
    const { name } = casino('backup', '--data', data, '--to', to, '--json').json();
    writeFileSync(join(to, 'backups', name as string, 'ledger.db'), 'something else');
    const verified = casino('backup', 'verify', to);
    assert.deepEqual([verified.status, /^DAMAGED ledger\.db/.test(verified.stdout)], [1, true]);
    const other = join(directory, 'other');
    assert.equal(casino('restore', '--from', to, '--data', other).status, 1);
    assert.equal(existsSync(other), false);
  });

  test('bad usage is 2 and does nothing, a ledger in use is 75', async () => {
    for (const args of [
      ['backup'],
      ['backup', '--data', to, '--to', to],
      ['backup', '--data', data, '--to', to, '--keep', '0'],
      ['backup', 'verify', to],
      ['restore', '--data', data],
      ['restore', '--from', to],
      ['restore', '--data', data, '--from', to, '--in-place'],
    ]) {
      assert.equal(casino(...args).status, 2, args.join(' '));
    }
    assert.ok(!existsSync(to) || readdirSync(join(to, 'backups')).length === 0);
    const ledger = await Ledger.open({ path: join(data, 'ledger.db'), onFailure: assert.fail });
    assert.equal(casino('backup', '--data', data, '--to', to).status, 0, 'the service may run');
    assert.equal(casino('restore', '--from', to, '--data', data, '--replace').status, 75);
    assert.equal(casino('restore', '--in-place', '--data', data).status, 75);
    await ledger.close();
    assert.equal(casino('restore', '--in-place', '--data', data).status, 0);
  });
});
