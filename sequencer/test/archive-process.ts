import { dirname, join } from 'node:path';
import { Archiver } from '../archive/archiver.ts';
import { ArchiveDirectory } from '../archive/files.ts';
import { restoreArchive } from '../archive/restore.ts';
import { Ledger } from '../ledger/ledger.ts';

/*
 * A process that archives or restores, to be killed at any moment: node archive-process.ts <ledger> archive|restore. It says `open` once the
 * ledger is, and `done` when nothing is left to do.
 */
const MOST_BETS = 300;

async function main(path: string, doing: string): Promise<void> {
  const ledger = await Ledger.open({ path, onFailure: (error) => process.exit(error.retry ? 75 : 1) });
  process.stdout.write('open\n');
  if (doing === 'restore') {
    for (const record of ledger.read.archives.list()) await restoreArchive(ledger, record);
  } else {
    const files = new ArchiveDirectory(join(dirname(path), 'archive'));
    const clock = { nowMs: Date.now, sleep: () => new Promise<void>((resolve) => setImmediate(resolve)), random: Math.random };
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    const archiver = new Archiver({ ledger, files, archiveAfterMs: 1, clock, log, leastBets: 1, mostBets: MOST_BETS });
    while (await archiver.run());
  }
  await ledger.close();
  process.stdout.write('done\n');
}

const [, , path, doing] = process.argv;
await main(path as string, doing as string);
