import type { Command } from 'commander';
import type { BackupFlags, ListFlags, RestoreFlags, VerifyFlags } from './backup.ts';
import { endOnUsage } from './exit-codes.ts';
import { positiveWhole } from './flags.ts';

const BACKUP_HELP = `
Examples:
  casino backup --data data --to /mnt/backups --keep 30      every hour, say, while the service runs
  casino backup --data data --to /media/safe --with-keys     once for each new terms, to another place
  casino backup verify /mnt/backups
  casino backup list /mnt/backups

Exit codes: 0 fine, 1 something is missing or damaged, 2 bad usage, 75 it could not be written, or another backup is under way.`;

const RESTORE_HELP = `
Examples:
  casino restore --from /mnt/backups --data data             the newest backup into a directory without a ledger
  casino restore --from /mnt/backups --data data --replace   the ledger that is there is moved aside, nothing is deleted
  casino restore --in-place --data data                      go on with the ledger that is there, after LEDGER_STALE

The next start learns from the chain what the ledger lacks, opens new terms, and only then takes bets: docs/operating/recovery.md.
Exit codes: 0 restored, 1 the backup is damaged, 2 bad usage, 75 the service has the ledger: stop it first.`;

const JSON_HELP = '\nWith --json one JSON object. Exit codes: 0 whole, 1 something is missing or damaged, 2 bad usage.';

/** `casino backup …` and `casino restore`. */
export function addBackupCommands(program: Command): void {
  const backup = program
    .command('backup')
    .description('copy ledger, archives and blobs to another place, whether the service runs or not; docs/operating/backup.md')
    .option('--data <directory>', 'where the ledger is kept')
    .option('--to <directory>', 'where backups are kept: another disk')
    .option('--with-keys', "the house's secrets too, in a file that only you may read: whoever has it is the house")
    .option('--keep <count>', 'remove all but so many of the newest backups', positiveWhole(6))
    .option('--json', 'print one JSON object')
    .addHelpText('after', BACKUP_HELP)
    .exitOverride(endOnUsage)
    .action(async (flags: BackupFlags) => {
      process.exitCode = await (await import('./backup.ts')).runBackup(flags);
    });
  // `--json` is the parent's, and taken from wherever it stands.
  backup
    .command('verify')
    .description('read a backup in full: hashes, rows, archives, blobs; writes nothing')
    .argument('<directory>', 'where backups are kept')
    .option('--name <name>', 'which one; the newest if left out')
    .addHelpText('after', JSON_HELP)
    .exitOverride(endOnUsage)
    .action(async (directory: string, _: VerifyFlags, command: Command) => {
      process.exitCode = await (await import('./backup.ts')).runVerify(directory, command.optsWithGlobals());
    });
  backup
    .command('list')
    .description('the backups of a directory, the oldest first')
    .argument('<directory>', 'where backups are kept')
    .addHelpText('after', JSON_HELP)
    .exitOverride(endOnUsage)
    .action(async (directory: string, _: ListFlags, command: Command) => {
      process.exitCode = await (await import('./backup.ts')).runList(directory, command.optsWithGlobals());
    });
  program
    .command('restore')
    .description('put a backup into a data directory, with the service stopped')
    .requiredOption('--data <directory>', 'where the ledger is to be')
    .option('--from <directory>', 'where backups are kept')
    .option('--name <name>', 'which one; the newest if left out')
    .option('--replace', 'move a ledger that is there aside')
    .option('--unsigned', 'take one that is not signed although the receipt key is there: you know where it comes from')
    .option('--in-place', 'restore nothing: mark the ledger that is there as stale, so that it goes on under new terms')
    .option('--json', 'print one JSON object')
    .addHelpText('after', RESTORE_HELP)
    .exitOverride(endOnUsage)
    .action(async (flags: RestoreFlags) => {
      process.exitCode = await (await import('./backup.ts')).runRestore(flags);
    });
}
