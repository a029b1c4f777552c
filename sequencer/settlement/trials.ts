import type { Address } from '@solana/kit';

/**
 * Finds out which vaults of a rejected batch are the cause when nothing on chain tells: its halves are tried as batches of their own,
 * and what is rejected is halved again. Ends, because a group that is rejected only comes back as smaller ones; one vault that is rejected
 * alone is for the caller to judge. In memory only: after a start the whole batch is tried once more.
 */
export class Trials {
  #groups: Address[][] = [];

  /** The vaults that the next batch may hold, all others waiting; undefined if nobody is under suspicion. */
  get current(): readonly Address[] | undefined {
    return this.#groups[0];
  }

  /** A batch of these vaults was rejected: its halves are next. */
  narrow(vaults: readonly Address[]): void {
    this.clear(vaults);
    if (vaults.length === 0) return;
    if (vaults.length === 1) {
      this.#groups.unshift([...vaults]);
      return;
    }
    const middle = vaults.length >> 1;
    this.#groups.unshift(vaults.slice(0, middle), vaults.slice(middle));
  }

  /** These vaults are tried no further: they have settled, are held, or do not wait. */
  clear(vaults: readonly Address[]): void {
    const cleared = new Set(vaults);
    this.#groups = this.#groups.map((group) => group.filter((vault) => !cleared.has(vault))).filter((group) => group.length > 0);
  }
}
