import type { BatchShape } from './planner.ts';

/** What planning asks of the chain's limit on a transaction's size, synchronously: from what is known of the lookup tables. */
export interface PacketLimit {
  /** Whether the batch's transaction fits a packet. */
  fits(batch: BatchShape): boolean;
  /** Told of the vaults that a batch would have had, if the packet were larger: with them in a lookup table more fit, later. */
  crowded(vaults: readonly Uint8Array[]): void;
}
