import type { Address, AddressesByLookupTableAddress } from '@solana/kit';

/** A table costs a transaction 34 bytes and saves 31 for each account that it names. */
const LEAST_USEFUL_ACCOUNTS = 2;

/** Tables that together shorten a transaction with these accounts, the most useful first; none that would make it longer. */
export function usefulTables(input: {
  accounts: readonly Address[];
  tables: ReadonlyMap<Address, readonly Address[]>;
}): AddressesByLookupTableAddress {
  const chosen: AddressesByLookupTableAddress = {};
  const left = new Set(input.accounts);
  const candidates = new Map([...input.tables].map(([table, addresses]) => [table, new Set(addresses)]));
  while (candidates.size > 0) {
    const counted = [...candidates].map(([table, addresses]) => ({
      table,
      named: [...left].filter((one) => addresses.has(one)),
    }));
    const best = counted.reduce((a, b) => (b.named.length > a.named.length ? b : a));
    if (best.named.length < LEAST_USEFUL_ACCOUNTS) break;
    chosen[best.table] = [...(input.tables.get(best.table) ?? [])];
    for (const account of best.named) left.delete(account);
    candidates.delete(best.table);
  }
  return chosen;
}
