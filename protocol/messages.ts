import { ed25519 } from '@noble/curves/ed25519.js';
import type { CoinSide } from './bet.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { ProtocolError } from './errors.ts';

/** What every message of the receipt key names first. Addresses are 32 bytes. */
export interface MessageContext {
  domain: bigint;
  house: Uint8Array;
  vault: Uint8Array;
}

/** The operator's word that a bet was taken, with its outcome. Amounts in base units, time in ms since the epoch. */
export interface Receipt extends MessageContext {
  termsId: number;
  betNumber: bigint;
  head: bigint;
  serverSeed: bigint;
  outcome: CoinSide;
  stake: bigint;
  /** Stake included; 0 for a loss. */
  payout: bigint;
  /** What the bettor can stake next. */
  balanceAfter: bigint;
  time: bigint;
}

/** The operator's irrevocable word that it takes bets up to this size, through bet number `throughBet`. */
export interface Limit extends MessageContext {
  termsId: number;
  maxStakeUnits: bigint;
  throughBet: bigint;
}

/** The operator's word that it never takes this head, nor one built on it. */
export interface Refusal extends MessageContext {
  betNumber: bigint;
  head: bigint;
  code: number;
}

/** The operator's commitment to a range of server seeds. */
export interface SeedCommitment extends MessageContext {
  termsId: number;
  rangeIndex: bigint;
  root: Uint8Array;
}

/** The operator's word that an audit export is its own. Times in ms since the epoch, `to` not included. */
export interface AuditManifest {
  domain: bigint;
  house: Uint8Array;
  from: bigint;
  to: bigint;
  /** SHA-256 of the manifest file's bytes. */
  manifestHash: Uint8Array;
}

/** The operator's word that a backup is its own. Time in ms since the epoch. */
export interface BackupManifest {
  domain: bigint;
  house: Uint8Array;
  time: bigint;
  /** SHA-256 of the manifest file's bytes. */
  manifestHash: Uint8Array;
}

/** Codes of a refusal, append-only. */
export const REFUSAL_CODES = { 'outside-limit': 1, 'insufficient-balance': 2, restored: 3 } as const;
export type RefusalName = keyof typeof REFUSAL_CODES;

/** A refusal's name by its code; `BAD_VALUE` for an unknown one. */
export function refusalName(code: number): RefusalName {
  const entry = Object.entries(REFUSAL_CODES).find(([, value]) => value === code);
  if (!entry) throw new ProtocolError('BAD_VALUE', `unknown refusal code ${code}`);
  return entry[0] as RefusalName;
}

const TAGS = {
  receipt: 'ZKCRCPT1',
  limit: 'ZKCLIMT1',
  refusal: 'ZKCRFSL1',
  seedCommitment: 'ZKCSEED1',
  auditManifest: 'ZKCAUDT1',
  backupManifest: 'ZKCBKUP1',
} as const;

/** 213 bytes, layouts.md section 3. */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  return writePrefix(TAGS.receipt, receipt)
    .u32(receipt.termsId)
    .u64(receipt.betNumber)
    .field(receipt.head)
    .field(receipt.serverSeed)
    .u8(receipt.outcome)
    .u64(receipt.stake)
    .u64(receipt.payout)
    .u64(receipt.balanceAfter)
    .u64(receipt.time)
    .finish();
}

export function decodeReceipt(bytes: Uint8Array): Receipt {
  const { reader, context } = readPrefix(TAGS.receipt, bytes);
  const receipt: Receipt = {
    ...context,
    termsId: reader.u32(),
    betNumber: reader.u64(),
    head: reader.field(),
    serverSeed: reader.field(),
    outcome: reader.bit('outcome'),
    stake: reader.u64(),
    payout: reader.u64(),
    balanceAfter: reader.u64(),
    time: reader.u64(),
  };
  reader.finish();
  return receipt;
}

/** 124 bytes. */
export function encodeLimit(limit: Limit): Uint8Array {
  return writePrefix(TAGS.limit, limit).u32(limit.termsId).u64(limit.maxStakeUnits).u64(limit.throughBet).finish();
}

export function decodeLimit(bytes: Uint8Array): Limit {
  const { reader, context } = readPrefix(TAGS.limit, bytes);
  const limit = { ...context, termsId: reader.u32(), maxStakeUnits: reader.u64(), throughBet: reader.u64() };
  reader.finish();
  return limit;
}

/** 146 bytes. */
export function encodeRefusal(refusal: Refusal): Uint8Array {
  return writePrefix(TAGS.refusal, refusal).u64(refusal.betNumber).field(refusal.head).u16(refusal.code).finish();
}

export function decodeRefusal(bytes: Uint8Array): Refusal {
  const { reader, context } = readPrefix(TAGS.refusal, bytes);
  const refusal = { ...context, betNumber: reader.u64(), head: reader.field(), code: reader.u16() };
  reader.finish();
  refusalName(refusal.code);
  return refusal;
}

/** 148 bytes. */
export function encodeSeedCommitment(commitment: SeedCommitment): Uint8Array {
  return writePrefix(TAGS.seedCommitment, commitment)
    .u32(commitment.termsId)
    .u64(commitment.rangeIndex)
    .bytes(commitment.root, 32)
    .finish();
}

export function decodeSeedCommitment(bytes: Uint8Array): SeedCommitment {
  const { reader, context } = readPrefix(TAGS.seedCommitment, bytes);
  const commitment = { ...context, termsId: reader.u32(), rangeIndex: reader.u64(), root: reader.bytes(32) };
  reader.finish();
  return commitment;
}

/** 120 bytes. */
export function encodeAuditManifest({ domain, house, from, to, manifestHash }: AuditManifest): Uint8Array {
  const writer = new ByteWriter().ascii(TAGS.auditManifest).field(domain).bytes(house, 32);
  return writer.u64(from).u64(to).bytes(manifestHash, 32).finish();
}

export function decodeAuditManifest(bytes: Uint8Array): AuditManifest {
  const reader = new ByteReader(bytes);
  reader.tag(TAGS.auditManifest);
  const head = { domain: reader.field(), house: reader.bytes(32) };
  const manifest = { ...head, from: reader.u64(), to: reader.u64(), manifestHash: reader.bytes(32) };
  reader.finish();
  return manifest;
}

/** 112 bytes. */
export function encodeBackupManifest({ domain, house, time, manifestHash }: BackupManifest): Uint8Array {
  return new ByteWriter().ascii(TAGS.backupManifest).field(domain).bytes(house, 32).u64(time).bytes(manifestHash, 32).finish();
}

/** Whether the house's receipt key signed these bytes: ed25519, RFC 8032 without ZIP 215's leniency. */
export function verifyMessage(input: { receiptKey: Uint8Array; signature: Uint8Array; message: Uint8Array }): boolean {
  if (input.signature.length !== 64 || input.receiptKey.length !== 32) return false;
  return ed25519.verify(input.signature, input.message, input.receiptKey, { zip215: false });
}

function writePrefix(tag: string, context: MessageContext): ByteWriter {
  return new ByteWriter().ascii(tag).field(context.domain).bytes(context.house, 32).bytes(context.vault, 32);
}

function readPrefix(tag: string, bytes: Uint8Array): { reader: ByteReader; context: MessageContext } {
  const reader = new ByteReader(bytes);
  reader.tag(tag);
  return { reader, context: { domain: reader.field(), house: reader.bytes(32), vault: reader.bytes(32) } };
}
