import { createReadStream } from 'node:fs';
import { cellOf, checkedCell, READ_ROWS } from './cells.ts';
import type { Cell, TableLayout } from './columns.ts';

/*
 * One JSON object a line, its members in the order of the columns. 64-bit numbers are decimal strings, as JSON's readers have 53 bits;
 * JSON in a column is a string, so that a hash over it can be taken.
 */
const MAX_LINE_CHARS = 32_000_000;

export function jsonlWriter(layout: TableLayout, write: (bytes: Uint8Array) => void) {
  const text = (rows: readonly Cell[][]) => rows.map((row) => `${lineOf(layout, row)}\n`).join('');
  return { add: (rows: readonly Cell[][]) => write(Buffer.from(text(rows))), finish: () => {} };
}

const lineOf = ({ columns }: TableLayout, row: readonly Cell[]): string =>
  `{${columns.map(({ name }, index) => `"${name}":${jsonOf(row[index] as Cell)}`).join(',')}}`;

const jsonOf = (cell: Cell): string => (typeof cell === 'bigint' ? `"${cell}"` : JSON.stringify(cell));

export async function* jsonlRows(layout: TableLayout, path: string): AsyncGenerator<Cell[][]> {
  let rest = '';
  for await (const chunk of createReadStream(path, { encoding: 'utf8' })) {
    const lines = (rest + (chunk as string)).split('\n');
    rest = lines.pop() as string;
    if (rest.length > MAX_LINE_CHARS) throw new Error(`a line has more than ${MAX_LINE_CHARS} characters`);
    for (let from = 0; from < lines.length; from += READ_ROWS) {
      yield lines.slice(from, from + READ_ROWS).map((line) => rowOf(layout, line));
    }
  }
  if (rest !== '') throw new Error('its last line has no end');
}

function rowOf(layout: TableLayout, line: string): Cell[] {
  const { columns } = layout;
  const parsed: unknown = JSON.parse(line);
  if (typeof parsed !== 'object' || parsed === null) throw new Error('a line is no object');
  const row = parsed as Record<string, unknown>;
  if (Object.keys(row).length !== columns.length) throw new Error(`a line has other members than the ${columns.length} columns`);
  const cells = columns.map((column) => {
    const value = Object.hasOwn(row, column.name) ? row[column.name] : undefined;
    const wide = column.kind === 'u64' || column.kind === 'i64';
    return wide && typeof value === 'string' ? cellOf(column, value) : checkedCell(column, value);
  });
  // A member that is there twice means one thing to one reader and another to the next.
  if (lineOf(layout, cells) !== line) throw new Error('a line is not written as it has to be');
  return cells;
}
