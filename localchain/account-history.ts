import type { Address } from './base58.ts';
import type { AccountChange, StoredAccount } from './vm.ts';

type Version = { slot: number; account: StoredAccount | null };

/**
 * Accounts that changed since the finalized slot, with each slot's version: it answers what an account was at an
 * older slot. An account without an entry is today what it was at the finalized slot.
 */
export class AccountHistory {
  readonly #versions = new Map<Address, Version[]>();
  readonly #changedBySlot = new Map<number, Set<Address>>();

  /** Records a change in `slot`; slots never go back. */
  record(slot: number, change: AccountChange): void {
    const versions = this.#versions.get(change.address) ?? [{ slot: -1, account: change.before }];
    this.#versions.set(change.address, versions);
    const last = versions.at(-1) as Version;
    if (last.slot === slot) last.account = change.after;
    else versions.push({ slot, account: change.after });
    const changed = this.#changedBySlot.get(slot) ?? new Set();
    this.#changedBySlot.set(slot, changed.add(change.address));
  }

  /** Drops what no reader at or after `finalizedSlot` can ask for. */
  finalize(finalizedSlot: number): void {
    for (const [slot, addresses] of this.#changedBySlot) {
      if (slot > finalizedSlot) break;
      this.#changedBySlot.delete(slot);
      for (const address of addresses) this.#prune(address, finalizedSlot);
    }
  }

  #prune(address: Address, finalizedSlot: number): void {
    const versions = this.#versions.get(address);
    if (versions === undefined) return;
    let first = 0;
    while (first + 1 < versions.length && (versions[first + 1] as Version).slot <= finalizedSlot) first += 1;
    versions.splice(0, first);
    if (versions.length === 1) this.#versions.delete(address);
  }

  /** The account at the end of `slot`; `undefined` when it has not changed since, so the live one is right. */
  at(address: Address, slot: number): StoredAccount | null | undefined {
    const versions = this.#versions.get(address);
    return versions?.findLast((version) => version.slot <= slot)?.account;
  }

  /** Addresses that changed in one slot that is not finalized. */
  changedIn(slot: number): ReadonlySet<Address> {
    return this.#changedBySlot.get(slot) ?? new Set();
  }

  /** Addresses with more than one version since the finalized slot. */
  changed(): IterableIterator<Address> {
    return this.#versions.keys();
  }
}
