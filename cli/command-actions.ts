import { InvalidArgumentError } from 'commander';
import type { Answer } from './command-end.ts';
import { endOnUsage } from './exit-codes.ts';

/** Runs a command to its answer, which sets the exit code. `hint`: what Ctrl-C leaves behind. */
export async function answered(flags: { json?: boolean | undefined }, hint: string, run: () => Promise<Answer>): Promise<void> {
  const { endOnInterrupt, printed } = await import('./command-end.ts');
  endOnInterrupt(hint);
  process.exitCode = await printed(flags, run);
}

/** An argument read by a function that throws commander's `InvalidArgumentError`: bad usage ends the process as commander's own does. */
export function parsedBy<T>(read: (text: string) => T, text: string): T {
  try {
    return read(text);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    process.stderr.write(`error: '${text}': ${error.message}\n`);
    return endOnUsage({ exitCode: 1 });
  }
}
