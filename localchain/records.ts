/**
 * From `slot` on, block time is `unixMs` plus `slotMs` for each slot after it. Written at every start, and when the
 * chain stood still; all block times follow from these few records, so idle slots cost nothing.
 */
export type AnchorRecord = { kind: 'anchor'; slot: number; unixMs: number; slotMs: number };

/**
 * Transactions executed in `slot`, in order. `digest` (32 bytes) sums up the outcome of every transaction before
 * them, so that a replay which comes out differently is noticed.
 */
export type GroupRecord = { kind: 'group'; slot: number; digest: Buffer; transactions: Uint8Array[] };

export type JournalRecord = AnchorRecord | GroupRecord;

const ANCHOR = 1;
const GROUP = 2;
const GROUP_HEADER_BYTES = 1 + 8 + 32 + 2;

/** Bytes of a journal payload; integers little endian. */
export function encodeRecord(record: JournalRecord): Buffer {
  if (record.kind === 'anchor') {
    const bytes = Buffer.alloc(21);
    bytes.writeUInt8(ANCHOR, 0);
    bytes.writeBigUInt64LE(BigInt(record.slot), 1);
    bytes.writeBigUInt64LE(BigInt(record.unixMs), 9);
    bytes.writeUInt32LE(record.slotMs, 17);
    return bytes;
  }
  const header = Buffer.alloc(GROUP_HEADER_BYTES);
  header.writeUInt8(GROUP, 0);
  header.writeBigUInt64LE(BigInt(record.slot), 1);
  record.digest.copy(header, 9);
  header.writeUInt16LE(record.transactions.length, 41);
  const parts: Uint8Array[] = [header];
  for (const wire of record.transactions) {
    const length = Buffer.alloc(2);
    length.writeUInt16LE(wire.length);
    parts.push(length, wire);
  }
  return Buffer.concat(parts);
}

/** Decodes a payload that its checksum vouches for; throws on any other shape. */
export function decodeRecord(bytes: Buffer): JournalRecord {
  const kind = bytes.readUInt8(0);
  const slot = Number(bytes.readBigUInt64LE(1));
  if (kind === ANCHOR && bytes.length === 21) {
    return { kind: 'anchor', slot, unixMs: Number(bytes.readBigUInt64LE(9)), slotMs: bytes.readUInt32LE(17) };
  }
  if (kind !== GROUP) throw new Error(`unknown journal record ${kind}`);
  const digest = bytes.subarray(9, 41);
  const transactions: Uint8Array[] = [];
  let offset = GROUP_HEADER_BYTES;
  for (let left = bytes.readUInt16LE(41); left > 0; left -= 1) {
    const length = bytes.readUInt16LE(offset);
    const end = offset + 2 + length;
    if (end > bytes.length) throw new Error('journal record ends early');
    transactions.push(new Uint8Array(bytes.subarray(offset + 2, end)));
    offset = end;
  }
  if (offset !== bytes.length) throw new Error('journal record has trailing bytes');
  return { kind: 'group', slot, digest, transactions };
}
