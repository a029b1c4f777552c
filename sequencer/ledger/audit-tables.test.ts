// Would catch: an old ledger that can not be opened, and reports or settings that are lost or can be changed unnoticed.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Ledger } from './ledger.ts';
import type { ConfigurationRecord, ReconciliationRecord } from './records.ts';
import { schemaDigest } from './schema.ts';
import { sealOf } from './seals.ts';

const report: ReconciliationRecord = {
  timeMs: 5,
  slot: (1n << 64n) - 1n,
  vaultsChecked: 3,
  batchesChecked: 2,
  transfersChecked: 1,
  complete: false,
  fundsDiffer: true,
  omitted: 4,
  discrepancies: '[{"kind":"escrow"}]',
};
const configuration: ConfigurationRecord = { timeMs: 6, settings: '{"port":1}' };

describe('the tables for auditors', () => {
  let directory: string;
  let path: string;
  let ledger: Ledger;
  const open = () => Ledger.open({ path, onFailure: () => {} });

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'audit-tables-'));
    path = join(directory, 'ledger.db');
    ledger = await open();
  });
  afterEach(async () => {
    await ledger.close().catch(() => {});
    rmSync(directory, { recursive: true, force: true });
  });

  test('hold what was committed, the newest first to be read', async () => {
    await ledger.commit([
      { kind: 'reconciled', reconciliation: { ...report, timeMs: 1 } },
      { kind: 'reconciled', reconciliation: report },
      { kind: 'configured', configuration },
    ]);
    await ledger.close();
    ledger = await open();
    assert.deepEqual(ledger.read.lastReconciliation(), report);
    assert.deepEqual(ledger.read.lastConfiguration(), configuration);
  });

  test('a ledger of version 5 gains them, sealed like the others, and opens again', async () => {
    const id = ledger.read.meta('ledger');
    await ledger.commit([{ kind: 'meta', key: 'kept', value: 'yes' }]);
    await ledger.close();
    const database = new DatabaseSync(path);
    database.exec('DROP INDEX bets_by_time; DROP TABLE reconciliations; DROP TABLE configurations; PRAGMA user_version = 5;');
    const digest = schemaDigest(database);
    const row = database.prepare("UPDATE meta SET value = ?, seal = ? WHERE key = 'schema'");
    row.run(digest, sealOf('meta', ['schema', digest]));
    database.close();
    for (let opening = 0; opening < 2; opening += 1) {
      ledger = await open();
      assert.deepEqual([ledger.read.meta('ledger'), ledger.read.meta('kept')], [id, 'yes']);
      await ledger.commit([
        { kind: 'reconciled', reconciliation: report },
        { kind: 'configured', configuration },
      ]);
      assert.deepEqual(ledger.read.lastReconciliation(), report);
      await ledger.close();
    }
    ledger = await open();
  });

  test('a report whose differences were changed on the disk keeps the ledger from being opened', async () => {
    await ledger.commit([
      { kind: 'reconciled', reconciliation: report },
      { kind: 'configured', configuration },
    ]);
    await ledger.close();
    const database = new DatabaseSync(path);
    database.exec("UPDATE reconciliations SET discrepancies = '[]'");
    database.close();
    await assert.rejects(open(), { code: 'LEDGER_CORRUPT', message: /reconciliations/ });
    ledger = await Ledger.open({ path: join(directory, 'other.db'), onFailure: () => {} });
  });
});
