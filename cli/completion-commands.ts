import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';

const HELP = `
Examples:
  source <(casino completion bash)                                  bash, for this shell; the same line in ~/.bashrc for all
  casino completion zsh > ~/.zsh/_casino                            zsh, in a directory of its $fpath
  casino completion fish > ~/.config/fish/completions/casino.fish   fish

The shell must find \`casino\`: \`npm link\` in the project puts it on the PATH.
Exit codes: 0 printed, 2 a shell that is not known.`;

/** `casino completion …`, of all commands that are there by now. */
export function addCompletionCommands(program: Command, endOnUsage: (error: { exitCode: number }) => never): void {
  tab(program, { completionCommandName: 'completion' });
  program.commands
    .find((command) => command.name() === 'completion')
    ?.description('print the completions of a shell')
    .addHelpText('after', HELP)
    .exitOverride(endOnUsage);
}
