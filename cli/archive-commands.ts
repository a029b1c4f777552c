import type { Command } from 'commander';
import type { NowFlags, RestoreFlags, VerifyFlags } from './archive.ts';
import { endOnUsage } from './exit-codes.ts';
import { positiveWhole } from './flags.ts';

/** Bad usage is not a finding. */
const EXIT_CODES =
  '\nExit codes: 0 fine, 1 something is missing or damaged, 2 bad usage, 75 the service has the ledger: stop it first.';

/** `casino archive …`: what there is to do with the files that settled bets have moved to. */
export function addArchiveCommands(program: Command): void {
  const archive = program
    .command('archive')
    .description('files that old settled bets have moved to; docs/operating/retention.md');
  const command = (name: string) =>
    archive
      .command(name)
      .requiredOption('--data <directory>', 'where the ledger is kept')
      .addHelpText('after', EXIT_CODES)
      .exitOverride(endOnUsage);
  command('list')
    .description('the archives of a ledger, whether its service runs or not')
    .option('--json', 'print one JSON object')
    .action(async (flags: { data: string; json?: boolean }) => {
      process.exitCode = await (await import('./archive.ts')).runList(flags);
    });
  command('verify')
    .description('read every archive in full: hashes, rows, where the ledger says bets are, receipts; writes nothing')
    .option('--receipt-key <address>', "the house's receipt key; that of the data directory if left out")
    .option('--json', 'print one JSON object')
    .action(async (flags: VerifyFlags) => {
      process.exitCode = await (await import('./archive.ts')).runVerify(flags);
    });
  command('restore')
    .description(
      "put an archive's bets back into the ledger, with the service stopped; a missing file is copied into its place first",
    )
    .argument('<file>', "the archive's file, a copy from anywhere, or its name")
    .option('--file-only', 'only put the file into its place: the service may run')
    .option('--json', 'print one JSON object')
    .action(async (file: string, flags: RestoreFlags) => {
      process.exitCode = await (await import('./archive.ts')).runRestore(file, flags);
    });
  command('now')
    .description('move all bets that have been settled for so long, with the service stopped')
    .requiredOption('--older-than-ms <time>', 'how long they stay, in milliseconds', positiveWhole(13))
    .option('--json', 'print one JSON object')
    .action(async (flags: NowFlags) => {
      process.exitCode = await (await import('./archive.ts')).runNow(flags);
    });
}
