import { commandLine } from './command-line.ts';

/** Runs one command of the command line; its exit code is the process's. */
export async function runCommand(args: readonly string[]): Promise<void> {
  await commandLine().parseAsync(args, { from: 'user' });
}
