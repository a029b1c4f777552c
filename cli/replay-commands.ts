import { type Command, InvalidArgumentError } from 'commander';
import { endOnUsage } from './exit-codes.ts';
import type { HistoryFlags } from './replay.ts';

/** `casino replay`: a house's history as anyone recomputes it. */
export function addReplayCommands(program: Command): void {
  program
    .command('replay')
    .description("recompute a house's history and print it: batches, credits, payments, exits; or one owner's statement")
    .requiredOption('--rpc <url>', "a node's JSON-RPC address")
    .requiredOption('--blobs <where>', 'a directory of blobs, or an address under which each has its CID')
    .option('--program <address>', "the program; by default the local chain's")
    .option('--house <address>', "the house; by default the program's only one")
    .option('--from-batch <number>', 'print nothing before this batch; all is recomputed even so', number)
    .option('--to-batch <number>', 'print nothing after this batch; all is recomputed even so', number)
    .option('--owner <address>', "the statement of this wallet's vault, bet by bet")
    .option('--bets', 'print the bets of each batch')
    .option('--json', 'print one JSON object a line, the report last; amounts are base units in decimal strings')
    .addHelpText(
      'after',
      '\nExamples:\n  casino replay --rpc http://127.0.0.1:8899 --blobs http://127.0.0.1:8787/v1/blobs\n' +
        '  casino replay --rpc http://127.0.0.1:8899 --blobs data/blobs --owner ADDRESS',
    )
    .addHelpText(
      'after',
      '\nExit codes: 0 all of it is true, 1 a divergence, 2 bad usage, 75 node or blobs do not answer, or interrupted.',
    )
    .exitOverride(endOnUsage)
    .action(async (flags: HistoryFlags) => {
      process.exitCode = await (await import('./replay.ts')).runReplay(flags);
    });
}

function number(text: string): bigint {
  if (!/^[1-9][0-9]{0,18}$/.test(text)) throw new InvalidArgumentError('must be a positive whole number');
  return BigInt(text);
}
