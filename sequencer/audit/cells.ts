import type { Cell, Column } from './columns.ts';

const WHOLE = /^(?:0|-?[1-9][0-9]{0,19})$/;
const U64_LIMIT = 1n << 64n;
const I64_LIMIT = 1n << 63n;

/** Rows that a reader hands on at a time. */
export const READ_ROWS = 1_000;

/** The cell that a text stands for, as CSV has all and JSON some; an `Error` in words if it stands for none of the column's. */
export function cellOf(column: Column, text: string): Cell {
  switch (column.kind) {
    case 'u64':
    case 'i64':
      return checkedCell(column, WHOLE.test(text) ? BigInt(text) : text);
    case 'int':
    case 'time':
      return checkedCell(column, WHOLE.test(text) ? Number(text) : text);
    case 'flag':
      return checkedCell(column, text === 'true' ? true : text === 'false' ? false : text);
    default:
      return text;
  }
}

/** The value if it is one of the column's; an `Error` in words otherwise. */
export function checkedCell(column: Column, value: unknown): Cell {
  if (value === null && column.nullable) return null;
  if (!fits(column, value)) throw new Error(`${String(value).slice(0, 100)} is no ${column.kind} for the column ${column.name}`);
  return value as Cell;
}

function fits({ kind }: Column, value: unknown): boolean {
  switch (kind) {
    case 'u64':
      return typeof value === 'bigint' && value >= 0n && value < U64_LIMIT;
    case 'i64':
      return typeof value === 'bigint' && value >= -I64_LIMIT && value < I64_LIMIT;
    case 'int':
    case 'time':
      return typeof value === 'number' && Number.isSafeInteger(value);
    case 'flag':
      return typeof value === 'boolean';
    default:
      return typeof value === 'string';
  }
}
