import type { CoinSide } from '../protocol/bet.ts';
import { fieldToHex, toHex } from '../protocol/bytes.ts';
import { fieldFromBytes } from '../protocol/field.ts';
import { JsonReader, type SignedBytes } from './parse.ts';

/** A signed bet whose answer is not known yet: all that is needed to send the same bytes again. */
export interface PendingBet {
  betNumber: bigint;
  termsId: number;
  stakeUnits: bigint;
  choice: CoinSide;
  /** `betPack`, as it entered the head. */
  packed: bigint;
  clientSeed: bigint;
  headBefore: bigint;
  head: bigint;
  /** `Ax || Ay`, 64 bytes. */
  sessionKey: Uint8Array;
  /** `R8x || R8y || S`, 96 bytes. */
  signature: Uint8Array;
}

/** What this store has signed for one vault: the next bet number, and nothing that could be signed twice. */
export interface SigningRecord {
  /** Hash of the session key that signs: the one that the vault was opened with, or the last rotation's. */
  sessionKeyHash: bigint;
  /** Number of the first bet that has no answer yet: the first pending one's, or the next one's if none is. */
  nextBet: bigint;
  /** Head after the last answered bet; the accountId before the first. */
  head: bigint;
  /** `balanceAfter` of the last receipt, in base units. */
  balance: bigint | undefined;
  /** Verified limits that still cover a bet number to come. */
  limits: SignedBytes[];
  /** Signed and unanswered bets, in order: from `nextBet` on, each chained on the one before. At most `MAX_PENDING_BETS`. */
  pending: readonly PendingBet[];
  /** Verified refusals of bets with number `nextBet`. */
  refusals: SignedBytes[];
}

/** Most limits, and most refusals of one bet number, that a record carries. */
export const MAX_RECORD_MESSAGES = 64;

/** Most bets of one vault that are signed and unanswered. */
export const MAX_PENDING_BETS = 32;

/** What is written. Version 1, which is read too, had one pending bet or none. */
const VERSION = 2;

/** A signed message as the store keeps it. */
export const signedJson = ({ message, signature }: SignedBytes) => ({ message: toHex(message), signature: toHex(signature) });

export function recordText(record: SigningRecord): string {
  return JSON.stringify({
    version: VERSION,
    sessionKeyHash: fieldToHex(record.sessionKeyHash),
    nextBet: record.nextBet.toString(),
    head: fieldToHex(record.head),
    balance: record.balance?.toString() ?? null,
    limits: record.limits.map(signedJson),
    refusals: record.refusals.map(signedJson),
    pending: record.pending.map(pendingJson),
  });
}

/** Throws if it is not a record, or its pending bets do not follow it and each other. */
export function recordOf(value: unknown): SigningRecord {
  const reader = new JsonReader(value, 'record');
  const version = reader.integer('version');
  if (version !== 1 && version !== VERSION) throw new TypeError('unknown version');
  const signedList = (name: string) =>
    reader.list(name, {
      most: MAX_RECORD_MESSAGES,
      read: (signed, path) => new JsonReader({ signed }, path).signed('signed'),
    });
  const record: SigningRecord = {
    sessionKeyHash: field(reader, 'sessionKeyHash'),
    nextBet: reader.u64('nextBet'),
    head: field(reader, 'head'),
    balance: reader.has('balance') ? reader.u64('balance') : undefined,
    limits: signedList('limits'),
    refusals: signedList('refusals'),
    pending: version === 1 ? onePending(reader) : reader.list('pending', { most: MAX_PENDING_BETS, read: pendingOf }),
  };
  let { nextBet, head } = record;
  for (const bet of record.pending) {
    if (bet.betNumber !== nextBet || bet.headBefore !== head) throw new TypeError('a pending bet does not follow the record');
    nextBet += 1n;
    head = bet.head;
  }
  return record;
}

function onePending(reader: JsonReader): PendingBet[] {
  return reader.has('pending') ? [pendingOf(reader.raw('pending'), 'record.pending')] : [];
}

function pendingJson(bet: PendingBet) {
  return {
    betNumber: bet.betNumber.toString(),
    termsId: bet.termsId,
    stakeUnits: bet.stakeUnits.toString(),
    side: bet.choice === 1 ? 'heads' : 'tails',
    packed: fieldToHex(bet.packed),
    clientSeed: fieldToHex(bet.clientSeed),
    headBefore: fieldToHex(bet.headBefore),
    head: fieldToHex(bet.head),
    sessionKey: toHex(bet.sessionKey),
    signature: toHex(bet.signature),
  };
}

function pendingOf(value: unknown, path: string): PendingBet {
  const bet = new JsonReader(value, path);
  return {
    betNumber: bet.u64('betNumber'),
    termsId: bet.integer('termsId'),
    stakeUnits: bet.u64('stakeUnits'),
    choice: bet.side('side'),
    packed: field(bet, 'packed'),
    clientSeed: field(bet, 'clientSeed'),
    headBefore: field(bet, 'headBefore'),
    head: field(bet, 'head'),
    sessionKey: bet.hex('sessionKey', 64),
    signature: bet.hex('signature', 96),
  };
}

function field(reader: JsonReader, name: string): bigint {
  return fieldFromBytes(reader.hex(name, 32));
}
