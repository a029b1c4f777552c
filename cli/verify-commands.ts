import type { Command } from 'commander';

/** Of a command that other programs read the exit code of: bad usage is not a finding. */
const EXIT_USAGE = 2;

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
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE))
    .action(async (flags) => {
      process.exitCode = await (await import('./verify-chain.ts')).runVerifyChain(flags);
    });
}
