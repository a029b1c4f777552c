/* Catches a command without what people look for in its help, and one whose result a program can not read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from 'commander';
import { commandLine } from './command-line.ts';

/** They serve until they are stopped, or print what a shell reads. */
const WITHOUT_RESULT = ['casino start', 'casino explorer', 'casino completion'];

function* leavesOf(command: Command, path = 'casino'): Generator<{ path: string; help: string }> {
  const inner = command.commands.filter((one) => !['help', 'complete'].includes(one.name()));
  for (const one of inner) yield* leavesOf(one, `${path} ${one.name()}`);
  if (inner.length > 0) return;
  let help = '';
  command.configureOutput({
    writeOut: (text) => {
      help += text;
    },
  });
  command.outputHelp();
  yield { path, help };
}

for (const { path, help } of leavesOf(commandLine())) {
  test(`${path} --help`, () => {
    assert.match(help, /^Examples?:$/m);
    assert.match(help, /Exit codes: 0 /);
    const examples = help.split(/^Examples?:$/m)[1] ?? '';
    assert.match(examples, new RegExp(`^ +${path}( |$)|^ +casino bet `, 'm'), 'an example is of this command');
    if (!WITHOUT_RESULT.includes(path)) assert.match(help, /--json/);
  });
}
