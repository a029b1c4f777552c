import { hash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { CasinoError } from '../errors.ts';

/**
 * SQLite has no checksums: a byte that changes on disk is read back as if it had been written. So every row carries a seal over its
 * table's name and all of its cells. The writer's triggers set it, readers check it (docs/decisions/0015-sealed-rows-and-a-mark.md).
 */
type Cell = string | number | bigint | Uint8Array | null;

const SEAL = 'seal';
/** Kind and length in front of each cell, so that no two rows encode alike. */
const CELL_HEAD_BYTES = 5;
const KINDS = { nothing: 0, integer: 1, real: 2, text: 3, blob: 4 } as const;

/** The first eight bytes of the SHA-256 over a row, as SQLite's integer. */
export function sealOf(table: string, cells: readonly Cell[]): bigint {
  const parts = [table, ...cells].map(encodeCell);
  const bytes = Buffer.allocUnsafe(parts.reduce((sum, { body }) => sum + CELL_HEAD_BYTES + body.length, 0));
  let offset = 0;
  for (const { kind, body } of parts) {
    bytes.writeUInt8(kind, offset);
    bytes.writeUInt32LE(body.length, offset + 1);
    bytes.set(body, offset + CELL_HEAD_BYTES);
    offset += CELL_HEAD_BYTES + body.length;
  }
  return hash('sha256', bytes, 'buffer').readBigInt64LE(0);
}

function encodeCell(cell: Cell): { kind: number; body: Uint8Array } {
  if (cell === null) return { kind: KINDS.nothing, body: new Uint8Array(0) };
  if (typeof cell === 'string') return { kind: KINDS.text, body: Buffer.from(cell) };
  if (typeof cell === 'object') return { kind: KINDS.blob, body: cell };
  const body = Buffer.allocUnsafe(8);
  if (typeof cell === 'bigint') body.writeBigInt64LE(cell);
  else body.writeDoubleLE(cell);
  return { kind: typeof cell === 'bigint' ? KINDS.integer : KINDS.real, body };
}

/** A row of `SELECT *` whose seal holds; `LEDGER_CORRUPT`, naming table and row, if it does not. */
export function sealedRow<T extends Record<string, unknown>>(table: string, row: T): T {
  const cells: Cell[] = [];
  for (const column in row) if (column !== SEAL) cells.push(row[column] as Cell);
  if (sealOf(table, cells) === row[SEAL]) return row;
  const key = cells.slice(0, 2).map((cell) => (cell instanceof Uint8Array ? Buffer.from(cell).toString('hex') : String(cell)));
  throw new CasinoError('LEDGER_CORRUPT', `a row of ${table} (${key.join(', ')}) is not what was written`);
}

interface SealedTable {
  name: string;
  columns: string[];
  key: string[];
}

/** Gives every table a seal column and seals what it holds: a step of the schema's migration. */
export function addSeals(database: DatabaseSync): void {
  registerSealFunction(database);
  for (const { name, columns } of tablesOf(database)) {
    database.exec(`ALTER TABLE ${name} ADD COLUMN ${SEAL} INTEGER; UPDATE ${name} SET ${SEAL} = ${sealCall(name, columns)};`);
  }
}

/**
 * Has this connection seal whatever it writes. A row is checked before it is changed or deleted: else a damaged one would be
 * sealed anew.
 */
export function keepSeals(database: DatabaseSync): void {
  registerSealFunction(database);
  for (const { name, columns, key } of tablesOf(database)) {
    const where = key.map((column) => `${column} = NEW.${column}`).join(' AND ');
    const seal = `UPDATE ${name} SET ${SEAL} = ${sealCall(name, columns, 'NEW.')} WHERE ${where};`;
    const damaged = `WHEN ${sealCall(name, columns, 'OLD.')} IS NOT OLD.${SEAL}`;
    const refuse = `SELECT RAISE(ABORT, 'a row of ${name} is not what was written');`;
    const changes = `UPDATE OF ${columns.join(', ')} ON main.${name}`;
    database.exec(`
      CREATE TEMP TRIGGER seal_inserted_${name} AFTER INSERT ON main.${name} BEGIN ${seal} END;
      CREATE TEMP TRIGGER seal_updated_${name} AFTER ${changes} BEGIN ${seal} END;
      CREATE TEMP TRIGGER check_updated_${name} BEFORE ${changes} ${damaged} BEGIN ${refuse} END;
      CREATE TEMP TRIGGER check_deleted_${name} BEFORE DELETE ON main.${name} ${damaged} BEGIN ${refuse} END;`);
  }
}

/** Checks every row of the tables but those named. A key that changed hides its row from whoever asks for it by that key. */
export function checkSeals(database: DatabaseSync, options: { except: readonly string[] }): void {
  registerSealFunction(database);
  for (const { name, columns } of tablesOf(database)) {
    if (options.except.includes(name)) continue;
    const broken = database.prepare(`SELECT * FROM ${name} WHERE ${sealCall(name, columns)} IS NOT ${SEAL} LIMIT 1`);
    broken.setReadBigInts(true);
    const row = broken.get();
    if (row) sealedRow(name, row);
  }
}

function registerSealFunction(database: DatabaseSync): void {
  const options = { varargs: true, deterministic: true, useBigIntArguments: true };
  database.function('seal_of', options, (table, ...cells) => sealOf(table as string, cells as Cell[]));
}

const sealCall = (table: string, columns: readonly string[], prefix = '') =>
  `seal_of('${table}', ${columns.map((column) => prefix + column).join(', ')})`;

function tablesOf(database: DatabaseSync): SealedTable[] {
  const tables = database.prepare("SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").all();
  return tables.map(({ name }) => {
    const columns = database.prepare(`SELECT name, pk FROM pragma_table_info(?)`).all(name as string);
    const quoted = (column: Record<string, unknown>) => `"${column.name}"`;
    return {
      name: name as string,
      columns: columns.filter((column) => column.name !== SEAL).map(quoted),
      key: columns.filter((column) => Number(column.pk) > 0).map(quoted),
    };
  });
}
