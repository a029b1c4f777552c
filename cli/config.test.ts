// Would catch: a settings file that is wrong and passes, an exit code that lies, a secret that `config show` shows.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { clusterOf, readSolanaConfig } from './solana-config.ts';
import { runCasino } from './test/run-casino.ts';

let cwd: string;
before(() => {
  cwd = mkdtempSync(join(tmpdir(), 'config-'));
});
after(() => rmSync(cwd, { recursive: true }));
const file = (text: string) => writeFileSync(join(cwd, 'casino.toml'), text);

test('config check says what is right and all that is wrong', async () => {
  assert.equal((await runCasino(['config', 'check'], { cwd })).exitCode, 0);
  file('[api]\nport = 5\n');
  const right = await runCasino(['config', 'check'], { cwd });
  assert.equal(right.exitCode, 0);
  assert.match(right.output, /casino\.toml/);
  file('[api]\nprot = 5\nport = "x"\n');
  const wrong = await runCasino(['config', 'check', '--json'], { cwd });
  assert.equal(wrong.exitCode, 1);
  assert.equal(JSON.parse(wrong.output).problems.length, 2);
  for (const args of [['check', '--config', 'none.toml'], ['check', '--colour'], ['chek']]) {
    assert.equal((await runCasino(['config', ...args], { cwd })).exitCode, 2, args.join(' '));
  }
  file('not toml');
  assert.equal((await runCasino(['config', 'check'], { cwd })).exitCode, 2);
});

test('config show tells the value, its origin, and no secret', async () => {
  file('[chain]\nrpc_url = "https://node.example/v2/s3cret"\n[house]\nmax_stake = 2500000000\n');
  const env = { CASINO_API_PORT: '7', CASINO_BLOBS_STORES: 'files,ipfs+https://node.example/s3cret/' };
  const { exitCode, output } = await runCasino(['config', 'show'], { cwd, env });
  assert.equal(exitCode, 0);
  assert.doesNotMatch(output, /s3cret/);
  assert.match(output, /chain\.rpc_url = "node\.example" +# file/);
  assert.match(output, /api\.port = 7 +# CASINO_API_PORT/);
  assert.match(output, /house\.max_stake = 2500000000 +# file, 2\.5 SOL/);
  const json = await runCasino(['config', 'show', '--json'], { cwd, env });
  assert.doesNotMatch(json.output, /s3cret/);
  assert.equal(JSON.parse(json.output).settings.length > 20, true);
});

test("clusters and the Solana command line's settings are read as it reads them", () => {
  assert.deepEqual(clusterOf('d'), { name: 'devnet', rpcUrl: 'https://api.devnet.solana.com' });
  assert.deepEqual(clusterOf('https://api.mainnet-beta.solana.com/').name, 'mainnet-beta');
  assert.deepEqual(clusterOf('https://node.example/x'), { rpcUrl: 'https://node.example/x' });
  assert.throws(() => clusterOf('devnte'), { code: 'CONFIG_INVALID' });
  const path = join(cwd, 'config.yml');
  writeFileSync(path, `json_rpc_url: 'https://a.example'\nwebsocket_url: ''\nkeypair_path: /k/id.json\ncommitment: finalized\n`);
  const expected = { rpcUrl: 'https://a.example', keypairPath: '/k/id.json', commitment: 'finalized' };
  assert.deepEqual(readSolanaConfig({ SOLANA_CONFIG_FILE: path }), expected);
  assert.deepEqual(readSolanaConfig({ HOME: join(cwd, 'nobody') }), {});
});
