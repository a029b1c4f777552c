/* Catches a page whose commands do not work: each is run against a demo; those that can not be run here say why, and are parsed. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { type Command, CommanderError } from 'commander';
import { commandLine } from '../cli/command-line.ts';
import { commandLines, commandsOf, inlineCommands, pages } from './test/commands.ts';
import { DocsWorld } from './test/world.ts';

const TIMEOUT_MS = 600_000;
const SCRIPTS = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { scripts: Record<string, string> }
).scripts;
const found = pages().map((page) => ({ page, ...commandsOf(page) }));

test('every block of commands says that it is one', () => {
  const unmarked = found.flatMap(({ unmarked }) => unmarked).map(({ page, line }) => `${page}:${line}`);
  assert.deepEqual(unmarked, [], 'write ```sh before them');
});

describe('every command that a page shows is one of the command line', () => {
  for (const { page, blocks } of found) {
    if (blocks.length === 0) continue;
    test(page, () => {
      for (const { line, script } of blocks) for (const words of commandLines(script)) assertParses(words, `${page}:${line}`);
    });
  }
});

test('every command that a page calls by name is there, with the flags that are named', () => {
  for (const page of pages()) for (const words of inlineCommands(page)) assertKnown(words, `${page}: casino ${words.join(' ')}`);
});

describe('every command that a page shows works', { timeout: TIMEOUT_MS }, () => {
  let world: DocsWorld;
  before(async () => {
    world = await DocsWorld.open();
  });
  after(() => world?.close());
  for (const { page, blocks } of found) {
    const run = blocks.filter(({ notRun }) => notRun === undefined);
    if (run.length === 0) continue;
    test(page, { timeout: TIMEOUT_MS }, async () => {
      for (const { line, script, exitCode: expected } of run) {
        const { exitCode, output } = await world.run(script);
        assert.equal(exitCode, expected, `${page}:${line}\n${script}\n${output}`);
      }
    });
  }
});

/** Words of a command line, as a page shows them, must be a script of package.json or a command with options that it has. */
function assertParses(words: readonly string[], where: string): void {
  const [first, ...rest] = words;
  if (first === 'casino') return assertCommand(rest, where);
  const npm = rest.filter((word) => word !== '--silent');
  if (npm[0] !== 'run') return;
  const [, script = '', ...args] = npm;
  assert.ok(script in SCRIPTS, `${where}: npm run ${script}: no such script`);
  const casino = /^node casino\.mjs ?(.*)$/.exec(SCRIPTS[script] ?? '');
  if (casino) assertCommand([...(casino[1] ? [casino[1]] : []), ...args.filter((word, at) => word !== '--' || at > 0)], where);
}

/** Words that lead to a command and its flags; what is in capitals stands for something, and an ellipsis for anything. */
function assertKnown(words: readonly string[], where: string): void {
  let command = commandLine();
  for (const word of words) {
    const inner = command.commands.find((one) => one.name() === word);
    if (inner) command = inner;
    else if (command.commands.length > 0) assert.match(word, /^(COMMAND|\.\.\.|…|--help|--version)$/, where);
    else if (/^--[a-z]/.test(word) && word !== '--help') {
      const flag = word.replace(/[=,.].*$/, '');
      assert.ok(
        command.options.some(({ long }) => long === flag),
        where,
      );
    }
  }
}

/** Parses without running. Variables are words like others. */
function assertCommand(words: readonly string[], where: string): void {
  const program = commandLine();
  const refuse = (command: Command): void => {
    command.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
    command.action(() => {});
    for (const one of command.commands) refuse(one);
  };
  refuse(program);
  const plain = words.map((word) => (word.startsWith('$') ? '1' : word));
  try {
    program.parse(plain, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return;
    assert.fail(`${where}: casino ${words.join(' ')}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
