// Would catch: a binary loaded on a machine that cannot run it, which would end the process without a word.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { toNativeError } from './errors.ts';
import { type BuildTarget, type Machine, missingForPrebuilt } from './loader.ts';

const target: BuildTarget = { cpuFlags: ['avx2', 'bmi2'], glibc: '2.34' };
const able: Machine = { platform: 'linux', arch: 'x64', glibc: '2.34', cpuFlags: new Set(['avx2', 'bmi2', 'fma']) };

test('an able machine lacks nothing', () => {
  assert.deepEqual(missingForPrebuilt(able, target), []);
  assert.deepEqual(missingForPrebuilt({ ...able, glibc: '3.0' }, target), []);
});

test('what is missing is named', () => {
  const missing = (change: Partial<Machine>) => missingForPrebuilt({ ...able, ...change }, target).join('; ');
  assert.match(missing({ platform: 'darwin', arch: 'arm64' }), /this is darwin arm64/);
  assert.match(missing({ glibc: undefined }), /not glibc/);
  assert.match(missing({ glibc: '2.9' }), /glibc is 2.9, needed is 2.34/);
  assert.match(missing({ cpuFlags: new Set(['avx2']) }), /lacks bmi2$/);
  assert.match(missing({ cpuFlags: new Set(), glibc: '2.31' }), /2.31.*avx2, bmi2/);
});

test('the committed binary is the one of the committed sources', () => {
  const script = fileURLToPath(new URL('build.mjs', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});

test('the committed binary names no path of the machine that built it', () => {
  const binary = readFileSync(new URL('prebuilt/linux-x64-gnu.node', import.meta.url)).toString('latin1');
  assert.doesNotMatch(binary, /\/root\/|\/home\/|\/Users\/|\.cargo\/registry|index\.crates\.io/);
});

test('an error of the binary keeps its code; any other becomes INTERNAL', () => {
  const error = toNativeError(new Error('BUSY: 64 proofs: are waiting\nalready'));
  assert.deepEqual([error.code, error.message], ['BUSY', '64 proofs: are waiting\nalready']);
  assert.equal(toNativeError(new Error('NOT_A_CODE: x')).code, 'INTERNAL');
  assert.equal(toNativeError('text').code, 'INTERNAL');
});
