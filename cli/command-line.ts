import { Command } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { addArchiveCommands } from './archive-commands.ts';
import { addAuditCommands } from './audit-commands.ts';
import { addBackupCommands } from './backup-commands.ts';
import { addBettorCommands } from './bettor-commands.ts';
import { addCompletionCommands } from './completion-commands.ts';
import { addExamples } from './examples.ts';
import { endOnUsage } from './exit-codes.ts';
import { addExplorerCommands } from './explorer-commands.ts';
import { addFairnessCommands } from './fairness-commands.ts';
import { DEFAULT_EXPLORER_PORT, type DemoFlags, positiveWhole, type ServiceFlags, type StartFlags } from './flags.ts';
import { addHouseCommands } from './house-commands.ts';
import { addKeysCommands } from './keys-commands.ts';
import type { ReconcileFlags } from './reconcile.ts';
import { addReplayCommands } from './replay-commands.ts';
import { addSetupCommands } from './setup-commands.ts';
import { addStatusCommands } from './status-commands.ts';
import { addVerifyCommands } from './verify-commands.ts';

const DEFAULT_API_PORT = 8787;
const DEFAULT_RPC_PORT = 8899;

/** Every command with its options and help; nothing of what they run is loaded yet. */
export function commandLine(): Command {
  const program = new Command('casino')
    .description('ZK Casino: provably fair bets, settled on Solana with Groth16 proofs')
    .version(packageJson.version, '--version', 'print the version')
    .addHelpText('after', HELP)
    .showHelpAfterError('(--help says more)')
    .exitOverride(endOnUsage)
    .commandsGroup('Run a house:');
  addSetupCommands(program);
  withServiceOptions(program.command('start'), NO_DEFAULTS)
    .description('run the sequencer until Ctrl-C, on the chain of casino.toml, or with a local chain beside it')
    .option('--config <file>', 'the settings file (default: casino.toml if there is one)')
    .option('--rpc <url>', 'the JSON-RPC address of a node, instead of the one of the settings')
    .addHelpText('after', START_HELP)
    .exitOverride(endOnUsage)
    .action(async (flags: StartFlags) => {
      process.exitCode = await (await import('./start.ts')).runStart(flags);
    });
  addStatusCommands(program);
  addHouseCommands(program);
  program.commandsGroup('Try it out, and bet:');
  withServiceOptions(program.command('demo'), { data: './data', apiPort: DEFAULT_API_PORT })
    .description('watch bettors bet, and their bets proven, settled, finalized and reconciled')
    .option('--bets <count>', 'bets in all', positiveWhole(9), 200)
    .option('--bettors <count>', 'bettors', positiveWhole(9), 5)
    .option('--exit', 'end when all is settled, instead of staying up')
    .option('--json', 'print one JSON object as the last line')
    .addHelpText('after', DEMO_HELP)
    .action(async (flags: ServiceFlags & DemoFlags) => (await import('./demo.ts')).runDemoCommand(flags));
  addExplorerCommands(program);
  addBettorCommands(program);
  program.commandsGroup('Check a house:');
  program
    .command('reconcile')
    .description('compare a ledger with the chain, whether its service runs or not; writes nothing')
    .requiredOption('--data <directory>', 'where the ledger is kept')
    .requiredOption('--rpc <url>', "the chain's JSON-RPC address")
    .option('--json', 'print the report as one JSON object')
    .addHelpText('after', RECONCILE_HELP)
    .exitOverride(endOnUsage)
    .action(async (flags: ReconcileFlags) => {
      process.exitCode = await (await import('./reconcile.ts')).runReconcile(flags);
    });
  addAuditCommands(program);
  addFairnessCommands(program);
  addReplayCommands(program);
  addVerifyCommands(program);
  program.commandsGroup('Keep its files and keys:');
  addBackupCommands(program);
  addArchiveCommands(program);
  addKeysCommands(program);
  program.commandsGroup('About this command line:').helpCommand(true);
  addExamples(program);
  addCompletionCommands(program, endOnUsage);
  return program;
}

const HELP = `
Examples:
  casino demo --exit                                                 everything once, on a local chain
  casino init --cluster devnet --program ADDRESS --bankroll 2        a house of your own
  casino verify chain --rpc URL --blobs WHERE                        somebody's house, from public data alone

\`casino COMMAND --help\` has examples and exit codes.`;

const DEMO_HELP = `
Example:
  casino demo --bets 50 --exit

Exit codes: 0 every bet was settled and nothing differs, 1 something went wrong, 2 bad usage, 130 interrupted.`;

const RECONCILE_HELP = `
Example:
  casino reconcile --data data --rpc http://127.0.0.1:8899

Exit codes: 0 nothing differs, 1 differences, 2 bad usage, 75 the chain does not answer.`;

const START_HELP = `
Examples:
  casino start                                a local chain, for trying out
  casino start --config /etc/casino.toml      the house that \`casino init\` has made

Flags go before CASINO_* in the environment, that before the settings file, and that before the defaults (docs/reference/config.md).
Exit codes: 0 stopped by Ctrl-C or SIGTERM, 1 it can not go on, 2 bad usage or settings, 75 it may work when started again.`;

/** What is left out comes from the settings. */
const NO_DEFAULTS = { data: undefined, apiPort: undefined };

function withServiceOptions(command: Command, defaults: { data: string | undefined; apiPort: number | undefined }): Command {
  return command
    .option('--data <directory>', 'where everything that lasts is kept', defaults.data)
    .option('--reset', 'begin anew, on the local chain alone: wipe chain, ledger, keys and proofs together')
    .option('--blob-store <where>', 'where blobs are published too, repeatable: docs/operating/blobs.md', oneMore, [])
    .option('--api-port <port>', 'port of the API', positiveWhole(9), defaults.apiPort)
    .option('--proving-keys <directory>', 'proving keys of a ceremony, instead of development keys')
    .option('--rpc-port <port>', 'port of the local chain', positiveWhole(9), DEFAULT_RPC_PORT)
    .option('--explorer-port <port>', 'port of the explorer', positiveWhole(9), DEFAULT_EXPLORER_PORT)
    .option('--no-explorer', 'serve no explorer');
}

const oneMore = (value: string, before: string[]): string[] => [...before, value];
