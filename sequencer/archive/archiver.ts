import type { Logger } from 'pino';
import { compareBytes } from '../../protocol/bytes.ts';
import type { Clock } from '../clock.ts';
import { CasinoError, type ErrorCode, messageOf } from '../errors.ts';
import type { LedgerPort } from '../ledger/ledger.ts';
import type { ArchivedRange, ArchiveRecord, BetRecord, LedgerEntry } from '../ledger/records.ts';
import { checkArchive } from './check.ts';
import type { ArchiveFiles } from './files.ts';
import { BLOCK_ROWS, encodeBet, MAX_ROWS, ROW_BYTES } from './format.ts';
import { originOf } from './origin.ts';
import { type ArchivePlan, planArchive } from './plan.ts';
import { ArchiveWriter, archiveName } from './writer.ts';

/**
 * Bets that make an archive worth writing; fewer wait for this part of the limit, and a day at least: looking for an id reads each archive, and a
 * short limit must not make thousands of them.
 */
const LEAST_BETS = 16_384;
const OVERDUE_PART = 4;
const LEAST_OVERDUE_MS = 86_400_000;
/** Between two looks for bets that are due; sooner where the limit is short. */
const MAX_EVERY_MS = 600_000;
const MIN_EVERY_MS = 1_000;
/** After each step of some milliseconds, so that bets are answered in between. */
const PAUSE_MS = 10;
/** While more changes than this wait for the disk, archiving waits. */
const MAX_BACKLOG = 512;
/** Bets that one commit takes out of the ledger: what waits for the disk meanwhile waits some milliseconds. */
const BETS_A_COMMIT = 32;

/** What an archive leaves of the disk: the ledger lives there too, and a commit for which there is no room ends the service. */
const LEAST_FREE_BYTES = 268_435_456;

/** An archive that is not to be had, which is no fault of the ledger. */
const UNREADABLE = new Set<ErrorCode>(['ARCHIVE_MISSING', 'ARCHIVE_CORRUPT']);

export interface ArchiverOptions {
  ledger: LedgerPort;
  files: ArchiveFiles;
  /** How long a bet stays in the ledger once it is final; 0: for ever. */
  archiveAfterMs: number;
  clock: Clock;
  log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** For tests and the simulation, whose archives are small. */
  leastBets?: number;
  mostBets?: number;
}

/**
 * Moves settled bets that are older than a limit into archive files: writes a file and makes it durable, registers it, reads it back in full
 * and compares each bet with the ledger's, and only then takes those bets out, some at a time, each commit with the range that says where they
 * are now. A crash anywhere leaves each bet in the ledger or in a registered archive; a registered one that is not through is gone on with.
 */
export class Archiver {
  readonly #o: ArchiverOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #failure: string | undefined;

  constructor(options: ArchiverOptions) {
    this.#o = options;
  }

  /** Why the last run failed, in words, or undefined. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Begins the schedule, with a look at all archives that there are. */
  start(): void {
    this.#running = this.#loop();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /**
   * Moves one archive's worth of bets, if so many are due. Returns whether it did. One that can not be gone on with is thrown at the end: its bets
   * stay where they are, and keep no others in the ledger.
   */
  async run(): Promise<boolean> {
    let fault: CasinoError | undefined;
    for (const unfinished of this.#o.ledger.read.archives.unfinished()) {
      if (unfinished.state !== 'Copied') continue;
      try {
        await this.#move(unfinished);
      } catch (error) {
        if (!(error instanceof CasinoError && UNREADABLE.has(error.code))) throw error;
        fault ??= error;
      }
    }
    const moved = await this.#moveNext();
    if (fault) throw fault;
    return moved;
  }

  async #moveNext(): Promise<boolean> {
    const { ledger, files, archiveAfterMs, clock } = this.#o;
    if (archiveAfterMs === 0) return false;
    const last = ledger.read.archives.last();
    const finalByMs = clock.nowMs() - archiveAfterMs;
    const plan = await planArchive({
      read: ledger.read,
      afterBatch: last?.throughBatch ?? 0n,
      finalByMs,
      overdueMs: finalByMs - Math.max(LEAST_OVERDUE_MS, Math.floor(archiveAfterMs / OVERDUE_PART)),
      leastBets: this.#o.leastBets ?? LEAST_BETS,
      mostBets: this.#o.mostBets ?? MAX_ROWS,
      pause: this.#pause,
    });
    if (!plan) return false;
    files.clean();
    this.#assertRoom(plan);
    const archive = await this.#write(plan, (last?.archiveNumber ?? 0n) + 1n);
    await ledger.commit([{ kind: 'archive-created', archive }]);
    await this.#move({ ...archive, state: 'Copied' });
    return true;
  }

  async #loop(): Promise<void> {
    const { log, clock, archiveAfterMs } = this.#o;
    const everyMs = Math.max(MIN_EVERY_MS, Math.min(MAX_EVERY_MS, Math.floor(archiveAfterMs / OVERDUE_PART) || MAX_EVERY_MS));
    let shown = '';
    while (!this.#stopping.signal.aborted) {
      try {
        const problems = await this.#look();
        if (problems.length > 0 && problems[0] !== shown) log.error({ archives: problems }, 'archives can not be read');
        shown = problems[0] ?? '';
        while (await this.run());
        this.#failure = undefined;
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        this.#failure = messageOf(error);
        log.warn({ reason: this.#failure }, 'could not archive, trying again');
      }
      await clock.sleep(everyMs, this.#stopping.signal).catch(() => {});
    }
  }

  /** Whether all archives are there, one after the other; what is wrong, in words. */
  async #look(): Promise<string[]> {
    const { archives } = this.#o.ledger.read;
    for (const record of archives.list()) {
      archives.check([record]);
      await this.#pause();
    }
    return archives.problems;
  }

  #assertRoom({ bets }: ArchivePlan): void {
    const free = this.#o.files.freeBytes();
    if (free - bets * ROW_BYTES >= LEAST_FREE_BYTES) return;
    throw new Error(
      `${Math.floor(free / 1_048_576)} MB of disk are free, which the ledger needs more than an archive of ${bets} bets`,
    );
  }

  async #write(plan: ArchivePlan, archiveNumber: bigint): Promise<Omit<ArchiveRecord, 'state'>> {
    const { ledger, files, clock } = this.#o;
    const sink = files.create();
    try {
      const writer = new ArchiveWriter(sink, originOf(ledger.read, archiveNumber));
      for (const { vault, first, last } of plan.spans) {
        for (let from = first; from <= last; from += BigInt(BLOCK_ROWS)) {
          const to = from + BigInt(BLOCK_ROWS) - 1n;
          const range = { first: from, last: to < last ? to : last };
          const bets = ledger.read.hotBets(vault, range);
          if (BigInt(bets.length) !== range.last - range.first + 1n) {
            throw new CasinoError(
              'LEDGER_CORRUPT',
              `the ledger has ${bets.length} of the bets ${range.first} to ${range.last} of a vault`,
            );
          }
          for (const bet of bets) writer.add(bet);
          await this.#pause();
        }
      }
      const written = await writer.finish();
      const { fromBatch, throughBatch } = plan;
      return { ...written, fromBatch, throughBatch, createdAtMs: clock.nowMs() };
    } catch (error) {
      sink.discard();
      throw error;
    }
  }

  /** Takes out of the ledger what a Copied archive holds, once all of the file has been read back. */
  async #move(archive: ArchiveRecord): Promise<void> {
    const { ledger, log } = this.#o;
    const { archiveNumber, bets, bytes, fromBatch, throughBatch } = archive;
    const ranges = await this.#readBack(archive);
    let entries: LedgerEntry[] = [];
    let taken = 0;
    for (const range of ranges) {
      const count = Number(range.lastBet - range.firstBet) + 1;
      if (taken + count > BETS_A_COMMIT) {
        await ledger.commit(entries);
        await this.#pause();
        [entries, taken] = [[], 0];
      }
      entries.push({ kind: 'bets-archived', range });
      taken += count;
    }
    await ledger.commit([...entries, { kind: 'archive-became', archiveNumber, from: 'Copied', to: 'Moved' }]);
    const what = {
      archive: archiveNumber.toString(),
      bets,
      bytes,
      fromBatch: fromBatch.toString(),
      throughBatch: throughBatch.toString(),
    };
    log.info(what, 'settled bets have moved to an archive');
  }

  /** Compares every bet of an archive with the ledger's, and returns those that the ledger has, in ranges that one commit takes. */
  async #readBack(record: ArchiveRecord): Promise<ArchivedRange[]> {
    const ranges: ArchivedRange[] = [];
    const file = this.#o.files.open(archiveName(record));
    const name = `archive/${archiveName(record)}`;
    if (!file) throw new CasinoError('ARCHIVE_MISSING', `${name} is missing, and not all of its bets have left the ledger yet`);
    try {
      const onRows = (rows: BetRecord[], firstRow: number) => {
        for (let from = 0; from < rows.length; from += BETS_A_COMMIT) {
          ranges.push(...this.#stillHot(rows.slice(from, from + BETS_A_COMMIT), firstRow + from, record.archiveNumber));
        }
      };
      await checkArchive({ file, record, onRows, pause: this.#pause });
      return ranges;
    } catch (error) {
      if (error instanceof CasinoError || this.#stopping.signal.aborted) throw error;
      throw new CasinoError('ARCHIVE_CORRUPT', `${name} is not what was written: ${messageOf(error)}`, { cause: error });
    } finally {
      file.close();
    }
  }

  #stillHot(rows: readonly BetRecord[], firstRow: number, archiveNumber: bigint): ArchivedRange[] {
    const found: ArchivedRange[] = [];
    for (let from = 0, to = 0; from < rows.length; from = to) {
      const { vault, betNumber: first } = rows[from] as BetRecord;
      for (to = from + 1; to < rows.length && follows(rows[to] as BetRecord, rows[to - 1] as BetRecord); ) to += 1;
      const last = first + BigInt(to - from - 1);
      const hot = new Map(this.#o.ledger.read.hotBets(vault, { first, last }).map((bet) => [bet.betNumber, bet]));
      for (let at = from; at < to; at += 1) {
        const bet = rows[at] as BetRecord;
        const own = hot.get(bet.betNumber);
        if (!own) this.#assertMoved(bet, archiveNumber);
        else if (encodeBet(own).equals(encodeBet(bet))) extend(found, { bet, archiveNumber, row: firstRow + at });
        else
          throw new CasinoError(
            'ARCHIVE_CORRUPT',
            `row ${firstRow + at} of archive ${archiveNumber} is another bet in the ledger`,
          );
      }
    }
    return found;
  }

  #assertMoved({ vault, betNumber }: BetRecord, archiveNumber: bigint): void {
    if (this.#o.ledger.read.archives.rangeOf(vault, betNumber)?.archiveNumber === archiveNumber) return;
    throw new CasinoError(
      'LEDGER_CORRUPT',
      `bet ${betNumber} of a vault, in archive ${archiveNumber}, is in neither ledger nor range`,
    );
  }

  /** Rejects once the service stops. */
  readonly #pause = async (): Promise<void> => {
    const { clock, ledger } = this.#o;
    do await clock.sleep(PAUSE_MS, this.#stopping.signal);
    while (ledger.backlog > MAX_BACKLOG);
  };
}

/** Adds a bet to the last range where it follows on it, else begins another. */
function extend(
  ranges: ArchivedRange[],
  { bet, archiveNumber, row }: { bet: BetRecord; archiveNumber: bigint; row: number },
): void {
  const { vault, betNumber } = bet;
  const last = ranges.at(-1);
  const isNext = last && last.lastBet + 1n === betNumber && compareBytes(last.vault, vault) === 0;
  if (isNext) last.lastBet = betNumber;
  else ranges.push({ vault, firstBet: betNumber, lastBet: betNumber, archiveNumber, firstRow: row });
}

const follows = (next: BetRecord, bet: BetRecord): boolean =>
  next.betNumber === bet.betNumber + 1n && compareBytes(next.vault, bet.vault) === 0;
