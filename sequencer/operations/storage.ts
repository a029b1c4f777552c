import { statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** What the ledger takes and what is left for it, in bytes. */
export interface Storage {
  ledgerBytes: number;
  walBytes: number;
  diskFreeBytes: number;
}

export function storageOf(ledgerPath: string): Storage {
  const size = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const { bavail, bsize } = statfsSync(dirname(ledgerPath));
  return { ledgerBytes: size(ledgerPath), walBytes: size(`${ledgerPath}-wal`), diskFreeBytes: bavail * bsize };
}
