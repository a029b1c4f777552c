import { makeBackup } from '../backup/backup.ts';
import { BackupDirectory } from '../backup/directory.ts';
import { restoreBackup } from '../backup/restore.ts';

/*
 * A process that backs up or restores, to be killed at any moment: node backup-process.ts <data> <backups> backup|restore. It says `begun` when
 * it begins, and `done` at its end.
 */
async function main(dataDirectory: string, path: string, doing: string): Promise<void> {
  process.stdout.write('begun\n');
  const common = { dataDirectory, nowMs: Date.now, onProgress: () => {} };
  if (doing === 'backup') await makeBackup({ ...common, directory: path, withKeys: true });
  else {
    const directory = new BackupDirectory(path);
    restoreBackup({ ...common, directory, name: directory.named(), replace: true, allowUnsigned: false });
  }
  process.stdout.write('done\n');
}

const [, , data, backups, doing] = process.argv;
await main(data as string, backups as string, doing as string);
