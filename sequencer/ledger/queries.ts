import type { Row } from './rows.ts';

export type Cell = string | number | bigint | Uint8Array;

/** How the parts of the reader ask the ledger. */
export interface Queries {
  /** Whole rows of a table, each as it was written. */
  all(table: string, sql: string, ...cells: Cell[]): Row[];
  /** Parts of rows. */
  parts(sql: string, ...cells: Cell[]): Row[];
}
