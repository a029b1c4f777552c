// Would catch: an export of a running house that lacks what chain or ledger hold, a signature that is not the house's, and wrong exit codes.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Address } from '@solana/kit';
import { MemoryStore } from '../client/store.ts';
import { SETTLED_AFTER_MS } from '../sequencer/audit/export.ts';
import { CasinoError } from '../sequencer/errors.ts';
import { loadOperatorKeys } from '../sequencer/operations/keys.ts';
import { type AuditExportOptions, exportData } from './audit-export.ts';
import { verifyExport } from './audit-verify.ts';
import { seatBettor } from './demo-bettors.ts';
import { LOCAL_CHAIN_TIMING, type Services, startServices } from './services.ts';
import { freePort } from './test/free-port.ts';

const TIMEOUT_MS = 480_000;

let directory: string;
let data: string;
let services: Services;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'audit-command-'));
  data = join(directory, 'data');
  const ports = { apiPort: await freePort(), rpcPort: await freePort() };
  const sequencerFlags = ['--proofs', 'off', '--circuits', 'tiny'];
  const quiet = { onProgress: () => {}, onRestart: () => {} };
  services = await startServices({ dataDirectory: data, ...ports, ...LOCAL_CHAIN_TIMING, ...quiet, sequencerFlags });
});
after(async () => {
  await services?.stop();
  rmSync(directory, { recursive: true, force: true });
});

const casino = async (...args: string[]) => {
  const main = fileURLToPath(new URL('../casino.mjs', import.meta.url));
  const child = spawn(process.execPath, [main, 'audit', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [output, errors] = ['', ''];
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (errors += chunk));
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { exitCode, output, errors };
};
const rows = (out: string, table: string) =>
  readFileSync(join(out, `${table}.jsonl`), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** Exports what has happened until now: the house's clock is set ahead, and the chain waited for. */
async function exportNow(out: string, change: Partial<AuditExportOptions> = {}) {
  const toMs = Date.now();
  const options: AuditExportOptions = {
    dataDirectory: data,
    out,
    format: 'jsonl',
    fromMs: undefined,
    toMs,
    rpcUrl: services.rpcUrl,
    unsigned: false,
    nowMs: () => Date.now() + SETTLED_AFTER_MS,
    onProgress: () => {},
    ...change,
  };
  for (;;) {
    try {
      return await exportData(options);
    } catch (error) {
      // The finalized chain is some blocks behind.
      if (!(error instanceof CasinoError && error.code === 'CHAIN_UNREACHABLE')) throw error;
      assert.match(error.message, /the finalized chain has come to/);
      await sleep(200);
    }
  }
}

test('a running house is exported and the export verified', { timeout: TIMEOUT_MS }, async (t) => {
  const { apiUrl, rpcUrl } = services;
  const bettors = [];
  for (const index of [0, 1])
    bettors.push(await seatBettor({ index, apiUrl, rpcUrl, store: new MemoryStore(), onBet: () => {} }));
  for (const { client } of bettors) for (let bet = 0; bet < 3; bet += 1) await client.bet({ amount: 1_000_000n, guess: 'heads' });
  await bettors[0]?.client.requestWithdrawal(5_000_000n);
  const out = join(directory, 'out');
  const manifest = await exportNow(out);

  await t.test('with what the ledger and the chain hold', () => {
    assert.equal(rows(out, 'bets').length, 6);
    assert.equal(manifest.totals.bets?.staked, '6000000');
    const deposits = rows(out, 'deposits');
    assert.deepEqual(
      deposits.map(({ kind }) => kind),
      ['house', 'vault', 'vault'],
    );
    const sum = deposits.slice(1).reduce((total, { amount }) => total + BigInt(amount as string), 0n);
    assert.equal(manifest.totals.deposits?.vault, sum.toString());
    const [request, ...more] = rows(out, 'withdrawals');
    assert.deepEqual(
      [request?.kind, request?.amount, request?.vault, more.length],
      ['requested', '5000000', deposits[1]?.vault, 0],
    );
    const changes = rows(out, 'chain_changes').map(({ change }) => change);
    assert.deepEqual(changes, ['house-opened', 'verifying-key-added', 'terms-opened']);
    const terms = JSON.parse(rows(out, 'chain_changes')[2]?.value as string);
    assert.deepEqual([terms.id, terms.profit_bps], [1, 9_800]);
    const [settings] = rows(out, 'configurations');
    assert.equal(JSON.parse(settings?.settings as string).proofs, false);
    assert.ok(rows(out, 'reconciliations').length >= 1);
  });

  await t.test('passes, by the function and by the command', async () => {
    const options = { directory: out, rpcUrl, house: manifest.house as Address, unsigned: false, onProgress: () => {} };
    assert.deepEqual((await verifyExport(options)).findings, []);
    const { exitCode, output } = await casino('verify', out, '--rpc', rpcUrl, '--json');
    assert.deepEqual([exitCode, JSON.parse(output).ok], [0, true]);
    const foreign = await casino('verify', out, '--house', manifest.program);
    assert.deepEqual([foreign.exitCode, /foreign-house/.test(foreign.output)], [1, true]);
  });

  await t.test('does not pass once a bet was changed', async () => {
    const path = join(out, 'bets.jsonl');
    const whole = readFileSync(path, 'utf8');
    writeFileSync(path, whole.replace('"stake":"1000000"', '"stake":"1000001"'));
    const { exitCode, output } = await casino('verify', out);
    writeFileSync(path, whole);
    assert.equal(exitCode, 1);
    assert.match(output, /file-changed bets\.jsonl/);
  });

  await t.test('is signed by no other key than the house has on chain', async () => {
    const copy = join(directory, 'copy');
    mkdirSync(copy);
    for (const name of ['ledger.db', 'ledger.db-wal']) copyFileSync(join(data, name), join(copy, name));
    const target = join(directory, 'foreign');
    const dataDirectory = copy;
    await assert.rejects(exportNow(target, { dataDirectory }), {
      code: 'CONFIG_INVALID',
      message: /receipt key is not in .*--unsigned/,
    });
    assert.ok(!existsSync(join(copy, 'keys')), 'looking for a key makes none');
    await loadOperatorKeys(join(copy, 'keys'));
    await assert.rejects(exportNow(target, { dataDirectory }), { code: 'CHAIN_MISMATCH', message: /receipt key/ });
    // Without the chain nothing stands in the way of it; whoever asks the chain sees it.
    await exportNow(target, { dataDirectory, rpcUrl: undefined });
    const options = { directory: target, rpcUrl, house: undefined, unsigned: false, onProgress: () => {} };
    const { findings } = await verifyExport(options);
    assert.deepEqual(
      findings.map(({ kind }) => kind),
      ['foreign-signature'],
    );
  });

  await t.test('unsigned says so, and is taken only by who asks for that', async () => {
    const target = join(directory, 'unsigned');
    const { exitCode, errors } = await casino('export', '--data', data, '--out', target, '--format', 'parquet', '--unsigned');
    assert.equal(exitCode, 0, errors);
    assert.match(errors, /NOT SIGNED/);
    assert.match(errors, /without: deposits, withdrawals, chain_changes/);
    assert.equal((await casino('verify', target)).exitCode, 1);
    assert.equal((await casino('verify', target, '--unsigned')).exitCode, 0);
  });

  await t.test('of a wrong request ends with 2, and of a chain that does not answer with 75', async () => {
    const target = join(directory, 'never');
    const base = ['export', '--data', data, '--out', target];
    for (const wrong of [
      ['export', '--data', data],
      [...base, '--format', 'xml'],
      [...base, '--from', 'yesterday'],
      [...base, '--to', new Date(Date.now() + 1_000).toISOString()],
      ['export', '--data', directory, '--out', target],
      ['export', '--data', data, '--out', out],
      ['verify', target],
      ['verify', out, '--house', 'nobody'],
    ]) {
      assert.equal((await casino(...wrong)).exitCode, 2, wrong.join(' '));
    }
    const nobody = `http://127.0.0.1:${await freePort()}`;
    assert.equal((await casino(...base, '--rpc', nobody)).exitCode, 75);
    assert.ok(!existsSync(target));
  });
});
