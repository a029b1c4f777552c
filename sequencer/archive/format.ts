import { hash } from 'node:crypto';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { CoinSide } from '../../protocol/bet.ts';
import type { BetRecord } from '../ledger/records.ts';

/*
 * The archive file, as in docs/reference/layouts.md section 9: a header, blocks of bets, pages of keys for finding a bet by its head, and a
 * directory with the hash of each block and page. The directory's own hash is in the ledger, so that one block can be believed without
 * reading the others.
 */
const MAGIC = Buffer.from('ZKCARCH1', 'latin1');
export const ROW_BYTES = 406;
export const BLOCK_ROWS = 128;
/** A key has 17 bits for the row. */
export const MAX_ROWS = 131_072;
const ROW_BITS = 17n;
const HEADER_BYTES = 136;
const LEDGER_ID_BYTES = 16;
const KEY_BYTES = 8;
const PAGE_KEYS = 512;
const HASH_BYTES = 16;
const COUNTS_BYTES = 12;
const BLOCK_ENTRY_BYTES = 12 + HASH_BYTES;
const PAGE_ENTRY_BYTES = KEY_BYTES + HASH_BYTES;
const TRAILER_BYTES = 16;
const MAX_DIRECTORY_BYTES =
  COUNTS_BYTES + (MAX_ROWS / BLOCK_ROWS) * BLOCK_ENTRY_BYTES + (MAX_ROWS / PAGE_KEYS) * PAGE_ENTRY_BYTES + TRAILER_BYTES;
/** No block is larger: what does not shrink grows by a few bytes. */
const MAX_BLOCK_BYTES = BLOCK_ROWS * ROW_BYTES + 1_024;

/** Whose bets these are. */
export interface ArchiveOrigin {
  archiveNumber: bigint;
  /** 16 bytes. */
  ledgerId: Uint8Array;
  /** Program, house and genesis hash, 32 bytes each. */
  identity: Uint8Array;
}

/** Where blocks and pages lie, each with the first 16 bytes of its SHA-256. */
export interface Directory {
  rows: number;
  blocks: { offset: number; length: number; hash: Uint8Array }[];
  pages: { firstKey: bigint; hash: Uint8Array }[];
  /** Where the first page begins; they follow each other. */
  pagesOffset: number;
}

/** A file of which parts can be read. */
export interface ReadableFile {
  readonly size: number;
  /** Exactly these bytes; throws if there are fewer. */
  read(offset: number, length: number): Uint8Array;
}

/** That a file is not what was written, or no archive at all; whoever opened it says which file. */
export class ArchiveFormatError extends Error {}

export function encodeBet(bet: BetRecord, row: Buffer = Buffer.alloc(ROW_BYTES)): Buffer {
  row.set(bet.vault, 0);
  row.writeBigUInt64LE(bet.betNumber, 32);
  row.writeUInt32LE(bet.termsId, 40);
  row.writeBigUInt64LE(bet.stakeUnits, 44);
  row.writeUInt8(bet.choice, 52);
  row.writeUInt8(bet.outcome, 53);
  row.set(bet.clientSeed, 54);
  row.set(bet.head, 86);
  row.set(bet.sessionKey, 118);
  row.set(bet.signature, 182);
  row.set(bet.serverSeed, 278);
  row.writeBigUInt64LE(bet.payout, 310);
  row.writeBigUInt64LE(bet.balanceAfter, 318);
  row.writeBigInt64LE(bet.cumulativeDelta, 326);
  row.writeBigUInt64LE(bet.timeMs, 334);
  row.set(bet.receiptSignature, 342);
  return row;
}

/** Bytes of its own: what it came from may be kept for others. */
export function decodeBet(block: Uint8Array, index: number): BetRecord {
  const row = Buffer.from(block.buffer, block.byteOffset + index * ROW_BYTES, ROW_BYTES);
  const bytes = (from: number, to: number) => new Uint8Array(row.subarray(from, to));
  const side = (at: number): CoinSide => {
    const value = row.readUInt8(at);
    if (value !== 0 && value !== 1) throw new ArchiveFormatError(`a coin has no side ${value}`);
    return value;
  };
  return {
    vault: bytes(0, 32),
    betNumber: row.readBigUInt64LE(32),
    termsId: row.readUInt32LE(40),
    stakeUnits: row.readBigUInt64LE(44),
    choice: side(52),
    clientSeed: bytes(54, 86),
    head: bytes(86, 118),
    sessionKey: bytes(118, 182),
    signature: bytes(182, 278),
    serverSeed: bytes(278, 310),
    outcome: side(53),
    payout: row.readBigUInt64LE(310),
    balanceAfter: row.readBigUInt64LE(318),
    cumulativeDelta: row.readBigInt64LE(326),
    timeMs: row.readBigUInt64LE(334),
    receiptSignature: bytes(342, 406),
  };
}

/** The first 47 bits of a head above 17 bits of row: in order of heads, whatever the row. */
export function keyOf(head: Uint8Array, row: number): bigint {
  return (Buffer.from(head.buffer, head.byteOffset, 8).readBigUInt64BE() & ~ROW_MASK) | BigInt(row);
}
const ROW_MASK = (1n << ROW_BITS) - 1n;

export const partHash = (bytes: Uint8Array): Buffer => hash('sha256', bytes, 'buffer').subarray(0, HASH_BYTES);

export function compressBlock(rows: Uint8Array): Buffer {
  return zstdCompressSync(rows);
}

export function encodeHeader({ archiveNumber, ledgerId, identity }: ArchiveOrigin): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt16LE(ROW_BYTES, 8);
  header.writeUInt16LE(BLOCK_ROWS, 10);
  header.writeBigUInt64LE(archiveNumber, 16);
  header.set(ledgerId, 24);
  header.set(identity, 24 + LEDGER_ID_BYTES);
  return header;
}

/** All keys, sorted, as pages of the file. */
export function encodePages(keys: BigUint64Array): { bytes: Buffer; pages: Directory['pages'] } {
  // Little endian, as every machine that this runs on.
  const bytes = Buffer.from(keys.slice().buffer);
  const pages: Directory['pages'] = [];
  for (let first = 0; first < keys.length; first += PAGE_KEYS) {
    const page = bytes.subarray(first * KEY_BYTES, (first + PAGE_KEYS) * KEY_BYTES);
    pages.push({ firstKey: keys[first] as bigint, hash: partHash(page) });
  }
  return { bytes, pages };
}

/** `offset`: where it will lie in the file. */
export function encodeDirectory({ rows, blocks, pages }: Omit<Directory, 'pagesOffset'>, offset: number): Buffer {
  const pagesAt = COUNTS_BYTES + blocks.length * BLOCK_ENTRY_BYTES;
  const bytes = Buffer.alloc(pagesAt + pages.length * PAGE_ENTRY_BYTES + TRAILER_BYTES);
  for (const [index, count] of [rows, blocks.length, pages.length].entries()) bytes.writeUInt32LE(count, 4 * index);
  for (const [index, block] of blocks.entries()) {
    const at = COUNTS_BYTES + index * BLOCK_ENTRY_BYTES;
    bytes.writeBigUInt64LE(BigInt(block.offset), at);
    bytes.writeUInt32LE(block.length, at + 8);
    bytes.set(block.hash, at + 12);
  }
  for (const [index, page] of pages.entries()) {
    const at = pagesAt + index * PAGE_ENTRY_BYTES;
    bytes.writeBigUInt64LE(page.firstKey, at);
    bytes.set(page.hash, at + KEY_BYTES);
  }
  bytes.writeBigUInt64LE(BigInt(offset), bytes.length - TRAILER_BYTES);
  MAGIC.copy(bytes, bytes.length - MAGIC.length);
  return bytes;
}

export const directoryHash = (header: Uint8Array, directory: Uint8Array): Uint8Array =>
  new Uint8Array(hash('sha256', Buffer.concat([header, directory]), 'buffer'));

/** Reads header and directory; `ArchiveFormatError` unless they hash to `expected`, which the ledger has. */
export function readDirectory(file: ReadableFile, expected: Uint8Array): { origin: ArchiveOrigin; directory: Directory } {
  if (file.size < HEADER_BYTES + COUNTS_BYTES + TRAILER_BYTES) throw new ArchiveFormatError('it is too short');
  const trailer = Buffer.from(file.read(file.size - TRAILER_BYTES, TRAILER_BYTES));
  const offset = Number(trailer.readBigUInt64LE(0));
  const length = file.size - offset;
  if (offset < HEADER_BYTES || length > MAX_DIRECTORY_BYTES || length < COUNTS_BYTES + TRAILER_BYTES) {
    throw new ArchiveFormatError('its end is not that of an archive');
  }
  const header = Buffer.from(file.read(0, HEADER_BYTES));
  const bytes = Buffer.from(file.read(offset, length));
  if (!Buffer.from(expected).equals(directoryHash(header, bytes))) {
    throw new ArchiveFormatError('its header or directory is not what was written');
  }
  const origin = {
    archiveNumber: header.readBigUInt64LE(16),
    ledgerId: new Uint8Array(header.subarray(24, 24 + LEDGER_ID_BYTES)),
    identity: new Uint8Array(header.subarray(24 + LEDGER_ID_BYTES)),
  };
  return { origin, directory: decodeDirectory(bytes) };
}

function decodeDirectory(bytes: Buffer): Directory {
  const [rows, blockCount, pageCount] = [0, 4, 8].map((at) => bytes.readUInt32LE(at)) as [number, number, number];
  const blocks = Array.from({ length: blockCount }, (_, index) => {
    const at = COUNTS_BYTES + index * BLOCK_ENTRY_BYTES;
    const [offset, length] = [Number(bytes.readBigUInt64LE(at)), bytes.readUInt32LE(at + 8)];
    return { offset, length, hash: new Uint8Array(bytes.subarray(at + 12, at + BLOCK_ENTRY_BYTES)) };
  });
  const pagesAt = COUNTS_BYTES + blockCount * BLOCK_ENTRY_BYTES;
  const pages = Array.from({ length: pageCount }, (_, index) => {
    const at = pagesAt + index * PAGE_ENTRY_BYTES;
    return { firstKey: bytes.readBigUInt64LE(at), hash: new Uint8Array(bytes.subarray(at + KEY_BYTES, at + PAGE_ENTRY_BYTES)) };
  });
  const last = blocks.at(-1);
  return { rows, blocks, pages, pagesOffset: last ? last.offset + last.length : HEADER_BYTES };
}

/** The rows of a block, one after the other; `ArchiveFormatError` if it is not what was written. */
export function readBlock(file: ReadableFile, directory: Directory, index: number): Uint8Array {
  const block = directory.blocks[index];
  if (!block) throw new ArchiveFormatError(`it has no block ${index}`);
  if (block.length > MAX_BLOCK_BYTES) throw new ArchiveFormatError(`block ${index} is too large`);
  const bytes = file.read(block.offset, block.length);
  if (!partHash(bytes).equals(block.hash)) throw new ArchiveFormatError(`block ${index} is not what was written`);
  const rows = zstdDecompressSync(bytes, { maxOutputLength: BLOCK_ROWS * ROW_BYTES });
  if (rows.length !== rowsInBlock(directory, index) * ROW_BYTES) throw new ArchiveFormatError(`block ${index} has other rows`);
  return rows;
}

export const rowsInBlock = ({ rows }: Directory, index: number): number => Math.min(BLOCK_ROWS, rows - index * BLOCK_ROWS);

/** The keys of a page; `ArchiveFormatError` if it is not what was written. */
export function readPage(file: ReadableFile, directory: Directory, index: number): bigint[] {
  const length = Math.min(PAGE_KEYS, directory.rows - index * PAGE_KEYS);
  const bytes = Buffer.from(file.read(directory.pagesOffset + index * PAGE_KEYS * KEY_BYTES, length * KEY_BYTES));
  if (!partHash(bytes).equals(directory.pages[index]?.hash ?? MAGIC)) {
    throw new ArchiveFormatError(`page ${index} is not what was written`);
  }
  return Array.from({ length }, (_, at) => bytes.readBigUInt64LE(at * KEY_BYTES));
}

/** Rows whose head may be this one: those that share its first 47 bits. */
export function candidateRows(file: ReadableFile, directory: Directory, head: Uint8Array): number[] {
  const [least, most] = [keyOf(head, 0), keyOf(head, MAX_ROWS - 1)];
  const { pages } = directory;
  let [low, high] = [0, pages.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((pages[middle]?.firstKey ?? 0n) < least) low = middle + 1;
    else high = middle;
  }
  const found: number[] = [];
  for (let index = Math.max(0, low - 1); index < pages.length && (pages[index]?.firstKey ?? 0n) <= most; index += 1) {
    for (const key of readPage(file, directory, index)) if (key >= least && key <= most) found.push(Number(key & ROW_MASK));
  }
  return found;
}
