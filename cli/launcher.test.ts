/* Catches a command that an older Node can not run although the project brings its own, or that hides how it ended. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const CASINO = fileURLToPath(new URL('../casino.mjs', import.meta.url));
const AS_NODE_20 = 'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.0.0"}})';

function runOnOldNode(...args: string[]) {
  return spawn(process.execPath, ['--import', AS_NODE_20, CASINO, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

async function ended(child: ReturnType<typeof runOnOldNode>) {
  const closed = new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
    child.once('close', (code, signal) => resolve([code, signal])),
  );
  const read = async (stream: Readable) => Buffer.concat(await stream.toArray()).toString();
  const [output, errors] = await Promise.all([read(child.stdout), read(child.stderr)]);
  const [code, signal] = await closed;
  return { output, errors, code, signal };
}

test('an older Node hands a command to the Node that npm ci brought, with its output and its exit code', async () => {
  const help = await ended(runOnOldNode('--help'));
  assert.deepEqual([help.code, help.errors], [0, '']);
  assert.match(help.output, /Usage: casino/);
  const wrong = await ended(runOnOldNode('reconcile', '--no-such-flag'));
  assert.equal(wrong.code, 2);
  assert.match(wrong.errors, /^error: required option '--data/);
});

test('a signal reaches the command, and ends both', async () => {
  const child = runOnOldNode('fairness', 'simulate', '--bets', '100000000');
  await new Promise((resolve) => child.stderr.once('data', resolve));
  child.kill('SIGTERM');
  const { code, signal } = await ended(child);
  assert.ok(signal === 'SIGTERM' || (code !== null && code !== 0), `ended with ${code ?? signal}`);
});
