import { CasinoError, messageOf } from '../errors.ts';

/** Where a reader finds the way back from each of these. */
const GUIDE = 'docs/operating/recovery.md has the way back';

/** SQLite's primary result codes (sqlite.org/rescode.html): malformed content, not a database, a row that breaks its constraints. */
const CORRUPT = 11;
const NOT_A_DATABASE = 26;
const CONSTRAINT = 19;
const FULL = 13;

/**
 * The coded error for whatever went wrong with a ledger's files: `LEDGER_CORRUPT` where they hold something else than was written, so
 * that a restart reads it again, else `LEDGER_FAILED`. A coded error stays what it is and gains the file's name.
 */
export function ledgerFault(error: unknown, path: string, doing: 'opened' | 'read' | 'written'): CasinoError {
  if (error instanceof CasinoError) {
    const code = error.code;
    return new CasinoError(code, `${path}: ${error.message}; ${GUIDE}`, { cause: error });
  }
  const reason = messageOf(error);
  const primary = Number((error as { errcode?: number }).errcode ?? 0) & 0xff;
  const damaged =
    primary === CORRUPT || primary === NOT_A_DATABASE || (primary === CONSTRAINT && reason.includes('not what was'));
  const hint = primary === FULL ? '; free some space' : '';
  return damaged
    ? new CasinoError('LEDGER_CORRUPT', `${path} can not be ${doing}: ${reason}; ${GUIDE}`, { cause: error })
    : new CasinoError('LEDGER_FAILED', `${path} can not be ${doing}: ${reason}${hint}; ${GUIDE}`, { cause: error });
}
