// Would catch: completions that a shell does not take, a command that can not be completed, bad usage that looks like a finding.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import packageJson from '../package.json' with { type: 'json' };
import { commandLine } from './command-line.ts';
import { runCasino } from './test/run-casino.ts';

const run = (...args: string[]) => runCasino(args, { cwd: tmpdir() });

test('bash takes its completions, for the name of the command', { skip: !existsSync('/bin/bash') }, async () => {
  const { exitCode, output } = await run('completion', 'bash');
  assert.equal(exitCode, 0);
  const { status, stdout, stderr } = spawnSync('/bin/bash', ['-c', `${output}\ncomplete -p casino`], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /complete .*casino/);
  for (const shell of ['zsh', 'fish']) assert.match((await run('completion', shell)).output, /casino/);
});

test('every command, option and choice is completed', async () => {
  const commands = commandLine()
    .commands.filter((one) => one.name() !== 'complete')
    .map((one) => one.name());
  const { output } = await run('complete', '--', '');
  for (const name of commands) assert.match(output, new RegExp(`^${name}\t`, 'm'), name);
  assert.match((await run('complete', '--', 'config', '')).output, /^check\t/m);
  assert.match((await run('complete', '--', 'init', '--clu')).output, /^--cluster\t/m);
  assert.match((await run('complete', '--', 'init', '--commitment', '')).output, /^finalized/m);
});

test('what is mistyped is bad usage, and told what was likely meant', async () => {
  const wrong = await run('strat');
  assert.equal(wrong.exitCode, 2);
  assert.match(wrong.errors, /Did you mean start\?/);
  assert.match((await run('init', '--clutser', 'devnet')).errors, /Did you mean --cluster\?/);
  for (const args of [
    ['demo', '--bets', 'x'],
    ['reconcile'],
    ['completion', 'csh'],
    ['init', '--bankroll', '1,5'],
    ['keys', 'cer'],
  ]) {
    assert.equal((await run(...args)).exitCode, 2, args.join(' '));
  }
});

test('alone it says where to begin; its version is the package’s', async () => {
  const alone = await run();
  assert.deepEqual([alone.exitCode, alone.errors], [0, '']);
  assert.match(alone.output, /casino demo[\s\S]*casino --help/);
  assert.equal((await run('--version')).output.trim(), packageJson.version);
  const help = await run('--help');
  assert.equal(help.exitCode, 0);
  assert.match(help.output, /Run a house:[\s\S]*Check a house:/);
});
