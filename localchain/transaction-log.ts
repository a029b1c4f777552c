import type { Address } from './base58.ts';
import type { Execution } from './vm.ts';

/** A transaction that is part of the chain. */
export type LandedTransaction = {
  id: number;
  signature: string;
  slot: number;
  wire: Uint8Array;
  execution: Omit<Execution, 'changes'>;
};

/** The newest landed transactions, by signature, address and slot; bounded. */
export class TransactionLog {
  readonly #capacity: number;
  readonly #byId = new Map<number, LandedTransaction>();
  readonly #bySignature = new Map<string, LandedTransaction>();
  readonly #idsByAddress = new Map<Address, number[]>();
  readonly #idsBySlot = new Map<number, number[]>();
  #nextId = 0;

  constructor(options: { capacity: number }) {
    this.#capacity = options.capacity;
  }

  /** Adds the next landed transaction; the oldest one leaves when the log is full. */
  add(landed: Omit<LandedTransaction, 'id'>): LandedTransaction {
    const entry = { ...landed, id: this.#nextId };
    this.#nextId += 1;
    this.#byId.set(entry.id, entry);
    this.#bySignature.set(entry.signature, entry);
    append(this.#idsBySlot, entry.slot, entry.id);
    for (const address of new Set(entry.execution.addresses)) append(this.#idsByAddress, address, entry.id);
    if (this.#byId.size > this.#capacity) this.#evict();
    return entry;
  }

  #evict(): void {
    const oldest = this.#byId.values().next().value as LandedTransaction;
    this.#byId.delete(oldest.id);
    this.#bySignature.delete(oldest.signature);
    removeFirst(this.#idsBySlot, oldest.slot);
    for (const address of new Set(oldest.execution.addresses)) removeFirst(this.#idsByAddress, address);
  }

  bySignature(signature: string): LandedTransaction | undefined {
    return this.#bySignature.get(signature);
  }

  /** Transactions of one slot in their order. */
  inSlot(slot: number): LandedTransaction[] {
    return this.#entries(this.#idsBySlot.get(slot) ?? []);
  }

  /**
   * Transactions that name an address, newest first, up to `limit`: strictly older than `before`, strictly newer
   * than `until` (both ids), at or below `maxSlot`.
   */
  byAddress(address: Address, options: { before: number; until: number; maxSlot: number; limit: number }): LandedTransaction[] {
    const ids = this.#idsByAddress.get(address) ?? [];
    const found: LandedTransaction[] = [];
    for (let index = ids.length - 1; index >= 0 && found.length < options.limit; index -= 1) {
      const id = ids[index] as number;
      if (id <= options.until) break;
      const entry = this.#byId.get(id) as LandedTransaction;
      if (id < options.before && entry.slot <= options.maxSlot) found.push(entry);
    }
    return found;
  }

  #entries(ids: readonly number[]): LandedTransaction[] {
    return ids.map((id) => this.#byId.get(id) as LandedTransaction);
  }
}

function append<K>(lists: Map<K, number[]>, key: K, id: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [id]);
  else list.push(id);
}

function removeFirst<K>(lists: Map<K, number[]>, key: K): void {
  const list = lists.get(key);
  list?.shift();
  if (list?.length === 0) lists.delete(key);
}
