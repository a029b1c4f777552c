import { type Directory, keyOf, type ReadableFile, readPage } from './format.ts';

/** Bits a bet: with two of them set for each, one of some twenty unknown heads passes. */
const BITS_PER_BET = 8;
const LEAST_BITS = 1_024;
/** The two places of a head come from bits of it that do not overlap. */
const SECOND_PLACE = 2 ** 20;
const ROW_BITS = 17n;

/**
 * Says of most heads that are not in an archive that they are not, without reading it (Bloom, 1970). Else whoever asks for made-up ids has
 * every archive read. A byte a bet, in memory for good.
 */
export class HeadFilter {
  readonly #bits: Uint8Array;
  readonly #size: number;

  private constructor(rows: number) {
    this.#size = LEAST_BITS;
    while (this.#size < rows * BITS_PER_BET) this.#size *= 2;
    this.#bits = new Uint8Array(this.#size / 8);
  }

  /** Of all heads in an archive, each page of which is believed by its hash; `ArchiveFormatError`. */
  static read(file: ReadableFile, directory: Directory): HeadFilter {
    const filter = new HeadFilter(directory.rows);
    for (let page = 0; page < directory.pages.length; page += 1) {
      for (const key of readPage(file, directory, page)) {
        for (const place of filter.#placesOf(key))
          filter.#bits[place >> 3] = (filter.#bits[place >> 3] as number) | (1 << (place & 7));
      }
    }
    return filter;
  }

  /** False only for a head that is not there. */
  mayHold(head: Uint8Array): boolean {
    return this.#placesOf(keyOf(head, 0)).every((place) => ((this.#bits[place >> 3] as number) & (1 << (place & 7))) !== 0);
  }

  /** From the 47 bits of a head that its key has; the highest of them are those of the field's order, and not used. */
  #placesOf(key: bigint): [number, number] {
    const prefix = Number(key >> ROW_BITS);
    return [prefix % this.#size, Math.floor(prefix / SECOND_PLACE) % this.#size];
  }
}
