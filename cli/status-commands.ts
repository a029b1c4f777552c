import { type Command, InvalidArgumentError } from 'commander';
import { endOnUsage } from './exit-codes.ts';
import type { StatusFlags } from './status.ts';

/** `casino status`: how a running service is. */
export function addStatusCommands(program: Command): void {
  program
    .command('status')
    .description('watch a running service: health and what to do, bets, batches, money; lines where there is no terminal')
    .option('--api <url>', 'the service', 'http://127.0.0.1:8787')
    .option('--once', 'look once and end')
    .option('--every <seconds>', 'between two looks', seconds, 2)
    .option('--json', 'print one JSON object a look')
    .addHelpText('after', '\nExamples:\n  casino status\n  casino status --once --json')
    .addHelpText(
      'after',
      '\nExit codes: 0 all is well, or Ctrl-C, 1 the last look found problems (--once), 2 bad usage, 75 the service does not answer (--once).',
    )
    .exitOverride(endOnUsage)
    .action(async (flags: StatusFlags) => {
      process.exitCode = await (await import('./status.ts')).runStatus(flags);
    });
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0.1 && value <= 3_600)) throw new InvalidArgumentError('must be 0.1 to 3600 seconds');
  return value;
}
