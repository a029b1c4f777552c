import { createReadStream } from 'node:fs';
import { cellOf, READ_ROWS } from './cells.ts';
import type { Cell, TableLayout } from './columns.ts';

/*
 * RFC 4180: a header, CRLF after every line, quotes around what holds a comma, a quote or a line break. An empty field is null, an empty
 * text is `""`.
 */
const END = '\r\n';
const NEEDS_QUOTES = /[",\r\n]/;
/** Longest field that is read: a reconciliation's differences have some 300 kB at most. */
const MAX_FIELD_CHARS = 16_000_000;
const MAX_FIELDS = 100;

export function csvWriter(layout: TableLayout, write: (bytes: Uint8Array) => void) {
  const lines = (rows: readonly Cell[][]) => write(Buffer.from(rows.map((row) => row.map(csvField).join(',') + END).join('')));
  lines([layout.columns.map(({ name }) => name)]);
  return { add: lines, finish: () => {} };
}

function csvField(cell: Cell): string {
  if (cell === null) return '';
  const text = String(cell);
  return text === '' || NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A field as it stands in the file: `quoted` tells an empty text from null. */
interface Field {
  text: string;
  quoted: boolean;
}

export async function* csvRows(layout: TableLayout, path: string): AsyncGenerator<Cell[][]> {
  const parser = new CsvParser();
  let header: Field[] | undefined;
  let rows: Cell[][] = [];
  for await (const chunk of createReadStream(path, { encoding: 'utf8' })) {
    for (const record of parser.push(chunk as string)) {
      if (!header) header = checkedHeader(layout, record);
      else rows.push(rowOf(layout, record));
      if (rows.length < READ_ROWS) continue;
      yield rows;
      rows = [];
    }
  }
  parser.end();
  if (!header) throw new Error('it has no header');
  yield rows;
}

function checkedHeader({ columns }: TableLayout, record: Field[]): Field[] {
  const expected = columns.map(({ name }) => name).join(',');
  const found = record.map(({ text }) => text).join(',');
  if (found !== expected) throw new Error(`its header is ${found.slice(0, 500)}, not ${expected}`);
  return record;
}

function rowOf({ columns }: TableLayout, record: readonly Field[]): Cell[] {
  if (record.length !== columns.length) throw new Error(`a line has ${record.length} fields, not ${columns.length}`);
  return columns.map((column, index) => {
    const { text, quoted } = record[index] as Field;
    if (text !== '' || quoted) return cellOf(column, text);
    if (!column.nullable) throw new Error(`the column ${column.name} is empty`);
    return null;
  });
}

/** Splits text into records, whatever pieces it comes in. Strict: an `Error` in words at anything that RFC 4180 does not have. */
class CsvParser {
  #record: Field[] = [];
  #text = '';
  #quoted = false;
  /** Where the parser stands: in a bare field, in quotes, behind a quote that may end them, behind a carriage return. */
  #at: 'bare' | 'quotes' | 'quote' | 'return' = 'bare';

  *push(text: string): Generator<Field[]> {
    for (let index = 0; index < text.length; ) {
      if (this.#at === 'bare' || this.#at === 'quotes') index = this.#take(text, index);
      if (index >= text.length) return;
      const record = this.#mark(text[index] as string);
      index += 1;
      if (record) yield record;
    }
  }

  end(): void {
    const open = this.#at !== 'bare' || this.#record.length > 0 || this.#text !== '' || this.#quoted;
    if (open) throw new Error('its last line has no end');
  }

  /** Takes in what is plain text here, up to the next character that means something. */
  #take(text: string, from: number): number {
    const stop = this.#at === 'bare' ? /[",\r\n]/g : /"/g;
    stop.lastIndex = from;
    const end = stop.exec(text)?.index ?? text.length;
    if (end > from && this.#at === 'bare' && this.#quoted) throw new Error('a field goes on after its quotes');
    this.#text += text.slice(from, end);
    if (this.#text.length > MAX_FIELD_CHARS) throw new Error(`a field has more than ${MAX_FIELD_CHARS} characters`);
    return end;
  }

  /** Takes one character that means something; returns the record that it ends. */
  #mark(char: string): Field[] | undefined {
    if (this.#at === 'return') return this.#lineEnd(char);
    if (this.#at === 'quotes') {
      this.#at = 'quote';
      return undefined;
    }
    if (this.#at === 'quote') {
      if (char === '"') {
        this.#text += '"';
        this.#at = 'quotes';
        return undefined;
      }
      this.#at = 'bare';
    }
    return this.#bareMark(char);
  }

  #bareMark(char: string): undefined {
    if (char === ',') this.#endField();
    else if (char === '\r') this.#at = 'return';
    else if (char === '"' && this.#text === '' && !this.#quoted) {
      this.#quoted = true;
      this.#at = 'quotes';
    } else throw new Error(`${JSON.stringify(char)} stands where it may not`);
  }

  #lineEnd(char: string): Field[] {
    if (char !== '\n') throw new Error('a carriage return without a line feed');
    this.#at = 'bare';
    this.#endField();
    const record = this.#record;
    this.#record = [];
    return record;
  }

  #endField(): void {
    this.#record.push({ text: this.#text, quoted: this.#quoted });
    if (this.#record.length > MAX_FIELDS) throw new Error(`a line has more than ${MAX_FIELDS} fields`);
    this.#text = '';
    this.#quoted = false;
  }
}
