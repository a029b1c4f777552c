import { parentPort, workerData } from 'node:worker_threads';
import { CasinoError } from '../errors.ts';
import { LedgerWriter } from './apply.ts';
import { ledgerFault } from './faults.ts';
import { type OpenedLedger, openLedger } from './opening.ts';
import type { LedgerEntry } from './records.ts';

/**
 * The ledger's one writer, on a thread of its own so that an fsync never holds up an answer. One message is one transaction:
 * all of its entries are durable when the reply goes out, or none is. After a failure the database is not written again.
 */
const port = parentPort;
if (!port) throw new Error('the ledger writer runs as a worker thread');
const { path } = workerData as { path: string };
let broken = false;

const opened = open();
if (opened) serve(opened);

function open(): OpenedLedger | undefined {
  try {
    return openLedger(path, () => performance.now());
  } catch (error) {
    port?.postMessage({ failed: plain(error) });
    port?.close();
    return undefined;
  }
}

function serve(ledger: OpenedLedger): void {
  const writer = new LedgerWriter(ledger.database);
  port?.on('message', (message: { entries?: LedgerEntry[]; close?: boolean }) => {
    if (message.close) {
      ledger.mark.close();
      ledger.database.close();
      port?.close();
      return;
    }
    try {
      if (broken) throw new Error('an earlier commit failed');
      commit(ledger, writer, message.entries ?? []);
      port?.postMessage({ committed: true });
    } catch (error) {
      broken = true;
      port?.postMessage({ failed: plain(ledgerFault(error, path, 'written')) });
    }
  });
  port?.postMessage({ ready: true });
}

function commit(ledger: OpenedLedger, writer: LedgerWriter, entries: LedgerEntry[]): void {
  if (entries.length === 0) return;
  const { database, mark } = ledger;
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const entry of entries) writer.apply(entry);
    writer.apply({ kind: 'meta', key: 'commits', value: (ledger.commits + 1n).toString() });
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
  ledger.commits += 1n;
  mark.write(ledger.commits);
}

/** What of an error crosses to the other thread. */
function plain(error: unknown): { code: string; message: string } {
  const { code, message } = error instanceof CasinoError ? error : ledgerFault(error, path, 'opened');
  return { code, message };
}
