import { sha256 } from '@noble/hashes/sha2.js';
import { type Point, pointFromBytes, pointToBytes } from './babyjubjub.ts';
import type { CoinSide } from './bet.ts';
import { ByteReader, ByteWriter, compareBytes, concat } from './bytes.ts';
import { GAME_COIN_FLIP, MAX_BATCH_BETS } from './constants.ts';
import { type SessionSignature, signatureFromBytes, signatureToBytes } from './eddsa.ts';
import { ProtocolError } from './errors.ts';

const TAG = 'ZKCBLOB1';
const HEADER_BYTES = 124;
const RUN_BYTES = 258;
const BET_BYTES = 80;
/** Length of the longest blob: every bet a run of its own. */
export const MAX_BLOB_BYTES = HEADER_BYTES + MAX_BATCH_BETS * (RUN_BYTES + BET_BYTES);

/** CIDv1, codec raw, multihash sha2-256 of 32 bytes: what comes before the hash. */
const CID_PREFIX = Uint8Array.of(0x01, 0x55, 0x12, 0x20);
const CID_CHARS = 59;
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** A bet in a blob; its number, head and terms follow from the run. */
export interface BlobBet {
  stakeUnits: bigint;
  choice: CoinSide;
  clientSeed: bigint;
  serverSeed: bigint;
  outcome: CoinSide;
  /** Signed, in base units. */
  delta: bigint;
}

export interface BlobRun {
  vault: Uint8Array;
  sessionKey: Point;
  start: bigint;
  after: bigint;
  firstBet: bigint;
  headBefore: bigint;
  signature: SessionSignature;
  bets: BlobBet[];
}

/** All that anyone needs to recompute a batch. */
export interface Blob {
  domain: bigint;
  house: Uint8Array;
  batchNumber: bigint;
  termsId: number;
  profitBps: number;
  vrfCommitment: bigint;
  /** By strictly ascending vault address. */
  runs: BlobRun[];
}

/** The canonical bytes of a blob, layouts.md section 5. Refuses runs out of order, empty runs and more than 250 bets (`BAD_VALUE`). */
export function encodeBlob(blob: Blob): Uint8Array {
  assertShape(blob.runs);
  const writer = new ByteWriter()
    .ascii(TAG)
    .field(blob.domain)
    .bytes(blob.house, 32)
    .u64(blob.batchNumber)
    .u32(blob.termsId)
    .u32(blob.profitBps)
    .field(blob.vrfCommitment)
    .u16(blob.runs.length)
    .u16(countBets(blob.runs));
  for (const run of blob.runs) writeRun(writer, run);
  return writer.finish();
}

/** Reads a blob; only canonical bytes are accepted. */
export function decodeBlob(bytes: Uint8Array): Blob {
  const reader = new ByteReader(bytes);
  reader.tag(TAG);
  const header = {
    domain: reader.field(),
    house: reader.bytes(32),
    batchNumber: reader.u64(),
    termsId: reader.u32(),
    profitBps: reader.u32(),
    vrfCommitment: reader.field(),
  };
  const vaultCount = reader.u16();
  const betCount = reader.u16();
  if (vaultCount > MAX_BATCH_BETS) throw new ProtocolError('BAD_VALUE', `${vaultCount} runs in one blob`);
  const runs = Array.from({ length: vaultCount }, () => readRun(reader));
  reader.finish();
  assertShape(runs);
  if (countBets(runs) !== betCount) throw new ProtocolError('BAD_VALUE', 'the header counts other bets than the runs hold');
  return { ...header, runs };
}

/** SHA-256 of a blob's bytes: what the batch binds. */
export function blobHashOf(bytes: Uint8Array): Uint8Array {
  return sha256(bytes);
}

/** CIDv1 (raw, sha2-256, base32) of a blob's hash: what people and IPFS call it. */
export function blobCid(blobHash: Uint8Array): string {
  return `b${base32(concat([CID_PREFIX, blobHash]))}`;
}

/**
 * The blob's hash, 32 bytes, from the one text that `blobCid` gives it: a CID of another version, codec, hash or base, upper case and bits
 * left over that are not zero are refused (`BAD_LENGTH`, `BAD_VALUE`, `NOT_CANONICAL`).
 */
export function blobHashOfCid(cid: string): Uint8Array {
  if (cid.length !== CID_CHARS)
    throw new ProtocolError('BAD_LENGTH', `the CID of a blob has ${CID_CHARS} characters, not ${cid.length}`);
  if (cid[0] !== 'b') throw new ProtocolError('BAD_VALUE', 'the CID of a blob is in base32, and begins with b');
  const bytes = bytesOfBase32(cid.slice(1));
  if (compareBytes(bytes.subarray(0, CID_PREFIX.length), CID_PREFIX) !== 0) {
    throw new ProtocolError('BAD_VALUE', 'not the CID of a blob: version 1, codec raw, sha2-256');
  }
  return bytes.slice(CID_PREFIX.length);
}

function writeRun(writer: ByteWriter, run: BlobRun): void {
  writer
    .bytes(run.vault, 32)
    .bytes(pointToBytes(run.sessionKey))
    .u64(run.start)
    .u64(run.after)
    .u64(run.firstBet)
    .u16(run.bets.length)
    .field(run.headBefore)
    .bytes(signatureToBytes(run.signature))
    .u64(0n);
  for (const bet of run.bets) {
    writer.uint(bet.stakeUnits, 5).u8(bet.choice).u8(GAME_COIN_FLIP).field(bet.clientSeed).field(bet.serverSeed);
    writer.u8(bet.outcome).i64(bet.delta);
  }
}

function readRun(reader: ByteReader): BlobRun {
  const vault = reader.bytes(32);
  const sessionKey = pointFromBytes(reader.bytes(64));
  const start = reader.u64();
  const after = reader.u64();
  const firstBet = reader.u64();
  const betCount = reader.u16();
  const headBefore = reader.field();
  const signature = signatureFromBytes(reader.bytes(96));
  reader.zeros(8);
  if (betCount > MAX_BATCH_BETS) throw new ProtocolError('BAD_VALUE', `${betCount} bets in one run`);
  const bets = Array.from({ length: betCount }, () => readBet(reader));
  return { vault, sessionKey, start, after, firstBet, headBefore, signature, bets };
}

function readBet(reader: ByteReader): BlobBet {
  const stakeUnits = reader.uint(5);
  const choice = reader.bit('choice');
  const game = reader.u8();
  if (game !== GAME_COIN_FLIP) throw new ProtocolError('BAD_VALUE', `unknown game ${game}`);
  const clientSeed = reader.field();
  const serverSeed = reader.field();
  return { stakeUnits, choice, clientSeed, serverSeed, outcome: reader.bit('outcome'), delta: reader.i64() };
}

function assertShape(runs: readonly BlobRun[]): void {
  if (runs.length === 0 || runs.some((run) => run.bets.length === 0)) {
    throw new ProtocolError('BAD_VALUE', 'a blob has at least one run, and a run at least one bet');
  }
  if (countBets(runs) > MAX_BATCH_BETS) throw new ProtocolError('BAD_VALUE', `a batch has at most ${MAX_BATCH_BETS} bets`);
  for (let index = 1; index < runs.length; index += 1) {
    const [before, run] = [runs[index - 1] as BlobRun, runs[index] as BlobRun];
    if (compareBytes(before.vault, run.vault) >= 0) throw new ProtocolError('BAD_VALUE', 'vaults must be strictly ascending');
  }
}

function countBets(runs: readonly BlobRun[]): number {
  return runs.reduce((total, run) => total + run.bets.length, 0);
}

/** RFC 4648 base32, lower case, without padding. */
function base32(bytes: Uint8Array): string {
  let text = '';
  let buffer = 0;
  let bits = 0;
  for (const byte of bytes) {
    buffer = ((buffer << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32[(buffer >> bits) & 31];
    }
  }
  return bits > 0 ? text + BASE32[(buffer << (5 - bits)) & 31] : text;
}

function bytesOfBase32(text: string): Uint8Array {
  const bytes: number[] = [];
  let buffer = 0;
  let bits = 0;
  for (const char of text) {
    const value = BASE32.indexOf(char);
    if (value < 0) throw new ProtocolError('BAD_VALUE', 'the CID of a blob has no character but a to z and 2 to 7');
    buffer = ((buffer << 5) | value) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((buffer >> bits) & 0xff);
  }
  if ((buffer & ((1 << bits) - 1)) !== 0)
    throw new ProtocolError('NOT_CANONICAL', 'the bits left over in the CID of a blob are zero');
  return Uint8Array.from(bytes);
}
