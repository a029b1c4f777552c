/**
 * What a column holds, the same in every format (docs/reference/audit-export.md):
 * `u64`, `i64`: bigint. `int`: a whole number below 2^53. `time`: ms since the epoch. `flag`: boolean. The others are text: `hex` and
 * `base58` of bytes, `json` a JSON document, `text` words.
 */
export type ColumnKind = 'u64' | 'i64' | 'int' | 'time' | 'flag' | 'hex' | 'base58' | 'json' | 'text';

export type Cell = bigint | number | boolean | string | null;

export interface Column {
  name: string;
  kind: ColumnKind;
  nullable: boolean;
}

/** A sum over a table's rows that the manifest states: of one column, where another has one of some values. */
export interface Sum {
  name: string;
  column: string;
  where?: { column: string; in: readonly string[] };
}

/** A file's layout. `version` counts up with every change of the columns. */
export interface TableLayout {
  name: string;
  version: number;
  columns: readonly Column[];
  sums: readonly Sum[];
}

/** A table, and how its rows are made of what the ledger or the chain holds. */
export interface Table<T> extends TableLayout {
  cells(record: T): Cell[];
}

/** Columns by name; a `?` after the kind allows null. */
export function columnsOf(kinds: Record<string, ColumnKind | `${ColumnKind}?`>): Column[] {
  return Object.entries(kinds).map(([name, kind]) => {
    const nullable = kind.endsWith('?');
    return { name, kind: (nullable ? kind.slice(0, -1) : kind) as ColumnKind, nullable };
  });
}

/** Adds up a table's sums, row by row. */
export class Summing {
  readonly #sums: { name: string; column: number; where: { column: number; in: readonly string[] } | undefined }[];
  readonly #totals: Map<string, bigint>;

  constructor(layout: TableLayout) {
    const indexOf = (name: string) => layout.columns.findIndex((column) => column.name === name);
    this.#sums = layout.sums.map(({ name, column, where }) => ({
      name,
      column: indexOf(column),
      where: where && { column: indexOf(where.column), in: where.in },
    }));
    this.#totals = new Map(layout.sums.map(({ name }) => [name, 0n]));
  }

  add(row: readonly Cell[]): void {
    for (const { name, column, where } of this.#sums) {
      if (where && !where.in.includes(row[where.column] as string)) continue;
      this.#totals.set(name, (this.#totals.get(name) as bigint) + BigInt((row[column] as bigint | number | null) ?? 0));
    }
  }

  /** Decimal strings by the sums' names. */
  get totals(): Record<string, string> {
    return Object.fromEntries([...this.#totals].map(([name, total]) => [name, total.toString()]));
  }
}
