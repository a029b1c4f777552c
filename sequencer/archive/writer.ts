import { createHash } from 'node:crypto';
import { toHex } from '../../protocol/bytes.ts';
import type { ArchiveRecord, BetRecord } from '../ledger/records.ts';
import type { ArchiveSink } from './files.ts';
import {
  type ArchiveOrigin,
  BLOCK_ROWS,
  compressBlock,
  type Directory,
  directoryHash,
  encodeBet,
  encodeDirectory,
  encodeHeader,
  encodePages,
  keyOf,
  MAX_ROWS,
  partHash,
  ROW_BYTES,
} from './format.ts';

export const ARCHIVE_ENDING = '.zka';

/** An archive's file name: its number, for people, and the SHA-256 of the whole file. */
export const archiveName = ({ archiveNumber, fileHash }: Pick<ArchiveRecord, 'archiveNumber' | 'fileHash'>): string =>
  `${archiveNumber.toString().padStart(6, '0')}-${toHex(fileHash)}${ARCHIVE_ENDING}`;

/** Writes one archive, block by block. Bets come in the order of vaults and numbers. */
export class ArchiveWriter {
  readonly #sink: ArchiveSink;
  readonly #header: Buffer;
  readonly #hash = createHash('sha256');
  readonly #rows = Buffer.alloc(BLOCK_ROWS * ROW_BYTES);
  readonly #keys = new BigUint64Array(MAX_ROWS);
  readonly #blocks: Directory['blocks'] = [];
  readonly #archiveNumber: bigint;
  #count = 0;
  #bytes = 0;

  constructor(sink: ArchiveSink, origin: ArchiveOrigin) {
    this.#sink = sink;
    this.#header = encodeHeader(origin);
    this.#archiveNumber = origin.archiveNumber;
    this.#append(this.#header);
  }

  add(bet: BetRecord): void {
    if (this.#count === MAX_ROWS) throw new Error(`an archive has at most ${MAX_ROWS} bets`);
    const index = this.#count % BLOCK_ROWS;
    encodeBet(bet, this.#rows.subarray(index * ROW_BYTES, (index + 1) * ROW_BYTES));
    this.#keys[this.#count] = keyOf(bet.head, this.#count);
    this.#count += 1;
    if (index === BLOCK_ROWS - 1) this.#endBlock(BLOCK_ROWS);
  }

  /** Makes the file durable, and says what the ledger has to know of it. */
  async finish(): Promise<Pick<ArchiveRecord, 'archiveNumber' | 'fileHash' | 'directoryHash' | 'bytes' | 'bets'>> {
    const rest = this.#count % BLOCK_ROWS;
    if (rest > 0) this.#endBlock(rest);
    const { bytes, pages } = encodePages(this.#keys.subarray(0, this.#count).sort());
    this.#append(bytes);
    const directory = encodeDirectory({ rows: this.#count, blocks: this.#blocks, pages }, this.#bytes);
    this.#append(directory);
    const fileHash = new Uint8Array(this.#hash.digest());
    const archiveNumber = this.#archiveNumber;
    await this.#sink.finish(archiveName({ archiveNumber, fileHash }));
    const described = { archiveNumber, fileHash, directoryHash: directoryHash(this.#header, directory) };
    return { ...described, bytes: this.#bytes, bets: this.#count };
  }

  #endBlock(rows: number): void {
    const bytes = compressBlock(this.#rows.subarray(0, rows * ROW_BYTES));
    this.#blocks.push({ offset: this.#bytes, length: bytes.length, hash: partHash(bytes) });
    this.#append(bytes);
  }

  #append(bytes: Uint8Array): void {
    this.#sink.append(bytes);
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
  }
}
