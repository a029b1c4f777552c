// Catches a service that starts with circuits other than those that were asked for.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

test('--circuits takes known names only, each once', () => {
  for (const circuits of ['huge', '', 'tiny,tiny']) {
    const data = join(tmpdir(), 'never-made');
    const args = [main, '--data', data, '--rpc', 'http://127.0.0.1:1', '--circuits', circuits];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    assert.equal(status, 1, circuits);
    assert.match(stdout, /CONFIG_INVALID.*--circuits must be some of tiny,small,large/);
  }
});
