import { createHash } from 'node:crypto';
import type { ArchiveRecord, BetRecord } from '../ledger/records.ts';
import type { ArchiveFile } from './files.ts';
import {
  ArchiveFormatError,
  type ArchiveOrigin,
  BLOCK_ROWS,
  decodeBet,
  keyOf,
  readBlock,
  readDirectory,
  readPage,
  rowsInBlock,
} from './format.ts';

/** Bytes that are hashed in one step. */
const CHUNK_BYTES = 1_048_576;
const PAGES_A_STEP = 16;

/** Called between steps of bounded work; rejects to stop. */
export type Pause = () => Promise<void>;

/**
 * Reads a whole archive back: its SHA-256, the hash of every part, every row, and the keys, which must be those of the rows. `onRows` gets
 * the rows block by block. `ArchiveFormatError` says what does not hold.
 */
export async function checkArchive(input: {
  file: ArchiveFile;
  record: ArchiveRecord;
  onRows(rows: BetRecord[], firstRow: number): void;
  pause: Pause;
}): Promise<ArchiveOrigin> {
  const { file, record, onRows, pause } = input;
  await checkHash(input);
  const { origin, directory } = readDirectory(file, record.directoryHash);
  const { archiveNumber, bets } = record;
  if (origin.archiveNumber !== archiveNumber || directory.rows !== bets) {
    throw new ArchiveFormatError(
      `it is archive ${origin.archiveNumber} with ${directory.rows} bets, not ${archiveNumber} with ${bets}`,
    );
  }
  const keys = new BigUint64Array(directory.rows);
  for (const index of directory.blocks.keys()) {
    const block = readBlock(file, directory, index);
    const rows = Array.from({ length: rowsInBlock(directory, index) }, (_, at) => decodeBet(block, at));
    const firstRow = index * BLOCK_ROWS;
    for (const [at, { head }] of rows.entries()) keys[firstRow + at] = keyOf(head, firstRow + at);
    onRows(rows, firstRow);
    await pause();
  }
  keys.sort();
  let row = 0;
  for (const index of directory.pages.keys()) {
    for (const key of readPage(file, directory, index)) {
      if (key !== keys[row]) throw new ArchiveFormatError(`its key ${row} is of no bet in it`);
      row += 1;
    }
    if (index % PAGES_A_STEP === 0) await pause();
  }
  if (row !== keys.length) throw new ArchiveFormatError('it has fewer keys than bets');
  return origin;
}

async function checkHash({ file, record, pause }: { file: ArchiveFile; record: ArchiveRecord; pause: Pause }): Promise<void> {
  const whole = createHash('sha256');
  for (let offset = 0; offset < file.size; offset += CHUNK_BYTES) {
    whole.update(file.read(offset, Math.min(CHUNK_BYTES, file.size - offset)));
    await pause();
  }
  if (!whole.digest().equals(record.fileHash)) throw new ArchiveFormatError('its SHA-256 is not the one that the ledger has');
}
