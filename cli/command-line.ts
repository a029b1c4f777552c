import { Command, InvalidArgumentError } from 'commander';
import { addArchiveCommands } from './archive-commands.ts';
import { addAuditCommands } from './audit-commands.ts';
import { endOnUsage } from './exit-codes.ts';
import { addExplorerCommands } from './explorer-commands.ts';
import { addFairnessCommands } from './fairness-commands.ts';
import { DEFAULT_EXPLORER_PORT, type DemoFlags, type ServiceFlags } from './flags.ts';
import { addKeysCommands } from './keys-commands.ts';
import type { ReconcileFlags } from './reconcile.ts';
import { addVerifyCommands } from './verify-commands.ts';

const DEFAULT_API_PORT = 8787;
const DEFAULT_RPC_PORT = 8899;

/** Every command with its options and help; nothing of what they run is loaded yet. */
export function commandLine(): Command {
  const program = new Command('casino')
    .description('ZK Casino: provably fair bets, settled on Solana with Groth16 proofs')
    .showHelpAfterError();
  withServiceOptions(program.command('start'))
    .description('run the local chain and the sequencer until Ctrl-C')
    .action(async (flags: ServiceFlags) => (await import('./start.ts')).runStart(flags));
  withServiceOptions(program.command('demo'))
    .description('watch bettors bet, and their bets proven, settled, finalized and reconciled')
    .option('--bets <count>', 'bets in all', wholeNumber, 200)
    .option('--bettors <count>', 'bettors', wholeNumber, 5)
    .option('--exit', 'end when all is settled, instead of staying up')
    .option('--json', 'print one JSON object as the last line')
    .action(async (flags: ServiceFlags & DemoFlags) => (await import('./demo.ts')).runDemoCommand(flags));
  program
    .command('reconcile')
    .description('compare a ledger with the chain, whether its service runs or not; writes nothing')
    .requiredOption('--data <directory>', 'where the ledger is kept')
    .requiredOption('--rpc <url>', "the chain's JSON-RPC address")
    .option('--json', 'print the report as one JSON object')
    .addHelpText('after', '\nExit codes: 0 nothing differs, 1 differences, 2 bad usage, 75 the chain does not answer.')
    .exitOverride(endOnUsage)
    .action(async (flags: ReconcileFlags) => {
      process.exitCode = await (await import('./reconcile.ts')).runReconcile(flags);
    });
  addArchiveCommands(program);
  addAuditCommands(program);
  addExplorerCommands(program);
  addFairnessCommands(program);
  addKeysCommands(program);
  addVerifyCommands(program);
  return program;
}

function withServiceOptions(command: Command): Command {
  return command
    .option('--data <directory>', 'where everything that lasts is kept', './data')
    .option('--reset', 'begin anew: wipe chain, ledger, keys and proofs together')
    .option('--blob-store <where>', 'where blobs are published too, repeatable: docs/operating/blobs.md', oneMore, [])
    .option('--api-port <port>', 'port of the API', wholeNumber, DEFAULT_API_PORT)
    .option('--proving-keys <directory>', 'proving keys of a ceremony, instead of development keys')
    .option('--rpc-port <port>', 'port of the local chain', wholeNumber, DEFAULT_RPC_PORT)
    .option('--explorer-port <port>', 'port of the explorer', wholeNumber, DEFAULT_EXPLORER_PORT)
    .option('--no-explorer', 'serve no explorer');
}

const oneMore = (value: string, before: string[]): string[] => [...before, value];

function wholeNumber(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new InvalidArgumentError('must be a positive whole number');
  return Number(text);
}
