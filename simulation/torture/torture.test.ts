import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../../cli/test/free-port.ts';
import { torture } from './run.ts';

const TIMEOUT_MS = 480_000;
/** Three of its kills hit a recovery, each target is hit at least once. */
const SEED = 1;

/** Catches a bet that is lost, settled twice or settled for other money when the processes die at the worst moments. */
test('kill -9 of sequencer, chain and both under load: every receipt is settled exactly once, and money comes out', {
  timeout: TIMEOUT_MS,
}, async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'torture-'));
  const [apiPort, rpcPort] = [await freePort(), await freePort()];
  const load = { kills: 6, durationMs: 14_000, bettors: 4, seed: SEED, circuits: ['tiny', 'small'] as const };
  const { signal } = new AbortController();
  try {
    const result = await torture({ ...load, dataDirectory, apiPort, rpcPort, signal, onProgress: () => {} });
    const { lost, duplicated, discrepancies } = result;
    assert.deepEqual({ lost, duplicated, discrepancies }, { lost: [], duplicated: [], discrepancies: [] });
    assert.ok(result.kills > 0 && result.acked > 0 && result.recoverMs.length > 0);
  } finally {
    rmSync(dataDirectory, { recursive: true, force: true });
  }
});
