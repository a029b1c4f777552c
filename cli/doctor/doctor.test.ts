// Would catch: a mistake of an operator that the doctor calls fine, an alarm where all is well, and an exit code that lies.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { Address } from '@solana/kit';
import { MAINNET_GENESIS_HASH } from '../../protocol/constants.ts';
import { dataPaths } from '../../sequencer/context.ts';
import { Ledger } from '../../sequencer/ledger/ledger.ts';
import { loadOperatorKeys } from '../../sequencer/operations/keys.ts';
import { runCasino } from '../test/run-casino.ts';
import * as chain from './chain.ts';
import * as data from './data.ts';
import { exitCodeOf, linesOf } from './doctor.ts';
import { again, type Finding, type Level, ok } from './finding.ts';
import { keysOf, ledgerFacts, modesOf } from './look-at-data.ts';
import * as machine from './machine.ts';

const GB = 1_000_000_000;
const throws = (message: string) => () => {
  throw new Error(message);
};
const nobody = '11111111111111111111111111111111' as Address;
const ours = { isOurs: true, sha256: 'ab' };

/** Each check, where all is well and where it is broken. */
const CASES: [Level, RegExp, Finding][] = [
  ['ok', /26/, machine.checkNode('26.1.0')],
  ['fail', /too old/, machine.checkNode('20.11.0')],
  ['ok', /loads/, machine.checkKernel('linux x64', () => {})],
  ['fail', /no such library/, machine.checkKernel('linux x64', throws('no such library'))],
  ['ok', /8\.0/, machine.checkMemory(8 * GB)],
  ['warn', /1\.0 GB is little/, machine.checkMemory(GB)],
  ['ok', /free/, machine.checkDisk(100 * GB)],
  ['warn', /5\.0 GB free/, machine.checkDisk(5 * GB)],
  ['fail', /0\.5 GB free/, machine.checkDisk(GB / 2)],
  ['ok', /synced/, machine.checkWriting(() => {})],
  ['fail', /EROFS/, machine.checkWriting(throws('EROFS'))],
  [
    'ok',
    /one/,
    machine.checkFileSystem([
      { path: 'a', device: 1 },
      { path: 'b', device: 1 },
    ]),
  ],
  [
    'warn',
    /b is on another/,
    machine.checkFileSystem([
      { path: 'a', device: 1 },
      { path: 'b', device: 2 },
    ]),
  ],
  ['ok', /not limited/, machine.checkOpenFiles(undefined)],
  ['warn', /1024/, machine.checkOpenFiles(1024)],
  ['ok', /free/, machine.checkPort(1, 'free')],
  ['ok', /running service/, machine.checkPort(1, 'ours')],
  ['fail', /something else/, machine.checkPort(1, 'other')],
  ['ok', /defaults/, data.checkSettings({ file: undefined, problems: [] })],
  ['fail', /port/, data.checkSettings({ file: 'f', problems: ['port'] })],
  ['ok', /d/, data.checkDataDirectory('d', 0o40755)],
  ['fail', /does not exist/, data.checkDataDirectory('d', undefined)],
  ['fail', /others may write.*777/, data.checkDataDirectory('d', 0o40777)],
  ['fail', /others may write.*775/, data.checkDataDirectory('d', 0o40775)],
  ['ok', /owner/, data.checkKeyModes([{ path: 'k', mode: 0o100600 }])],
  ['fail', /others may read k \(640\)/, data.checkKeyModes([{ path: 'k', mode: 0o100640 }])],
  ['ok', /none yet/, data.checkLedger({ exists: false, isRunning: false })],
  ['fail', /malformed/, data.checkLedger({ exists: true, isRunning: false, error: 'malformed' })],
  ['ok', /runs/, data.checkProcess({ isRunning: true, port: 'ours' })],
  ['ok', /nothing runs/, data.checkProcess({ isRunning: false, port: 'free' })],
  ['warn', /none answers/, data.checkProcess({ isRunning: true, port: 'free' })],
  ['warn', /not this data/, data.checkProcess({ isRunning: false, port: 'ours' })],
  ['ok', /all 2/, data.checkArchives({ count: 2, problems: [] })],
  ['fail', /missing/, data.checkArchives({ count: 2, problems: ['a is missing'] })],
  ['ok', /20 ms/, chain.checkNode({ tookMs: 20 })],
  ['warn', /3000 ms/, chain.checkNode({ tookMs: 3_000 })],
  ['again', /away/, chain.checkNode({ error: 'away' })],
  ['ok', /mainnet-beta/, chain.checkGenesis({ found: MAINNET_GENESIS_HASH, ledger: undefined })],
  ['fail', /ledger belongs to mainnet-beta/, chain.checkGenesis({ found: 'x', ledger: MAINNET_GENESIS_HASH })],
  ['ok', /moves/, chain.checkSlots({ first: 1n, second: 2n })],
  ['warn', /stands/, chain.checkSlots({ first: 2n, second: 2n })],
  ['ok', /agrees/, chain.checkClock(-900)],
  ['ok', /no time/, chain.checkClock(undefined)],
  ['warn', /5 s ahead/, chain.checkClock(5_000)],
  ['fail', /60 s behind/, chain.checkClock(-60_000)],
  ['ok', /this version/, chain.checkProgram('p', ours)],
  ['fail', /there is none/, chain.checkProgram('p', undefined)],
  ['fail', /SHA-256 ab/, chain.checkProgram('p', { ...ours, isOurs: false })],
  ['ok', /nobody/, chain.checkUpgradeAuthority({ upgradeAuthority: null })],
  ['warn', /can replace/, chain.checkUpgradeAuthority({ upgradeAuthority: nobody })],
  ['ok', /of these keys/, chain.checkHouse({ address: 'h', ofLedger: 'h' })],
  ['fail', /none of these keys/, chain.checkHouse(undefined)],
  ['fail', /settler/, chain.checkHouse({ address: 'h', ofLedger: 'h', error: 'settler' })],
  ['fail', /ledger is of g/, chain.checkHouse({ address: 'h', ofLedger: 'g' })],
  ['ok', /ceremony/, chain.checkVerifyingKeys([{ id: 1, weakness: undefined }], MAINNET_GENESIS_HASH)],
  ['warn', /forge/, chain.checkVerifyingKeys([{ id: 1, weakness: 'development' }], 'x')],
  ['fail', /forge/, chain.checkVerifyingKeys([{ id: 1, weakness: 'development' }], MAINNET_GENESIS_HASH)],
  ['fail', /none/, chain.checkVerifyingKeys([], 'x')],
  ['ok', /10 SOL .*batches/, chain.checkSettler({ lamports: 10_000_000_000n, warnBelowLamports: 1n, batchesPerDay: undefined })],
  ['warn', /about 4 days/, chain.checkSettler({ lamports: 1_000_000_000n, warnBelowLamports: 1n, batchesPerDay: 40_000 })],
  ['warn', /0\.05 SOL/, chain.checkSettler({ lamports: 50_000_000n, warnBelowLamports: 100_000_000n, batchesPerDay: undefined })],
  ['fail', /0 SOL/, chain.checkSettler({ lamports: 0n, warnBelowLamports: 1n, batchesPerDay: undefined })],
  ['ok', /reached/, chain.checkBlobStore({ name: 's' })],
  ['fail', /403/, chain.checkBlobStore({ name: 's', error: '403' })],
];

describe('each check', () => {
  for (const [level, message, finding] of CASES) {
    test(`${finding.check}: ${finding.message}`, () => {
      assert.equal(finding.level, level);
      assert.match(finding.message, message);
      // Whatever is not fine says what to do.
      assert.equal(finding.todo !== undefined, level !== 'ok');
    });
  }

  test('counts for the exit code: a finding, then an answer that is missing', () => {
    const bad = machine.checkNode('20.0.0');
    const away = again('node', 'away', 'wait');
    assert.deepEqual([[ok('a', 'b')], [away], [away, bad]].map(exitCodeOf), [0, 75, 1]);
    assert.match(linesOf([bad, away]).join('\n'), /✗ Node.*\n.*→ use Node.*\n\? node .*away[\s\S]*1 without an answer, 1 wrong/);
  });
});

describe('a data directory', () => {
  let directory: string;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'doctor-'));
    await loadOperatorKeys(dataPaths(directory).keys);
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  const keyFile = (name: string) => join(dataPaths(directory).keys, name);
  const keysError = async () => {
    const found = await keysOf(directory);
    return 'error' in found ? found.error : undefined;
  };

  test('whose keys are open, missing, damaged or of two halves shows it', async () => {
    assert.equal(await keysError(), undefined);
    assert.equal(data.checkKeyModes(modesOf(directory).keys).level, 'ok');
    chmodSync(keyFile('settler.json'), 0o644);
    assert.match(data.checkKeyModes(modesOf(directory).keys).message, /settler\.json \(644\)/);
    writeFileSync(keyFile('receipt.json'), JSON.stringify(Array.from({ length: 64 }, () => 7)));
    assert.match((await keysError()) ?? '', /halves/);
    writeFileSync(keyFile('receipt.json'), '[1]');
    assert.match((await keysError()) ?? '', /not a keypair file/);
    rmSync(keyFile('authority.json'));
    assert.match((await keysError()) ?? '', /lacks authority\.json/);
    assert.ok(!existsSync(keyFile('authority.json')));
  });

  test('whose ledger is open elsewhere, free or damaged shows it, and is left as it was', async () => {
    const { ledger: path } = dataPaths(directory);
    assert.deepEqual({ ...ledgerFacts(directory) }.exists, false);
    const ledger = await Ledger.open({ path, onFailure: () => {} });
    await ledger.commit([{ kind: 'meta', key: 'identity', value: `${nobody}/${nobody}/${MAINNET_GENESIS_HASH}` }]);
    const open = ledgerFacts(directory);
    assert.deepEqual([open.isRunning, open.error, open.identity?.genesisHash], [true, undefined, MAINNET_GENESIS_HASH]);
    await ledger.close();
    const before = readdirSync(directory).sort();
    assert.equal(ledgerFacts(directory).isRunning, false);
    assert.deepEqual(
      readdirSync(directory)
        .filter((name) => !/-(shm|wal)$/.test(name))
        .sort(),
      before.filter((name) => !/-(shm|wal)$/.test(name)),
    );
    truncateSync(path, 8_192);
    assert.notEqual(ledgerFacts(directory).error, undefined);
  });
});

test('the command says all in one run, and a settings file that can not be read is bad usage', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'doctor-'));
  const server = createServer((_, response) => response.end('something else')).listen(0, '127.0.0.1');
  try {
    await new Promise((resolve) => server.once('listening', resolve));
    const port = String((server.address() as AddressInfo).port);
    const missing = await runCasino(['doctor', '--config', 'none.toml'], { cwd });
    assert.equal(missing.exitCode, 2);
    await loadOperatorKeys(dataPaths(join(cwd, 'data')).keys);
    const env = { CASINO_API_PORT: port, CASINO_CHAIN_RPC_URL: 'http://127.0.0.1:9', CASINO_API_PROT: '1' };
    const { exitCode, output } = await runCasino(['doctor'], { cwd, env });
    assert.equal(exitCode, 1, output);
    assert.match(output, /✗ API port .*something else/);
    assert.match(output, /✗ settings .*CASINO_API_PROT/);
    assert.match(output, /\? node .*does not answer/);
  } finally {
    server.close();
    rmSync(cwd, { recursive: true });
  }
});
