import { createHash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { openLedger } from '../sequencer/ledger/opening.ts';
import { toSql } from '../sequencer/ledger/schema.ts';
import { sealOf } from '../sequencer/ledger/seals.ts';

const ROWS_A_TRANSACTION = 50_000;
const BETS_A_BATCH = 50;
const BET_INDEXES = ['bets_by_head', 'bets_by_time'];

type Cell = string | number | bigint | Uint8Array | null;

/** Random-looking bytes that cost little: no two labels alike. */
function bytesOf(label: string, length: number): Uint8Array {
  const out = Buffer.alloc(length);
  for (let offset = 0; offset < length; offset += 64) {
    createHash('sha512').update(`${label} ${offset}`).digest().copy(out, offset);
  }
  return out;
}

/**
 * Makes a ledger of the real schema with so many settled bets, spread over vaults, in batches of 50 with their history, every row sealed.
 * Nothing of it is signed: an export does not look. The indexes of the bets are made at the end, which is quicker.
 */
export function buildLedger(path: string, size: { bets: number; vaults: number }): void {
  const opened = openLedger(path, () => performance.now());
  opened.mark.close();
  opened.database.close();
  const database = new DatabaseSync(path);
  database.exec('PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL;');
  const definition = database.prepare('SELECT sql FROM sqlite_schema WHERE name = ?');
  const indexes = BET_INDEXES.map((name) => definition.get(name)?.sql as string);
  database.exec(BET_INDEXES.map((name) => `DROP INDEX ${name};`).join(' '));
  const insert = inserter(database);
  insert('meta', ['identity', `${'1'.repeat(32)}/${'1'.repeat(32)}/${'1'.repeat(32)}`]);
  const betsAVault = Math.ceil(size.bets / size.vaults);
  let batchNumber = 0n;
  for (let vault = 0; vault < size.vaults; vault += 1) {
    const count = Math.min(betsAVault, size.bets - vault * betsAVault);
    batchNumber = addVault(insert, { vault, count, batchNumber });
  }
  insert.end();
  for (const index of indexes) database.exec(index);
  database.close();
}

type Insert = ((table: string, cells: Cell[]) => void) & { end(): void };

function inserter(database: DatabaseSync): Insert {
  const statements = new Map<string, ReturnType<DatabaseSync['prepare']>>();
  let rows = 0;
  const insert = (table: string, cells: Cell[]) => {
    if (rows % ROWS_A_TRANSACTION === 0) database.exec(rows === 0 ? 'BEGIN' : 'COMMIT; BEGIN');
    rows += 1;
    let statement = statements.get(table);
    if (!statement) {
      statement = database.prepare(`INSERT INTO ${table} VALUES (${'?, '.repeat(cells.length)}?)`);
      statements.set(table, statement);
    }
    // Numbers are stored as integers, and seals are of what is stored.
    const stored = cells.map((cell) => (typeof cell === 'number' ? BigInt(cell) : cell));
    statement.run(...stored, sealOf(table, stored));
  };
  return Object.assign(insert, { end: () => database.exec('COMMIT') });
}

function addVault(insert: Insert, input: { vault: number; count: number; batchNumber: bigint }): bigint {
  const vault = bytesOf(`vault ${input.vault}`, 32);
  vault.set([input.vault >> 24, input.vault >> 16, input.vault >> 8, input.vault]);
  let { batchNumber } = input;
  let head = vault;
  for (let number = 1; number <= input.count; number += 1) {
    const time = 1_700_000_000_000 + input.vault + 1_000 * number;
    head = bytesOf(`head ${input.vault} ${number}`, 32);
    const chosen = [vault, number, 1, 5, number % 2, head.toReversed(), head, bytesOf(`key ${input.vault}`, 64)];
    const played = [Buffer.concat([head, head, head]), vault, number % 2, 98_000, toSql(10n ** 12n), -50_000 * number, time];
    insert('bets', [...chosen, ...played, Buffer.concat([head, head.toReversed()])]);
    if (number % BETS_A_BATCH === 0) {
      batchNumber += 1n;
      addBatch(insert, { vault, batchNumber, firstBet: number - BETS_A_BATCH + 1, time });
    }
  }
  const settled = Math.floor(input.count / BETS_A_BATCH) * BETS_A_BATCH;
  insert('vaults', [vault, vault.toReversed(), vault, input.count, head, 0, 1, settled, settled]);
  return batchNumber;
}

function addBatch(insert: Insert, input: { vault: Uint8Array; batchNumber: bigint; firstBet: number; time: number }): void {
  const { vault, batchNumber, firstBet, time } = input;
  const what = [batchNumber, 'Finalized', 1, 1, 'large', BETS_A_BATCH, bytesOf(`blob ${batchNumber}`, 32), bytesOf('', 7), 0];
  const progress = [bytesOf('proof', 128), 900, null, '5'.repeat(87), 1_000, 1, 1, 900_000, time + 900, time + 1_500];
  insert('batches', [...what, time, time, ...progress]);
  insert('batch_runs', [batchNumber, 0, vault, 0, 0, 0, firstBet, BETS_A_BATCH, 0, 0]);
  const states = ['', 'Pending', 'Proving', 'Proved', 'Submitted', 'Confirmed', 'Finalized'];
  for (let step = 1; step < states.length; step += 1) {
    const id = 6n * batchNumber + BigInt(step);
    insert('audit', [id, batchNumber, time + step, states[step - 1] as string, states[step] as string, 'bench', 0, '']);
  }
}
