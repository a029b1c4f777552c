import { CasinoError } from '../errors.ts';
import type { LedgerPort } from '../ledger/ledger.ts';
import type { ArchiveRecord } from '../ledger/records.ts';

/** Bets that one commit puts back: nobody waits for an answer meanwhile. */
const BETS_A_COMMIT = 1_024;
const RANGES_A_STEP = 64;

/**
 * Puts the bets of an archive back into a ledger that no service has open. Each commit takes them out of the archive's ranges too, so that what
 * a crash interrupts is gone on with by the same call. `ARCHIVE_MISSING`, `ARCHIVE_CORRUPT`; returns how many bets it put back.
 */
export async function restoreArchive(
  ledger: LedgerPort,
  record: ArchiveRecord,
  onProgress: (done: number) => void = () => {},
): Promise<number> {
  const { archiveNumber, state } = record;
  const { archives } = ledger.read;
  if (state === 'Restored') return 0;
  if (state !== 'Restoring') await ledger.commit([{ kind: 'archive-became', archiveNumber, from: state, to: 'Restoring' }]);
  let done = 0;
  for (;;) {
    const ranges = archives.ranges(archiveNumber, { fromRow: 0, limit: RANGES_A_STEP });
    if (ranges.length === 0) break;
    for (const { vault, firstBet, lastBet } of ranges) {
      for (let first = firstBet; first <= lastBet; first += BigInt(BETS_A_COMMIT)) {
        const most = first + BigInt(BETS_A_COMMIT) - 1n;
        const bets = archives.bets(vault, { first, last: most < lastBet ? most : lastBet });
        if (bets.length === 0) throw new CasinoError('LEDGER_CORRUPT', `archive ${archiveNumber} has lost a range meanwhile`);
        await ledger.commit([{ kind: 'bets-restored', archiveNumber, bets }]);
        done += bets.length;
        onProgress(done);
      }
    }
  }
  await ledger.commit([{ kind: 'archive-became', archiveNumber, from: 'Restoring', to: 'Restored' }]);
  return done;
}
