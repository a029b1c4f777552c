// Would catch: a house that is made twice, paid for unasked, or not startable; keys that are overwritten; a cluster taken for another.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ed25519 } from '@noble/curves/ed25519.js';
import { address, createSolanaRpc, getAddressDecoder, lamports } from '@solana/kit';
import { MemoryStore } from '../client/store.ts';
import { type LocalChainProcess, startLocalChainProcess } from '../localchain/process.ts';
import { decodeHouse } from '../program/client/index.ts';
import { LOCAL_PROGRAM_ADDRESS } from '../sequencer/config.ts';
import { ChainProxy } from '../sequencer/test/chain-proxy.ts';
import { placeBets, seatBettor } from './demo-bettors.ts';
import { freePort } from './test/free-port.ts';
import { runCasino, spawnCasino } from './test/run-casino.ts';

const TIMEOUT_MS = 480_000;
const SOL = 1_000_000_000n;
const env = { CASINO_PROVER_CIRCUITS: 'tiny', CASINO_CHAIN_SLOT_MS: '100', CASINO_CHAIN_POLL_MS: '50' };

let root: string;
let chain: LocalChainProcess;
const keypair = (name: string): { path: string; address: string } => {
  const seed = crypto.getRandomValues(new Uint8Array(32));
  const bytes = [...seed, ...ed25519.getPublicKey(seed)];
  const path = join(root, name);
  writeFileSync(path, JSON.stringify(bytes));
  return { path, address: getAddressDecoder().decode(Uint8Array.from(bytes.slice(32))) };
};
const rpc = () => createSolanaRpc(chain.url);
const balanceOf = async (who: string) => (await rpc().getBalance(address(who), { commitment: 'confirmed' }).send()).value;
const fund = async (who: string, amount: bigint) => {
  await rpc().requestAirdrop(address(who), lamports(amount)).send();
  while ((await balanceOf(who)) < amount) await new Promise((resolve) => setTimeout(resolve, 100));
};
const directory = (name: string): string => {
  const path = join(root, name);
  mkdirSync(path, { recursive: true });
  return path;
};

before(async () => {
  root = mkdtempSync(join(tmpdir(), 'init-'));
  const program = fileURLToPath(new URL('../program/prebuilt/zk_casino.so', import.meta.url));
  chain = await startLocalChainProcess([
    ...['--data', join(root, 'chain'), '--port', '0', '--slot-ms', '100', '--confirm-slots', '1', '--finalize-slots', '3'],
    ...['--program', `${LOCAL_PROGRAM_ADDRESS}=${program}`],
  ]);
});
after(async () => {
  await chain?.stop();
  rmSync(root, { recursive: true, force: true });
});

describe('casino init and start on a chain of others', { timeout: TIMEOUT_MS }, () => {
  let payer: ReturnType<typeof keypair>;
  const house = () => directory('house');
  const init = (...more: string[]) =>
    runCasino(['init', '--cluster', chain.url, '--keypair', payer.path, '--bankroll', '20', '--settler', '0.5', ...more], {
      cwd: house(),
      env,
    });
  before(() => {
    payer = keypair('payer.json');
  });

  test('refuse to spend unasked, and to start a house that is not there', async () => {
    const unasked = await init();
    assert.equal(unasked.exitCode, 2);
    assert.match(unasked.errors, /--yes: nobody is there to confirm/);
    const poor = await init('--yes');
    assert.equal(poor.exitCode, 1, poor.errors);
    assert.match(poor.errors, /lacks 20\.\d+ SOL \(\d+ lamports\)/);
    assert.match(poor.errors, /DEVELOPMENT KEYS/);
    const start = await runCasino(['start'], { cwd: house(), env: { ...env, CASINO_API_PORT: '0' } });
    assert.equal(start.exitCode, 1, start.output);
    assert.match(start.errors, /has no house on this chain.*casino init/);
    assert.equal(await balanceOf(payer.address), 0n);
  });

  test('make it once, for what was shown, and keep keys and settings', async () => {
    const kept = () =>
      ['casino.toml', 'data/keys/authority.json', 'data/keys/settler.json', 'data/keys/receipt.json'].map((name) =>
        readFileSync(join(house(), name), 'utf8'),
      );
    const before = kept();
    await fund(payer.address, 30n * SOL);
    const made = await init('--yes', '--json');
    assert.equal(made.exitCode, 0, made.errors);
    const told = JSON.parse(made.output);
    assert.equal(30n * SOL - (await balanceOf(payer.address)), BigInt(told.paid_lamports));
    assert.deepEqual([await balanceOf(told.settler), await balanceOf(told.authority)], [SOL / 2n, 10_000_000n]);
    const { value } = await rpc().getAccountInfo(told.house, { encoding: 'base64', commitment: 'finalized' }).send();
    assert.equal(decodeHouse(Buffer.from(value?.data[0] ?? '', 'base64')).balance, 20n * SOL);
    const again = await init('--yes');
    assert.equal(again.exitCode, 0, again.errors);
    assert.match(again.errors, /the house is complete/);
    assert.equal(30n * SOL - (await balanceOf(payer.address)), BigInt(told.paid_lamports));
    assert.deepEqual(kept(), before);
    for (const name of ['casino.toml', 'data/keys/authority.json']) assert.equal(statSync(join(house(), name)).mode & 0o77, 0);
  });

  test('refuse flags that contradict the settings file', async () => {
    const other = await init('--yes', '--bankroll', '21');
    assert.equal(other.exitCode, 2);
    assert.match(other.errors, /says something else of house\.bankroll/);
  });

  test('run it until a bet is settled, and never reset it', async () => {
    const reset = await runCasino(['start', '--reset'], { cwd: house(), env });
    assert.equal(reset.exitCode, 2);
    assert.match(reset.errors, /--reset is for the local chain alone/);
    const port = await freePort();
    const child = spawnCasino(['start', '--api-port', String(port)], { cwd: house(), env });
    try {
      let said = '';
      child.stderr?.on('data', (text) => (said += text));
      await new Promise<void>((resolve, reject) => {
        child.stdout?.on('data', (text) => {
          said += text;
          if (said.includes('Ctrl-C stops it.')) resolve();
        });
        child.once('close', () => reject(new Error(said)));
      });
      assert.match(said, /DEVELOPMENT KEYS/);
      const apiUrl = `http://127.0.0.1:${port}`;
      const bettor = await seatBettor({ index: 0, apiUrl, rpcUrl: chain.url, store: new MemoryStore(), onBet: () => {} });
      await placeBets(bettor, { count: 1, onBet: () => {} });
      const { betNumber, head } = await bettor.client.bet({ amount: 1_000_000n, guess: 'heads' });
      assert.ok(betNumber > 0n);
      await bettor.client.waitForBet(head);
      const doctor = await runCasino(['doctor', '--json'], { cwd: house(), env: { ...env, CASINO_API_PORT: String(port) } });
      assert.equal(doctor.exitCode, 0, doctor.output);
      const { findings } = JSON.parse(doctor.output) as { findings: { check: string; level: string; message: string }[] };
      const found = new Map(findings.map((one) => [one.check, one]));
      assert.match(found.get('API port')?.message ?? '', /running service/);
      assert.match(found.get('process')?.message ?? '', /the service runs/);
      assert.equal(found.get('verifying keys')?.level, 'warn');
      for (const check of ['ledger', 'node', 'chain', 'finality', 'clock', 'program', 'house', 'settler', 'keys', 'key files']) {
        assert.equal(found.get(check)?.level, 'ok', `${check}: ${found.get(check)?.message}`);
      }
      child.kill('SIGINT');
      assert.equal(await new Promise((resolve) => child.once('close', resolve)), 0, said);
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('do not make new keys for a ledger that has lost its own', async () => {
    rmSync(join(house(), 'data/keys/settler.json'));
    const { exitCode, errors } = await init('--yes');
    assert.equal(exitCode, 2);
    assert.match(errors, /lacks settler\.json: restore/);
  });
});

describe('casino init that is interrupted, or run twice at once', { timeout: TIMEOUT_MS }, () => {
  const args = (payer: string, url: string) => {
    const money = ['--bankroll', '20', '--settler', '0.5', '--yes', '--json'];
    return ['init', '--cluster', url, '--keypair', payer, ...money];
  };

  test('pays once what was on its way when it was killed', async () => {
    const cwd = directory('killed');
    const { path, address: payer } = keypair('killed.json');
    await fund(payer, 30n * SOL);
    const proxy = await ChainProxy.start(chain.url);
    try {
      proxy.fail(['sendTransaction'], { kind: 'hold' }, 1);
      const first = spawnCasino(args(path, proxy.url), { cwd, env });
      while (proxy.held === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      first.kill('SIGKILL');
      await new Promise((resolve) => first.once('close', resolve));
      const second = runCasino(args(path, proxy.url), { cwd, env });
      const sends = () => proxy.calls.filter(({ method }) => method === 'sendTransaction').length;
      while (sends() < 2) await new Promise((resolve) => setTimeout(resolve, 20));
      await proxy.release();
      const { exitCode, output, errors } = await second;
      assert.equal(exitCode, 0, errors);
      assert.match(errors, /an earlier run had sent it: pay the operator's accounts/);
      const told = JSON.parse(output);
      assert.deepEqual([await balanceOf(told.settler), await balanceOf(told.authority)], [SOL / 2n, 10_000_000n]);
    } finally {
      await proxy.close();
    }
  });

  test('makes one set of keys, and one house with them', async () => {
    const cwd = directory('twice');
    const { path, address: payer } = keypair('twice.json');
    await fund(payer, 30n * SOL);
    const both = await Promise.all([1, 2].map(() => runCasino(args(path, chain.url), { cwd, env })));
    assert.deepEqual(both.map(({ exitCode }) => exitCode).sort(), [0, 75], both.map(({ errors }) => errors).join('\n'));
    const again = await runCasino(args(path, chain.url), { cwd, env });
    assert.match(again.errors, /the house is complete/);
    const told = JSON.parse(both.find(({ exitCode }) => exitCode === 0)?.output ?? '');
    assert.equal(JSON.parse(again.output).authority, told.authority);
  });
});

describe('casino init', { timeout: TIMEOUT_MS }, () => {
  test('takes cluster, keypair and commitment from `solana config`', async () => {
    const cwd = directory('solana');
    const { path, address: payer } = keypair('solana.json');
    mkdirSync(join(cwd, '.config/solana/cli'), { recursive: true });
    writeFileSync(
      join(cwd, '.config/solana/cli/config.yml'),
      `---\njson_rpc_url: ${chain.url}\nkeypair_path: "${path}"\ncommitment: finalized\n`,
    );
    const { exitCode, errors } = await runCasino(['init', '--bankroll', '1', '--yes'], { cwd, env });
    assert.equal(exitCode, 1, errors);
    assert.match(errors, new RegExp(`Paid by ${payer}`));
    assert.match(readFileSync(join(cwd, 'casino.toml'), 'utf8'), new RegExp(`^rpc_url = "${chain.url}"$`, 'm'));
  });

  test('names all that mainnet still needs, and makes nothing before', async () => {
    const cwd = directory('mainnet');
    const { exitCode, errors } = await runCasino(['init', '--cluster', 'mainnet-beta'], { cwd, env });
    assert.equal(exitCode, 2);
    for (const flag of ['--bankroll SOL', '--program ADDRESS', '--proving-keys DIRECTORY', '--yes'])
      assert.ok(errors.includes(flag), flag);
    assert.deepEqual(statSync(join(cwd, 'casino.toml'), { throwIfNoEntry: false }), undefined);
  });

  test('on localnet only prepares, and keeps what is there', async () => {
    const cwd = directory('local');
    const first = await runCasino(['init', '--cluster', 'localnet', '--json'], { cwd });
    assert.equal(first.exitCode, 0, first.errors);
    const text = readFileSync(join(cwd, 'casino.toml'), 'utf8');
    assert.doesNotMatch(text, /^rpc_url/m);
    writeFileSync(join(cwd, 'casino.toml'), `${text}# mine\n`);
    const second = await runCasino(['init', '--cluster', 'localnet', '--json'], { cwd });
    assert.deepEqual(JSON.parse(second.output), JSON.parse(first.output));
    assert.match(readFileSync(join(cwd, 'casino.toml'), 'utf8'), /# mine/);
  });

  test('prepares and says to try again while the chain does not answer', async () => {
    const cwd = directory('away');
    const { path } = keypair('away.json');
    const url = `http://127.0.0.1:${await freePort()}`;
    const { exitCode, errors } = await runCasino(['init', '--cluster', url, '--keypair', path, '--bankroll', '1', '--yes'], {
      cwd,
      env,
    });
    assert.equal(exitCode, 75, errors);
    assert.match(errors, /run this again when the chain answers/);
    assert.ok(statSync(join(cwd, 'data/keys/authority.json')).isFile());
  });

  test('refuses a keypair file that is none, without telling what is in it, and a chain without the program', async () => {
    const cwd = directory('bad');
    const path = join(root, 'bad.json');
    writeFileSync(path, '[1,2,250]');
    const bad = await runCasino(['init', '--cluster', chain.url, '--keypair', path, '--bankroll', '1', '--yes'], { cwd, env });
    assert.equal(bad.exitCode, 2);
    assert.match(bad.errors, /not a JSON array of 64 bytes/);
    assert.doesNotMatch(bad.errors, /250/);
    const { path: payer, address: elsewhere } = keypair('else.json');
    const args = ['init', '--cluster', chain.url, '--keypair', payer, '--bankroll', '1', '--yes', '--program', elsewhere];
    const none = await runCasino(args, { cwd, env });
    assert.equal(none.exitCode, 2, none.errors);
    assert.match(none.errors, /there is no program at/);
    assert.deepEqual(statSync(join(cwd, 'casino.toml'), { throwIfNoEntry: false }), undefined);
  });
});
