import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { LocalChainError } from './errors.ts';
import { MAX_FRAME_PAYLOAD_BYTES } from './limits.ts';

/*
 * File:  magic "ZKLCJRN1" | genesis id (32), then frames.
 * Frame: magic u32 | sequence u32 | payload length u32 | crc32(payload) u32 | crc32(the 16 bytes before) u32 | payload
 * Integers are little endian; checksums start from a secret salt, so that no transaction can carry a frame in its data.
 * One frame is written and synced before the next begins: a crash can tear the last one, and only that.
 */
const FILE_MAGIC = Buffer.from('ZKLCJRN1', 'latin1');
/** Size of a journal without any frame. */
export const JOURNAL_HEADER_BYTES = 40;
const FRAME_MAGIC = Buffer.from('LCFR', 'latin1');
const FRAME_HEADER_BYTES = 20;

/** What opening found behind the last whole frame and cut off. */
export type TornTail = { offset: number; bytes: number };

type FrameHeader = { sequence: number; length: number; payloadCrc: number };

/** The append-only journal of accepted transactions. */
export class Journal {
  readonly #file: FileHandle;
  readonly #salt: number;
  #bytes: number;
  #sequence: number;
  #failed = false;

  private constructor(file: FileHandle, state: { salt: number; bytes: number; sequence: number }) {
    this.#file = file;
    this.#salt = state.salt;
    this.#bytes = state.bytes;
    this.#sequence = state.sequence;
  }

  /** Durable length of the file. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Creates an empty journal for one chain; `genesisId` is 32 bytes. */
  static async create(path: string, options: { salt: number; genesisId: Uint8Array }): Promise<Journal> {
    const file = await open(path, 'wx+');
    await file.write(Buffer.concat([FILE_MAGIC, options.genesisId]), 0, JOURNAL_HEADER_BYTES, 0);
    await file.sync();
    return new Journal(file, { salt: options.salt, bytes: JOURNAL_HEADER_BYTES, sequence: 0 });
  }

  /**
   * Opens an existing journal and hands every payload to `replay`, in order. A torn last frame is cut off and
   * returned; anything else that is not whole throws `LOCALCHAIN_JOURNAL_CORRUPT` and changes nothing.
   * `durableBytes`: so much was synced once, so no tear can lie before it.
   */
  static async open(
    path: string,
    options: { salt: number; genesisId: Uint8Array; durableBytes: number; replay: (payload: Buffer) => void },
  ): Promise<{ journal: Journal; tornTail: TornTail | null }> {
    const file = await open(path, 'r+').catch((cause: unknown) => {
      const message = `${path} cannot be opened; restore the data directory from a backup`;
      throw new LocalChainError('LOCALCHAIN_JOURNAL_CORRUPT', message, { cause });
    });
    try {
      return await Journal.#read(file, path, options);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  static async #read(
    file: FileHandle,
    path: string,
    options: { salt: number; genesisId: Uint8Array; durableBytes: number; replay: (payload: Buffer) => void },
  ): Promise<{ journal: Journal; tornTail: TornTail | null }> {
    const { salt, genesisId, durableBytes, replay } = options;
    const size = (await file.stat()).size;
    const corrupt = (offset: number, reason: string): LocalChainError =>
      new LocalChainError(
        'LOCALCHAIN_JOURNAL_CORRUPT',
        `${path}: ${reason} at byte ${offset} of ${size}; restore the data directory from a backup`,
      );
    const header = await readExactly(file, { offset: 0, length: JOURNAL_HEADER_BYTES });
    if (header === null || !header.subarray(0, 8).equals(FILE_MAGIC)) throw corrupt(0, 'no journal header');
    if (!header.subarray(8).equals(genesisId)) throw corrupt(8, 'the journal of another chain');
    if (size < durableBytes) throw corrupt(size, `${durableBytes - size} bytes that were durable are missing`);
    let offset = JOURNAL_HEADER_BYTES;
    let sequence = 0;
    while (offset < size) {
      const payload = await readFrame(file, { offset, sequence, salt });
      if (payload === null) break;
      replay(payload);
      offset += FRAME_HEADER_BYTES + payload.length;
      sequence += 1;
    }
    const journal = new Journal(file, { salt, bytes: offset, sequence });
    if (offset === size) return { journal, tornTail: null };
    const torn = offset >= durableBytes && size - offset <= FRAME_HEADER_BYTES + MAX_FRAME_PAYLOAD_BYTES;
    if (!torn || (await holdsFrame(file, { from: offset + 1, size, salt }))) {
      throw corrupt(offset, 'a damaged frame');
    }
    await file.truncate(offset);
    await file.sync();
    return { journal, tornTail: { offset, bytes: size - offset } };
  }

  /**
   * Appends one frame and resolves once it is durable. Calls must not overlap. After a failure the journal refuses
   * everything: what reached the disk is unknown until the next start reads it.
   */
  async append(payload: Uint8Array): Promise<void> {
    if (this.#failed) throw new LocalChainError('LOCALCHAIN_WRITE_FAILED', 'the journal failed before');
    if (payload.length > MAX_FRAME_PAYLOAD_BYTES) throw new Error('journal frame above its limit');
    const frame = Buffer.alloc(FRAME_HEADER_BYTES + payload.length);
    FRAME_MAGIC.copy(frame);
    frame.writeUInt32LE(this.#sequence, 4);
    frame.writeUInt32LE(payload.length, 8);
    frame.writeUInt32LE(crc32(payload, this.#salt), 12);
    frame.writeUInt32LE(crc32(frame.subarray(0, 16), this.#salt), 16);
    frame.set(payload, FRAME_HEADER_BYTES);
    this.#failed = true;
    const { bytesWritten } = await this.#file.write(frame, 0, frame.length, this.#bytes);
    if (bytesWritten !== frame.length) throw new LocalChainError('LOCALCHAIN_WRITE_FAILED', 'short journal write');
    await this.#file.datasync();
    this.#failed = false;
    this.#bytes += frame.length;
    this.#sequence += 1;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

async function readExactly(file: FileHandle, range: { offset: number; length: number }): Promise<Buffer | null> {
  const buffer = Buffer.alloc(range.length);
  let done = 0;
  while (done < range.length) {
    const { bytesRead } = await file.read(buffer, done, range.length - done, range.offset + done);
    if (bytesRead === 0) return null;
    done += bytesRead;
  }
  return buffer;
}

function decodeHeader(header: Buffer, salt: number): FrameHeader | null {
  if (header.length < FRAME_HEADER_BYTES || !header.subarray(0, 4).equals(FRAME_MAGIC)) return null;
  if (header.readUInt32LE(16) !== crc32(header.subarray(0, 16), salt)) return null;
  const length = header.readUInt32LE(8);
  if (length > MAX_FRAME_PAYLOAD_BYTES) return null;
  return { sequence: header.readUInt32LE(4), length, payloadCrc: header.readUInt32LE(12) };
}

/** The payload of the frame at `offset`, or `null` when it is not whole or not the expected one. */
async function readFrame(file: FileHandle, at: { offset: number; sequence: number; salt: number }): Promise<Buffer | null> {
  const bytes = await readExactly(file, { offset: at.offset, length: FRAME_HEADER_BYTES });
  const header = bytes === null ? null : decodeHeader(bytes, at.salt);
  if (header === null || header.sequence !== at.sequence) return null;
  const payload = await readExactly(file, { offset: at.offset + FRAME_HEADER_BYTES, length: header.length });
  return payload !== null && crc32(payload, at.salt) === header.payloadCrc ? payload : null;
}

/** Whether a valid frame header lies behind a damaged frame: then the damage is no torn end of the file. */
async function holdsFrame(file: FileHandle, area: { from: number; size: number; salt: number }): Promise<boolean> {
  const rest = await readExactly(file, { offset: area.from, length: area.size - area.from });
  if (rest === null) return false;
  for (let at = rest.indexOf(FRAME_MAGIC); at !== -1; at = rest.indexOf(FRAME_MAGIC, at + 1)) {
    if (decodeHeader(rest.subarray(at, at + FRAME_HEADER_BYTES), area.salt) !== null) return true;
  }
  return false;
}
