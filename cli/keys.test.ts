// Would catch: a service that a ceremony's key does not start or settle with, a check that passes another key, commands with wrong exit codes.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { circuitInfo, loadR1cs } from '../circuits/artifacts.ts';
import { MemoryStore } from '../client/store.ts';
import { transcriptFor, writeCeremonyFiles } from '../native/test/ceremony-files.ts';
import { contributedKey } from '../native/test/contributed-key.ts';
import { stopReferenceThreads } from '../native/test/fixtures.ts';
import { ceremonyJson } from '../protocol/ceremony-transcript.ts';
import { seatBettor } from './demo-bettors.ts';
import type { DemoBet } from './demo-report.ts';
import { keyNotice, provingKeyFlags } from './key-notice.ts';
import { LOCAL_CHAIN_TIMING, startServices } from './services.ts';
import { freePort } from './test/free-port.ts';

const root = mkdtempSync(join(tmpdir(), 'keys-'));
const circuit = circuitInfo('tiny');
let zkey: Uint8Array;

before(async () => {
  zkey = await contributedKey(loadR1cs('tiny'), { secrets: 'others' });
});
after(async () => {
  await stopReferenceThreads();
  rmSync(root, { recursive: true, force: true });
});

const casino = fileURLToPath(new URL('../casino.mjs', import.meta.url));
const command = async (...args: string[]) => {
  const child = spawn(process.execPath, [casino, 'keys', 'ceremony', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const heard = { out: '', err: '' };
  child.stdout.on('data', (chunk) => (heard.out += chunk));
  child.stderr.on('data', (chunk) => (heard.err += chunk));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, ...heard };
};

test('a service with the key of a ceremony settles a bet, says nothing of development keys, and passes the check', async () => {
  const keys = join(root, 'keys');
  const { transcript } = writeCeremonyFiles(keys, { circuit, zkey });
  const ports = { apiPort: await freePort(), rpcPort: await freePort() };
  const quiet = { onProgress: () => {}, onRestart: () => {} };
  const sequencerFlags = [...provingKeyFlags(keys), '--circuits', 'tiny'];
  const services = await startServices({
    dataDirectory: join(root, 'data'),
    ...ports,
    ...LOCAL_CHAIN_TIMING,
    ...quiet,
    sequencerFlags,
  });
  try {
    const { apiUrl, rpcUrl } = services;
    const house = (await (await fetch(`${apiUrl}/v1/house`)).json()) as { house: string; development_keys: boolean };
    assert.equal(house.development_keys, false);
    assert.equal(await keyNotice(apiUrl), undefined);
    const health = (await (await fetch(`${apiUrl}/health`)).json()) as { notices: unknown[] };
    assert.deepEqual(health.notices, []);
    const bets: DemoBet[] = [];
    const onBet = (bet: DemoBet) => bets.push(bet);
    const bettor = await seatBettor({ index: 0, apiUrl, rpcUrl, store: new MemoryStore(), onBet });
    assert.equal(bettor.client.developmentKeys, false);
    const { head } = await bettor.client.bet({ amount: 1_000_000n, guess: 'heads' });
    assert.equal((await bettor.client.waitForBet(head, { until: 'Finalized', timeoutMs: 240_000 })).state, 'Finalized');

    const check = (file: string, ...more: string[]) =>
      command('check', '--transcript', file, '--rpc', rpcUrl, '--house', house.house, ...more);
    const passed = await check(transcript);
    assert.equal(passed.code, 0, passed.err);
    assert.match(passed.out, /verifying key 1 \(3 bets, 1 vaults, at work\)/);
    const other = join(root, 'other.json');
    const otherKey = await contributedKey(loadR1cs('tiny'), { secrets: 'development' });
    writeFileSync(other, ceremonyJson(transcriptFor(otherKey, circuit)));
    const differs = await check(other);
    assert.equal(differs.code, 1);
    assert.match(differs.out, /DIFFERS: verifying key 1 on chain .* is not the transcript's/);
    assert.match((await check(transcript, '--vk', '7')).out, /DIFFERS: the house has no verifying key 7/);
    writeFileSync(other, readFileSync(transcript, 'utf8').replace('"tiny"', '"small"'));
    assert.match((await check(other, '--vk', '1')).out, /DIFFERS: the ceremony was for another circuit/);
    assert.equal((await check(join(root, 'missing.json'))).code, 2);
  } finally {
    await services.stop();
  }
});

test('commands say by their exit code what came of them', async () => {
  const directory = join(root, 'none');
  const missing = await command('verify', '--dir', directory);
  assert.equal(missing.code, 2);
  assert.match(missing.err, /NOT_A_CEREMONY/);
  assert.equal((await command('contribute', '--dir', directory)).code, 2);
  assert.equal((await command('start', '--circuit', 'huge', '--ptau', 'x', '--out', directory)).code, 2);
  const file = join(root, 'not.ptau');
  writeFileSync(file, 'not powers of tau');
  const started = await command('start', '--circuit', 'tiny', '--ptau', file, '--out', directory);
  assert.equal(started.code, 1);
  assert.match(started.err, /PTAU_UNUSABLE/);
  const { transcript } = writeCeremonyFiles(join(root, 'files'), { circuit, zkey });
  const house = '11111111111111111111111111111111';
  const away = await command('check', '--transcript', transcript, '--rpc', 'http://127.0.0.1:1', '--house', house);
  assert.equal(away.code, 75, away.err);
});
