import type { Command } from 'commander';
import { endOnUsage } from './exit-codes.ts';
import type { VerifyBetFlags } from './verify-bet.ts';

/** `casino verify …`: what anyone can check without the operator. */
export function addVerifyCommands(program: Command): void {
  const verify = program.command('verify').description('check the operator with nothing but the chain and the blobs');
  verify
    .command('chain')
    .description('recompute every bet, balance and proof of a house, and compare every account')
    .requiredOption('--rpc <url>', "a node's JSON-RPC address")
    .requiredOption('--blobs <where>', 'a directory of blobs, or an address under which each has its CID')
    .option('--program <address>', "the program; by default the local chain's")
    .option('--house <address>', "the house; by default the program's only one")
    .option('--state <file>', 'where the replay is kept, to go on from', './verify-state.json')
    .option('--fresh', 'begin at the first transaction, whatever the state file says')
    .option('--json', 'print the report as one JSON object')
    .addHelpText(
      'after',
      '\nExit codes: 0 all of it is true, 1 a divergence, 2 bad usage, 75 node or blobs do not answer, or interrupted.',
    )
    .exitOverride(endOnUsage)
    .action(async (flags) => {
      process.exitCode = await (await import('./verify-chain.ts')).runVerifyChain(flags);
    });
  verify
    .command('bet')
    .description('check one bet by its receipt file, against the chain and the blob of its batch')
    .argument('<receipt>', 'the receipt file')
    .requiredOption('--rpc <url>', "a node's JSON-RPC address")
    .option('--blobs <where>', 'a directory of blobs, or an address under which each has its CID')
    .option('--house <address>', 'the house that you mean; without it the file says which house this is')
    .option('--json', 'print the report as one JSON object')
    .addHelpText(
      'after',
      '\nExit codes: 0 all holds (settled, or void by a forced exit), 1 something does not, 2 bad usage or no receipt file,\n' +
        '75 not settled yet, something could not be looked at, or no answer: try again.',
    )
    .exitOverride(endOnUsage)
    .action(async (path: string, flags: VerifyBetFlags) => {
      process.exitCode = await (await import('./verify-bet.ts')).runVerifyBet(path, flags);
    });
}
