import { compareBytes, toHex } from '../../protocol/bytes.ts';
import { CasinoError, messageOf } from '../errors.ts';
import type { ArchiveRecord, BetRecord } from '../ledger/records.ts';
import type { ArchiveFile, ArchiveFiles } from './files.ts';
import { BLOCK_ROWS, candidateRows, type Directory, decodeBet, readBlock, readDirectory } from './format.ts';
import { HeadFilter } from './head-filter.ts';
import { archiveName } from './writer.ts';

/** Archives that are kept open with their directories (some 35 kB each), and blocks that are kept as they are (52 kB each). */
const MAX_OPEN_ARCHIVES = 256;
const MAX_KEPT_BLOCKS = 32;
const GUIDE = 'docs/operating/retention.md has the way back';

interface OpenArchive {
  file: ArchiveFile;
  directory: Directory;
}

/**
 * Reads bets from archives that the ledger has registered, one block at a time, nothing of it before its hash is checked. A file that is
 * not there or can not be read is `ARCHIVE_MISSING`, one that is not what was written `ARCHIVE_CORRUPT`: only the bets in it go unanswered.
 */
export class ArchiveShelf {
  readonly #files: ArchiveFiles;
  /** Oldest use first, both. */
  readonly #open = new Map<bigint, OpenArchive>();
  readonly #blocks = new Map<string, Uint8Array>();
  readonly #damaged = new Map<bigint, CasinoError>();
  readonly #filters = new Map<bigint, HeadFilter>();

  constructor(files: ArchiveFiles) {
    this.#files = files;
  }

  /** What was wrong with archives when they were last looked at, in words. */
  get problems(): string[] {
    return [...this.#damaged.values()].map(({ message }) => message);
  }

  /** The bet in a row, which must be this one. */
  bet(record: ArchiveRecord, at: { row: number; vault: Uint8Array; betNumber: bigint }): BetRecord {
    return this.#reading(record, (archive) => {
      const bet = this.#row(record, archive, at.row);
      if (bet.betNumber === at.betNumber && compareBytes(bet.vault, at.vault) === 0) return bet;
      throw new Error(`row ${at.row} is not bet ${at.betNumber} of vault ${toHex(at.vault)}`);
    });
  }

  /** Learns which heads an archive does not hold, some tens of milliseconds of reading; false if that is known already. */
  learn(record: ArchiveRecord): boolean {
    if (this.#filters.has(record.archiveNumber)) return false;
    const filter = this.#reading(record, ({ file, directory }) => HeadFilter.read(file, directory));
    this.#filters.set(record.archiveNumber, filter);
    return true;
  }

  /** The bet with a head, if it is in this archive. */
  byHead(record: ArchiveRecord, head: Uint8Array): BetRecord | undefined {
    if (this.#filters.get(record.archiveNumber)?.mayHold(head) === false) return undefined;
    return this.#reading(record, (archive) => {
      for (const row of candidateRows(archive.file, archive.directory, head)) {
        const bet = this.#row(record, archive, row);
        if (compareBytes(bet.head, head) === 0) return bet;
      }
      return undefined;
    });
  }

  /** Looks at what is under the archive's name now: whether it is there, in its whole length, and says what it holds. */
  check(record: ArchiveRecord): void {
    this.#forget(record.archiveNumber);
    try {
      this.#reading(record, () => {});
    } catch (error) {
      if (!(error instanceof CasinoError)) throw error;
    }
  }

  close(): void {
    for (const archiveNumber of [...this.#open.keys()]) this.#forget(archiveNumber);
  }

  #reading<T>(record: ArchiveRecord, read: (archive: OpenArchive) => T): T {
    const { archiveNumber } = record;
    try {
      const found = read(this.#opened(record));
      this.#damaged.delete(archiveNumber);
      return found;
    } catch (error) {
      this.#forget(archiveNumber);
      const fault = error instanceof CasinoError ? error : faultOf(`archive/${archiveName(record)}`, error);
      this.#damaged.set(archiveNumber, fault);
      throw fault;
    }
  }

  #opened(record: ArchiveRecord): OpenArchive {
    const { archiveNumber } = record;
    let archive = this.#open.get(archiveNumber);
    if (archive) this.#open.delete(archiveNumber);
    else archive = this.#openFile(record);
    this.#open.set(archiveNumber, archive);
    const [oldest] = this.#open.keys();
    if (this.#open.size > MAX_OPEN_ARCHIVES && oldest !== undefined) this.#forget(oldest);
    return archive;
  }

  #openFile(record: ArchiveRecord): OpenArchive {
    const name = archiveName(record);
    const file = this.#files.open(name);
    if (!file) throw new CasinoError('ARCHIVE_MISSING', `archive/${name} is missing: put the file back; ${GUIDE}`);
    try {
      if (file.size !== record.bytes) throw new Error(`it has ${file.size} bytes of ${record.bytes}`);
      return { file, directory: readDirectory(file, record.directoryHash).directory };
    } catch (error) {
      file.close();
      throw error;
    }
  }

  #row(record: ArchiveRecord, { file, directory }: OpenArchive, row: number): BetRecord {
    const index = Math.floor(row / BLOCK_ROWS);
    const key = `${record.archiveNumber}/${index}`;
    let block = this.#blocks.get(key);
    if (block) this.#blocks.delete(key);
    else block = readBlock(file, directory, index);
    this.#blocks.set(key, block);
    const [oldest] = this.#blocks.keys();
    if (this.#blocks.size > MAX_KEPT_BLOCKS && oldest !== undefined) this.#blocks.delete(oldest);
    if (row >= directory.rows) throw new Error(`it has no row ${row}`);
    return decodeBet(block, row % BLOCK_ROWS);
  }

  #forget(archiveNumber: bigint): void {
    this.#open.get(archiveNumber)?.file.close();
    this.#open.delete(archiveNumber);
    for (const key of [...this.#blocks.keys()]) if (key.startsWith(`${archiveNumber}/`)) this.#blocks.delete(key);
  }
}

/** What the machine refuses, files for want of handles or of rights say, is no damage: it can be read once that is over. */
function faultOf(name: string, error: unknown): CasinoError {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall !== undefined)
    return new CasinoError('ARCHIVE_MISSING', `${name} can not be read: ${code}; ${GUIDE}`, { cause: error });
  return new CasinoError('ARCHIVE_CORRUPT', `${name} can not be believed: ${messageOf(error)}; ${GUIDE}`, { cause: error });
}
