import { encodeBase58 } from './base58.ts';

/** One instruction of a message, by account index. */
export type WireInstruction = { programIdIndex: number; accounts: Uint8Array; data: Uint8Array };
/** Indexes that a v0 message loads from one address lookup table. */
export type WireLookup = { table: Uint8Array; writable: Uint8Array; readonly: Uint8Array };

/** A legacy or v0 message, decoded; byte arrays are views of the input. */
export type WireMessage = {
  bytes: Uint8Array;
  version: 'legacy' | 0;
  requiredSignatures: number;
  readonlySigned: number;
  readonlyUnsigned: number;
  keys: Uint8Array[];
  blockhash: Uint8Array;
  instructions: WireInstruction[];
  lookups: WireLookup[];
};

/** A transaction as it came, decoded; `signature` is its base58 id, the first signature. */
export type WireTransaction = {
  wire: Uint8Array;
  signatures: Uint8Array[];
  signature: string;
  message: WireMessage;
};

/** The bytes are not a transaction; the message says where. */
export class WireError extends Error {}

class Reader {
  readonly bytes: Uint8Array;
  offset = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  byte(): number {
    const value = this.bytes[this.offset];
    if (value === undefined) throw new WireError('unexpected end of input');
    this.offset += 1;
    return value;
  }

  take(lengthBytes: number): Uint8Array {
    const end = this.offset + lengthBytes;
    if (end > this.bytes.length) throw new WireError('unexpected end of input');
    const view = this.bytes.subarray(this.offset, end);
    this.offset = end;
    return view;
  }

  /** Solana's compact-u16 ("short vec"): at most three bytes, no superfluous zero byte. */
  length(): number {
    let value = 0;
    for (let index = 0; index < 3; index += 1) {
      const byte = this.byte();
      value |= (byte & 0x7f) << (7 * index);
      if ((byte & 0x80) === 0) {
        if ((index > 0 && byte === 0) || value > 0xffff) throw new WireError('invalid compact length');
        return value;
      }
    }
    throw new WireError('invalid compact length');
  }

  list<T>(read: () => T): T[] {
    const count = this.length();
    const items: T[] = [];
    for (let index = 0; index < count; index += 1) items.push(read());
    return items;
  }
}

/** Decodes a whole message; throws `WireError` on malformed, trailing or unsupported bytes. */
export function parseMessage(bytes: Uint8Array): WireMessage {
  const reader = new Reader(bytes);
  const prefix = reader.byte();
  const versioned = (prefix & 0x80) !== 0;
  if (versioned && prefix !== 0x80) throw new WireError(`unsupported message version ${prefix & 0x7f}`);
  const requiredSignatures = versioned ? reader.byte() : prefix;
  const readonlySigned = reader.byte();
  const readonlyUnsigned = reader.byte();
  const keys = reader.list(() => reader.take(32));
  const blockhash = reader.take(32);
  const instructions = reader.list(() => ({
    programIdIndex: reader.byte(),
    accounts: reader.take(reader.length()),
    data: reader.take(reader.length()),
  }));
  const readLookup = (): WireLookup => ({
    table: reader.take(32),
    writable: reader.take(reader.length()),
    readonly: reader.take(reader.length()),
  });
  const lookups = versioned ? reader.list(readLookup) : [];
  if (reader.offset !== bytes.length) throw new WireError('trailing bytes after the message');
  const version = versioned ? 0 : 'legacy';
  const message: WireMessage = {
    bytes,
    version,
    requiredSignatures,
    readonlySigned,
    readonlyUnsigned,
    keys,
    blockhash,
    instructions,
    lookups,
  };
  sanitize(message);
  return message;
}

/** The index checks of Solana's `SanitizedMessage`, so that no later step reads outside the key list. */
function sanitize(message: WireMessage): void {
  const { requiredSignatures, readonlySigned, readonlyUnsigned, keys, lookups } = message;
  const fail = (): never => {
    throw new WireError('Transaction failed to sanitize accounts offsets correctly');
  };
  if (requiredSignatures === 0 || readonlySigned >= requiredSignatures) fail();
  if (requiredSignatures + readonlyUnsigned > keys.length) fail();
  let accounts = keys.length;
  for (const lookup of lookups) {
    const count = lookup.writable.length + lookup.readonly.length;
    if (count === 0) fail();
    accounts += count;
  }
  if (accounts > 256) fail();
  for (const instruction of message.instructions) {
    if (instruction.programIdIndex === 0 || instruction.programIdIndex >= keys.length) fail();
    if (instruction.accounts.some((index) => index >= accounts)) fail();
  }
}

/** Decodes a whole transaction; throws `WireError`. Signatures are not verified here. */
export function parseTransaction(wire: Uint8Array): WireTransaction {
  const reader = new Reader(wire);
  const signatures = reader.list(() => reader.take(64));
  const message = parseMessage(wire.subarray(reader.offset));
  if (signatures.length !== message.requiredSignatures) {
    throw new WireError('the number of signatures is not the one the header requires');
  }
  return { wire, signatures, signature: encodeBase58(signatures[0] as Uint8Array), message };
}

/** Whether the message's header marks the static key at `index` writable. */
export function isStaticKeyWritable(message: WireMessage, index: number): boolean {
  return index < message.requiredSignatures
    ? index < message.requiredSignatures - message.readonlySigned
    : index < message.keys.length - message.readonlyUnsigned;
}
