import { createReadStream } from 'node:fs';
import { cellOf, checkedCell, READ_ROWS } from './cells.ts';
import type { Cell, TableLayout } from './columns.ts';

/*
 * One JSON object a line, its members in the order of the columns. 64-bit numbers are decimal strings, as JSON's readers have 53 bits;
 * JSON in a column is a string, so that a hash over it can be taken.
 */
const MAX_LINE_CHARS = 32_000_000;

export function jsonlWriter({ columns }: TableLayout, write: (bytes: Uint8Array) => void) {
  const names = columns.map(({ name }) => JSON.stringify(name));
  const line = (row: readonly Cell[]) => `{${row.map((cell, index) => `${names[index]}:${jsonOf(cell)}`).join(',')}}\n`;
  return { add: (rows: readonly Cell[][]) => write(Buffer.from(rows.map(line).join(''))), finish: () => {} };
}

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

function rowOf({ columns }: TableLayout, line: string): Cell[] {
  const parsed: unknown = JSON.parse(line);
  if (typeof parsed !== 'object' || parsed === null) throw new Error('a line is no object');
  const row = parsed as Record<string, unknown>;
  if (Object.keys(row).length !== columns.length) throw new Error(`a line has other members than the ${columns.length} columns`);
  return columns.map((column) => {
    const value = Object.hasOwn(row, column.name) ? row[column.name] : undefined;
    const wide = column.kind === 'u64' || column.kind === 'i64';
    return wide && typeof value === 'string' ? cellOf(column, value) : checkedCell(column, value);
  });
}
