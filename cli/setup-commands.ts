import { type Command, Option } from 'commander';
import { amountOf } from './amounts.ts';
import type { ConfigFlags } from './config.ts';
import type { DoctorFlags } from './doctor/doctor.ts';
import { endOnUsage } from './exit-codes.ts';
import type { InitFlags } from './init.ts';

/** One SOL: 200,000 settled batches. */
const SETTLER_LAMPORTS = 1_000_000_000n;

/** `casino init` and `casino config …`: a house before it runs. */
export function addSetupCommands(program: Command): void {
  program
    .command('init')
    .description('prepare a house: keys, settings file, and the house on chain, paid for by your keypair')
    .option(
      '--cluster <name or url>',
      "localnet, devnet, testnet, mainnet-beta or a node's address; by default that of `solana config`",
    )
    .option('--keypair <file>', 'who pays; by default the keypair of `solana config`')
    .option('--data <directory>', 'where everything that lasts is kept (default: ./data)')
    .option('--config <file>', 'the settings file to write, or to go on with (default: casino.toml)')
    .option('--program <address>', 'where the program is deployed')
    .option('--proving-keys <directory>', 'proving keys of a ceremony, instead of development keys')
    .option('--bankroll <amount>', 'what the house is funded with', amountOrNone)
    .addOption(
      new Option('--settler <amount>', 'what the settler is topped up to, for fees')
        .default(SETTLER_LAMPORTS, '1')
        .argParser(amountOrNone),
    )
    .addOption(
      new Option(
        '--commitment <level>',
        'at which your balance is read (default: that of `solana config`, or confirmed)',
      ).choices(['processed', 'confirmed', 'finalized']),
    )
    .option('--yes', 'do not ask before lamports are spent')
    .option('--json', 'print one JSON object')
    .addHelpText('after', INIT_HELP)
    .exitOverride(endOnUsage)
    .action(async (flags: InitFlags) => {
      process.exitCode = await (await import('./init.ts')).runInit(flags);
    });
  const config = program
    .command('config')
    .description('the settings: casino.toml, CASINO_* in the environment, defaults')
    .exitOverride(endOnUsage);
  const command = (name: string, description: string) =>
    config
      .command(name)
      .description(description)
      .option('--config <file>', 'the settings file (default: casino.toml if there is one)')
      .option('--data <directory>', 'as `casino start` would be given it')
      .option('--json', 'print one JSON object')
      .exitOverride(endOnUsage);
  command('check', 'say whether the settings here are right, and all that is wrong with them')
    .addHelpText('after', CONFIG_HELP('check --config casino.toml'))
    .action(async (flags: ConfigFlags) => {
      process.exitCode = await (await import('./config.ts')).runConfigCheck(flags);
    });
  command('show', 'every setting as it is in effect, and where it comes from; secrets hidden')
    .addHelpText('after', CONFIG_HELP('show'))
    .action(async (flags: ConfigFlags) => {
      process.exitCode = await (await import('./config.ts')).runConfigShow(flags);
    });
  program
    .command('doctor')
    .description('look for everything that an operator gets wrong: machine, settings, keys, ledger, chain, house')
    .option('--config <file>', 'the settings file (default: casino.toml if there is one)')
    .option('--data <directory>', 'as `casino start` would be given it')
    .option('--json', 'print one JSON object')
    .addHelpText('after', DOCTOR_HELP)
    .exitOverride(endOnUsage)
    .action(async (flags: DoctorFlags) => {
      process.exitCode = await (await import('./doctor/doctor.ts')).runDoctor(flags);
    });
}

const DOCTOR_HELP = `
Examples:
  casino doctor
  casino doctor --config /etc/casino.toml --json

Each line is fine (✓), to look at (!), without an answer (?) or wrong (✗), with what to do. Changes nothing; the service may run.
Exit codes: 0 nothing is wrong, 1 something is, 2 bad usage or a settings file that can not be read, 75 the chain does not answer.`;

const INIT_HELP = `
Examples:
  casino init --cluster localnet
  casino init --cluster devnet --program ADDRESS --bankroll 2
  casino init --cluster mainnet-beta --program ADDRESS --proving-keys ceremony --bankroll 500 --keypair payer.json

What it costs is shown before anything is sent. A run that was interrupted is gone on with by the same command.
Exit codes: 0 done, 1 lamports are missing, it was declined, or the chain has something else, 2 bad usage, 75 the chain does not answer.`;

const CONFIG_HELP = (example: string) => `
Example:
  casino config ${example}

Exit codes: 0 right, 1 something is wrong in the settings, 2 bad usage or a file that can not be read.`;

/** Nothing is an amount here too. */
const amountOrNone = (text: string): bigint => (text === '0' ? 0n : amountOf(text));
