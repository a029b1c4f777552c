import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { LedgerWriter } from './apply.ts';
import type { LedgerEntry } from './records.ts';
import { prepareSchema } from './schema.ts';

/**
 * The ledger's one writer, on a thread of its own so that an fsync never holds up an answer. One message is one transaction:
 * all of its entries are durable when the reply goes out, or none is. After a failure the database is not written again.
 */
const port = parentPort;
if (!port) throw new Error('the ledger writer runs as a worker thread');

const database = new DatabaseSync((workerData as { path: string }).path);
database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;');
prepareSchema(database);
const writer = new LedgerWriter(database);
let broken = false;
port.postMessage({ ready: true });

port.on('message', (message: { entries?: LedgerEntry[]; close?: boolean }) => {
  if (message.close) {
    database.close();
    port.close();
    return;
  }
  try {
    if (broken) throw new Error('an earlier commit failed');
    commit(message.entries ?? []);
    port.postMessage({ committed: true });
  } catch (error) {
    broken = true;
    port.postMessage({ failed: error instanceof Error ? error.message : String(error) });
  }
});

function commit(entries: LedgerEntry[]): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const entry of entries) writer.apply(entry);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
