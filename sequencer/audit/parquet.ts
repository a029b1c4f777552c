import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, type SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { checkedCell } from './cells.ts';
import type { Cell, Column, ColumnKind, TableLayout } from './columns.ts';

/** Rows of one row group, which is what is held in memory at a time; fewer where they are long. */
export const ROW_GROUP_ROWS = 10_000;
const ROW_GROUP_CHARS = 16_000_000;
/** Largest row group that is read: a file may come from anybody. */
const MAX_READ_ROWS = 1_000_000;

const INT64 = { type: 'INT64' } as const;
const TEXT = { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } } as const;
const TYPES: Record<ColumnKind, Omit<SchemaElement, 'name'>> = {
  u64: { ...INT64, converted_type: 'UINT_64', logical_type: { type: 'INTEGER', bitWidth: 64, isSigned: false } },
  i64: INT64,
  int: INT64,
  time: {
    ...INT64,
    converted_type: 'TIMESTAMP_MILLIS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
  },
  flag: { type: 'BOOLEAN' },
  hex: TEXT,
  base58: TEXT,
  json: TEXT,
  text: TEXT,
};

function schemaOf({ columns }: TableLayout): SchemaElement[] {
  const elements = columns.map(({ name, kind, nullable }) => ({
    name,
    ...TYPES[kind],
    repetition_type: nullable ? ('OPTIONAL' as const) : ('REQUIRED' as const),
  }));
  return [{ name: 'root', num_children: columns.length }, ...elements];
}

/** Apache Parquet, ZSTD, a row group of bounded size at a time. Its footer grows by some 1 kB with each. */
export function parquetWriter(layout: TableLayout, write: (bytes: Uint8Array) => void) {
  const bytes = new ByteWriter();
  const compressors = { ZSTD: (input: Uint8Array) => new Uint8Array(zstdCompressSync(input)) };
  const writer = new ParquetWriter({
    writer: bytes,
    schema: schemaOf(layout),
    codec: 'ZSTD',
    compressors,
    createdBy: 'zk-casino',
  });
  let rows: Cell[][] = [];
  let chars = 0;
  const drain = () => {
    write(bytes.getBytes());
    bytes.index = 0;
  };
  const flush = () => {
    if (rows.length === 0) return;
    const columnData = layout.columns.map((column, index) => columnOf(column, rows, index));
    void writer.write({ columnData, rowGroupSize: rows.length });
    rows = [];
    chars = 0;
    drain();
  };
  const add = (added: readonly Cell[][]) => {
    for (const row of added) {
      rows.push(row);
      for (const cell of row) if (typeof cell === 'string') chars += cell.length;
      if (rows.length >= ROW_GROUP_ROWS || chars >= ROW_GROUP_CHARS) flush();
    }
  };
  const finish = () => {
    flush();
    void writer.finish();
    drain();
  };
  return { add, finish };
}

/** Hashes and keys never repeat: a dictionary of them would be made in vain, and their least and greatest say nothing. */
const isRandom = ({ kind }: Column) => kind === 'hex';

function columnOf(column: Column, rows: readonly Cell[][], index: number) {
  const wide = column.kind === 'int' || column.kind === 'time';
  const data = rows.map((row) => {
    const cell = row[index] ?? undefined;
    return wide && cell !== undefined ? BigInt(cell as number) : cell;
  });
  const encoding = isRandom(column) ? ({ encoding: 'PLAIN' } as const) : {};
  return { name: column.name, data, statistics: !isRandom(column), offsetIndex: false, ...encoding };
}

export async function* parquetRows(layout: TableLayout, path: string): AsyncGenerator<Cell[][]> {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  const expected = describe(schemaOf(layout));
  const found = describe(metadata.schema);
  if (found !== expected) throw new Error(`its columns are ${found.slice(0, 2_000)}, not ${expected}`);
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const count = Number(group.num_rows);
    if (count > MAX_READ_ROWS) throw new Error(`a row group has more than ${MAX_READ_ROWS} rows`);
    const range = { rowStart, rowEnd: rowStart + count };
    const compressors = { ZSTD: (input: Uint8Array) => new Uint8Array(zstdDecompressSync(input)) };
    const objects = await parquetReadObjects({ file, metadata, compressors, ...range });
    if (objects.length !== count) throw new Error(`a row group has ${objects.length} rows, not ${count}`);
    yield objects.map((row) => layout.columns.map((column) => cellFrom(column, row[column.name])));
    rowStart += count;
  }
}

const describe = (schema: readonly SchemaElement[]): string =>
  schema
    .slice(1)
    .map((element) => `${element.name} ${element.type} ${element.converted_type ?? ''} ${element.repetition_type}`)
    .join(', ');

function cellFrom(column: Column, value: unknown): Cell {
  if (value === null || value === undefined) return checkedCell(column, null);
  if (column.kind === 'time' && value instanceof Date) return checkedCell(column, value.getTime());
  if (column.kind === 'int' && typeof value === 'bigint') return checkedCell(column, Number(value));
  if (column.kind === 'u64' && typeof value === 'bigint') return checkedCell(column, BigInt.asUintN(64, value));
  return checkedCell(column, value);
}
