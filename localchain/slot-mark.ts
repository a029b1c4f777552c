import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { LocalChainError } from './errors.ts';

/** Two cells, a page apart, written in turn: a torn write harms one, and the other still holds the mark before it. */
const CELL_BYTES = 40;
const CELL_OFFSETS = [0, 4_096] as const;
const MAGIC = 0x4b52414d;

/**
 * `reservedSlot`: the chain enters no slot above it before a higher one is durable, so a restart that goes on behind
 * it never shows a slot or a block height twice. `journalBytes`: so much of the journal was durable at that time.
 */
export type Mark = { reservedSlot: number; journalBytes: number };

/** The slot mark of a data directory: constant size, however long the chain idles. */
export class SlotMark {
  readonly #file: FileHandle;
  readonly #salt: number;
  #sequence = 0;
  #current: Mark = { reservedSlot: 0, journalBytes: 0 };

  private constructor(file: FileHandle, salt: number) {
    this.#file = file;
    this.#salt = salt;
  }

  /**
   * Opens or creates the mark; a new one reserves nothing. Throws `LOCALCHAIN_SLOTS_CORRUPT` when a file exists
   * but neither cell is whole.
   */
  static async open(path: string, options: { salt: number; create: boolean }): Promise<SlotMark> {
    const file = await open(path, options.create ? 'w+' : 'r+').catch((cause: unknown) => {
      throw new LocalChainError('LOCALCHAIN_SLOTS_CORRUPT', `${path} cannot be opened; restore it`, {
        cause,
      });
    });
    const mark = new SlotMark(file, options.salt);
    if (options.create) return mark;
    for (const offset of CELL_OFFSETS) {
      const cell = Buffer.alloc(CELL_BYTES);
      const { bytesRead } = await file.read(cell, 0, CELL_BYTES, offset);
      const whole = bytesRead === CELL_BYTES && cell.readUInt32LE(0) === MAGIC;
      if (!whole || cell.readUInt32LE(36) !== crc32(cell.subarray(0, 36), options.salt)) continue;
      const sequence = Number(cell.readBigUInt64LE(4));
      if (sequence <= mark.#sequence) continue;
      mark.#sequence = sequence;
      const reservedSlot = Number(cell.readBigUInt64LE(12));
      mark.#current = { reservedSlot, journalBytes: Number(cell.readBigUInt64LE(20)) };
    }
    if (mark.#sequence > 0) return mark;
    await file.close();
    throw new LocalChainError('LOCALCHAIN_SLOTS_CORRUPT', `${path} holds no whole slot mark; restore it`);
  }

  get current(): Mark {
    return this.#current;
  }

  /** Makes a new mark durable; resolves after the sync. */
  async write(mark: Mark): Promise<void> {
    const sequence = this.#sequence + 1;
    const cell = Buffer.alloc(CELL_BYTES);
    cell.writeUInt32LE(MAGIC, 0);
    cell.writeBigUInt64LE(BigInt(sequence), 4);
    cell.writeBigUInt64LE(BigInt(mark.reservedSlot), 12);
    cell.writeBigUInt64LE(BigInt(mark.journalBytes), 20);
    cell.writeUInt32LE(crc32(cell.subarray(0, 36), this.#salt), 36);
    const offset = CELL_OFFSETS[sequence % 2] as number;
    const { bytesWritten } = await this.#file.write(cell, 0, CELL_BYTES, offset);
    if (bytesWritten !== CELL_BYTES) throw new LocalChainError('LOCALCHAIN_WRITE_FAILED', 'short write of the slot mark');
    await this.#file.datasync();
    this.#sequence = sequence;
    this.#current = mark;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
