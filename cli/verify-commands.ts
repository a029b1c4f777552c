import type { Command } from 'commander';
import type { VerifyBetFlags } from './verify-bet.ts';

/** Of commands whose exit code other programs read: bad usage is not a finding. */
const EXIT_USAGE = 2;

/** `casino verify ...`: what anyone can check without the operator. */
export function addVerifyCommands(program: Command): void {
  const verify = program.command('verify').description('check what the house did, without asking it');
  addVerifyBet(verify);
}

function addVerifyBet(verify: Command): void {
  verify
    .command('bet')
    .description('check one bet by its receipt file, against the chain and the blob of its batch')
    .argument('<receipt>', 'the receipt file')
    .requiredOption('--rpc <url>', 'a node of the chain that you trust, its JSON-RPC address')
    .option('--blobs <where>', 'a folder of blobs, or the address below which they are found by CID')
    .option('--house <address>', 'the house that you mean; without it the file says which house this is')
    .option('--json', 'print the report as one JSON object')
    .addHelpText(
      'after',
      '\nExit codes: 0 all holds (settled, or void by a forced exit), 1 something does not, 2 bad usage or no receipt file,\n' +
        '75 not settled yet, something could not be looked at, or no answer: try again.',
    )
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE))
    .action(async (path: string, flags: VerifyBetFlags) => {
      process.exitCode = await (await import('./verify-bet.ts')).runVerifyBet(path, flags);
    });
}
