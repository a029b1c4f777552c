import { createHash } from 'node:crypto';
import { encodeBase58 } from './base58.ts';
import { deriveFromSeed } from './genesis.ts';
import { MAX_BLOCKHASH_AGE_SLOTS, SLOT_HASHES_ENTRIES } from './limits.ts';

type SlotBlockhash = { slot: number; bytes: Buffer; text: string };

/**
 * The chain's block hashes: a function of the secret seed and the slot, so they need no journal, are the same after
 * every restart, and differ between any two chains. One block a slot: block height equals slot.
 */
export class Blockhashes {
  readonly #key: Buffer;
  readonly #windowSlots: number;
  readonly #bySlot = new Map<number, SlotBlockhash>();
  readonly #byText = new Map<string, SlotBlockhash>();
  #slot = -1;

  /** `finalizeSlots`: how far behind the newest slot a caller may still ask about validity. */
  constructor(options: { seed: Uint8Array; finalizeSlots: number }) {
    this.#key = deriveFromSeed(options.seed, 'blockhash');
    this.#windowSlots = Math.max(SLOT_HASHES_ENTRIES, options.finalizeSlots + MAX_BLOCKHASH_AGE_SLOTS) + 1;
  }

  /** Moves the window so that `slot` is the newest. */
  advance(slot: number): void {
    const oldest = Math.max(0, slot - this.#windowSlots + 1);
    for (let next = Math.max(oldest, this.#slot + 1); next <= slot; next += 1) this.#add(next);
    for (const held of this.#bySlot.values()) {
      if (held.slot >= oldest) break;
      this.#bySlot.delete(held.slot);
      this.#byText.delete(held.text);
    }
    this.#slot = slot;
  }

  #add(slot: number): void {
    const number = Buffer.alloc(8);
    number.writeBigUInt64LE(BigInt(slot));
    const bytes = createHash('sha256').update(this.#key).update(number).digest();
    const entry = { slot, bytes, text: encodeBase58(bytes) };
    this.#bySlot.set(slot, entry);
    this.#byText.set(entry.text, entry);
  }

  /** The block hash of a slot inside the window, in base58. */
  at(slot: number): string {
    const entry = this.#bySlot.get(slot);
    if (entry === undefined) throw new Error(`no block hash is kept for slot ${slot}`);
    return entry.text;
  }

  /** Whether a block at `slot` accepts a transaction with this block hash. */
  isValid(blockhash: string, slot: number): boolean {
    const entry = this.#byText.get(blockhash);
    return entry !== undefined && entry.slot <= slot && slot - entry.slot <= MAX_BLOCKHASH_AGE_SLOTS;
  }

  /** Account data of the SlotHashes sysvar as a block at `slot` sees it: the slots before it, newest first. */
  slotHashesData(slot: number): Buffer {
    const data = Buffer.alloc(8 + SLOT_HASHES_ENTRIES * 40);
    let count = 0;
    for (let parent = slot - 1; parent >= 0 && count < SLOT_HASHES_ENTRIES; parent -= 1) {
      const entry = this.#bySlot.get(parent);
      if (entry === undefined) break;
      data.writeBigUInt64LE(BigInt(parent), 8 + count * 40);
      entry.bytes.copy(data, 16 + count * 40);
      count += 1;
    }
    data.writeBigUInt64LE(BigInt(count), 0);
    return data;
  }
}
