// Would catch: a difference that no auditor hears of, a ledger that reports fill, and a secret among the settings.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type Config, DEFAULTS } from '../config.ts';
import { Ledger } from '../ledger/ledger.ts';
import { keepReport, keepSettings, settingsJson } from './history.ts';
import type { ReconciliationReport } from './reconcile.ts';

const HOUR_MS = 3_600_000;
const clean: ReconciliationReport = {
  timeMs: 10 * HOUR_MS,
  slot: 9n,
  vaultsChecked: 2,
  batchesChecked: 1,
  transfersChecked: 0,
  complete: true,
  discrepancies: [],
  omitted: 0,
  fundsDiffer: false,
};
const differing = (subject: string, change: Partial<ReconciliationReport> = {}): ReconciliationReport => ({
  ...clean,
  discrepancies: [{ kind: 'signature', subject, expected: 'a', found: 'b', funds: change.fundsDiffer ?? false }],
  ...change,
});
const config: Config = { ...DEFAULTS, dataDirectory: '/home/operator/secret-place', rpcUrl: 'http://127.0.0.1:8899' };

describe('what is kept for auditors', () => {
  let directory: string;
  let ledger: Ledger;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'history-'));
    ledger = await Ledger.open({ path: join(directory, 'ledger.db'), onFailure: () => {} });
  });
  afterEach(async () => {
    await ledger.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const keptOf = async (reports: ReconciliationReport[]) => {
    const kept: boolean[] = [];
    for (const report of reports) kept.push(await keepReport(ledger, report));
    return kept;
  };

  test('of reports that find nothing is one an hour', async () => {
    const minutes = Array.from({ length: 180 }, (_, minute) => ({
      ...clean,
      timeMs: clean.timeMs + 60_000 * minute,
      slot: BigInt(minute),
    }));
    assert.equal((await keptOf(minutes)).filter(Boolean).length, 3);
  });

  test('is a report that begins or ends to find money missing, at once', async () => {
    const missing = differing('vault', { fundsDiffer: true, timeMs: clean.timeMs + 1 });
    assert.deepEqual(
      await keptOf([clean, missing, { ...missing, timeMs: clean.timeMs + 2 }, { ...clean, timeMs: clean.timeMs + 3 }]),
      [true, true, false, true],
    );
  });

  test('is a report that names something else, once a minute, and not one that names the same by other amounts', async () => {
    const minute = (n: number) => clean.timeMs + 60_000 * n;
    const other = differing('a', { timeMs: minute(2) });
    const amounts = { ...other, discrepancies: other.discrepancies.map((one) => ({ ...one, found: 'c' })), timeMs: minute(4) };
    assert.deepEqual(
      await keptOf([clean, differing('a', { timeMs: minute(1) }), differing('b', { timeMs: minute(1) + 1 }), other, amounts]),
      [true, true, false, false, false],
    );
    assert.deepEqual(await keptOf([differing('b', { timeMs: minute(5) })]), [true]);
    assert.equal(JSON.parse(ledger.read.lastReconciliation()?.discrepancies ?? '')[0].subject, 'b');
  });

  test('of settings is what changed from one start to the next', async () => {
    assert.equal(await keepSettings(ledger, { config, timeMs: 1 }), true);
    assert.equal(await keepSettings(ledger, { config, timeMs: 2 }), false);
    assert.equal(await keepSettings(ledger, { config: { ...config, maxStake: 5n }, timeMs: 3 }), true);
    const { settings, timeMs } = ledger.read.lastConfiguration() ?? assert.fail();
    assert.deepEqual([JSON.parse(settings).maxStake, timeMs], ['5', 3]);
  });

  test('of settings has no secret: not the key in an address of a node, nor where the files are', () => {
    for (const rpcUrl of [
      'https://user:s3cret@node.example/',
      'https://node.example/v2/s3cret',
      'https://node.example/?api-key=s3cret',
      's3cret',
    ]) {
      const text = settingsJson({ ...config, rpcUrl });
      assert.doesNotMatch(text, /s3cret|secret-place/, rpcUrl);
    }
    assert.equal(JSON.parse(settingsJson({ ...config, rpcUrl: 'https://node.example/v2/x' })).rpcUrl, 'node.example');
  });

  test('of stores has no secret, which a provider may put into a path', () => {
    const storesOf = (...blobStores: string[]) => JSON.parse(settingsJson({ ...config, blobStores })).blobStores;
    const s3 = 's3://bucket/blobs?endpoint=https://objects.example/s3cret/&region=eu-1';
    const ipfs = 'ipfs+https://node.example/v0/s3cret/?pin=https://pins.example/s3cret/psa';
    assert.deepEqual(storesOf(`files,${s3}`, ipfs, 'ipfs+http://127.0.0.1:5001', 's3cret'), [
      'files',
      's3://bucket/blobs?endpoint=objects.example&region=eu-1',
      'ipfs+https://node.example?pin=pins.example',
      'ipfs+http://127.0.0.1:5001',
      '',
    ]);
  });
});
