import type { AnchorRecord } from './records.ts';

/** Block times as a pure function of slots and of the journal's few time anchors. */
export class Timeline {
  readonly #anchors: AnchorRecord[] = [];

  /** Adds an anchor; slots and times never go back. */
  add(anchor: AnchorRecord): void {
    const last = this.#anchors.at(-1);
    if (last !== undefined && (anchor.slot <= last.slot || anchor.unixMs < this.unixMsAt(anchor.slot))) {
      throw new Error(`time anchor at slot ${anchor.slot} goes back`);
    }
    this.#anchors.push(anchor);
  }

  /** Unix time of a slot in milliseconds; 0 before the first anchor. */
  unixMsAt(slot: number): number {
    for (let index = this.#anchors.length - 1; index >= 0; index -= 1) {
      const anchor = this.#anchors[index] as AnchorRecord;
      if (anchor.slot <= slot) return anchor.unixMs + (slot - anchor.slot) * anchor.slotMs;
    }
    return 0;
  }

  /** Unix time of a slot in whole seconds, as the Clock sysvar and `getBlockTime` show it. */
  unixSecondsAt(slot: number): number {
    return Math.floor(this.unixMsAt(slot) / 1_000);
  }
}
