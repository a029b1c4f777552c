import { DatabaseSync } from 'node:sqlite';
import { CasinoError } from '../errors.ts';
import { ledgerFault } from './faults.ts';

const SQLITE_BUSY = 5;

/** A lock that the operating system releases when the process ends, however it ends. */
export interface HeldLock {
  close(): void;
}

/** Where the lock of a ledger is. */
export const lockOf = (ledgerPath: string): string => `${ledgerPath}.lock`;

/** Takes the lock at `path`, or throws `LEDGER_LOCKED`: `what` says what another process has open. */
export function takeLock(path: string, what = 'this data directory'): HeldLock {
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(path);
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE;');
    return lock;
  } catch (error) {
    lock?.close();
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw ledgerFault(error, path, 'opened');
    throw new CasinoError('LEDGER_LOCKED', `another process has ${what} open`, { cause: error });
  }
}
