import type { Command } from 'commander';
import { commandLine } from '../../cli/command-line.ts';

/** Columns that help is wrapped at. */
const WIDTH = 110;

const INTRODUCTION = `# The command line

<!-- Generated from cli/command-line.ts by \`npm run docs\`; a test holds it up to date. -->

Every command, as \`casino COMMAND --help\` says it. \`npx casino COMMAND\` runs it, on the Node that \`npm ci\` brought.

**Exit codes** are the same everywhere: 0 all is well, 1 a finding (a difference, a divergence, something wrong), 2 bad usage or something that
can not be read, 75 no answer or not enough yet: the same command may work later. Results go to standard output and progress to standard
error, so that \`--json\` can be piped. Ctrl-C is safe at any time.

`;

/** docs/reference/cli.md, whole. */
export function cliPage(): string {
  const sections = leavesOf(commandLine()).map(({ path, command }) => `## ${path}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\`\n`);
  return `${INTRODUCTION}${sections.join('\n')}`;
}

/** Commands that do something, in the order of the help. */
function leavesOf(command: Command, path = 'casino'): { path: string; command: Command }[] {
  // `complete` is for shells alone, and hidden.
  const inner = command.commands.filter((one) => one.name() !== 'complete' && one.name() !== 'help');
  const own = inner.length === 0 || path === 'casino' ? [{ path, command }] : [];
  return [...own, ...inner.flatMap((one) => leavesOf(one, `${path} ${one.name()}`))];
}

/** What `--help` prints, wherever it is printed. */
function helpOf(command: Command): string {
  let text = '';
  const write = (part: string) => {
    text += part;
  };
  command.configureOutput({ writeOut: write, getOutHelpWidth: () => WIDTH, getOutHasColors: () => false });
  command.outputHelp();
  return text.trim();
}
