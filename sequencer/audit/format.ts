import type { Cell, TableLayout } from './columns.ts';
import { csvRows, csvWriter } from './csv.ts';
import { jsonlRows, jsonlWriter } from './jsonl.ts';
import { parquetRows, parquetWriter } from './parquet.ts';

export type FormatName = 'csv' | 'jsonl' | 'parquet';

/** Writes one file's rows, some at a time; nothing is held back beyond a bounded number of them. */
export interface TableWriter {
  add(rows: readonly Cell[][]): void;
  /** What the format has after its last row. */
  finish(): void;
}

export interface Format {
  writer(layout: TableLayout, write: (bytes: Uint8Array) => void): TableWriter;
  /** The rows of a file, some at a time; an `Error` in words at the first that is not of the layout. */
  rows(layout: TableLayout, path: string): AsyncGenerator<Cell[][]>;
}

export const FORMATS: Record<FormatName, Format> = {
  csv: { writer: csvWriter, rows: csvRows },
  jsonl: { writer: jsonlWriter, rows: jsonlRows },
  parquet: { writer: parquetWriter, rows: parquetRows },
};

export const isFormatName = (name: unknown): name is FormatName => typeof name === 'string' && Object.hasOwn(FORMATS, name);
