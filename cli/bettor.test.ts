// Would catch: a bettor's command that pays or bets twice after a Ctrl-C, loses a receipt, or shows what the chain does not have.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import type { BetResult } from '../client/bet-run.ts';
import { ExitClient } from '../client/exit-client.ts';
import { ChainWorld, SOL } from '../sequencer/test/chain-world.ts';
import { airdrop, balance, bet, deposit, history } from './bettor.ts';
import { exit, withdraw } from './bettor-exits.ts';
import { type BettorFlags, walletOf, withBettor } from './bettor-place.ts';
import { newKey, showKey } from './operator-keys.ts';
import { runStatus } from './status.ts';
import { skipSlots } from './test/skip-slots.ts';

const directory = mkdtempSync(join(tmpdir(), 'bettor-'));
const casino = new URL('../casino.mjs', import.meta.url).pathname;
const STAKE = 50_000_000n;
const EXIT_DELAY = 20_000;
let world: ChainWorld;
let api: string;

before(async () => {
  world = await ChainWorld.open(1);
  api = world.apiUrl;
  await newKey(join(directory, 'wallet.json'));
});
after(async () => {
  await world.close();
  rmSync(directory, { recursive: true });
});

const flags = (more: Partial<BettorFlags> = {}): BettorFlags => ({
  ...{ api, rpc: world.node.url, store: join(directory, 'store'), keypair: join(directory, 'wallet.json') },
  ...{ yes: true, json: true, ...more },
});
const betFlags = (more: object = {}) => ({ ...flags(), count: 1, ...more });
const heads = { amount: STAKE, side: 'heads' } as const;
const run = (...args: string[]): Promise<{ code: number; stdout: string }> =>
  new Promise((resolve) => {
    const child = execFile(process.execPath, [casino, ...args], (_error, stdout) =>
      resolve({ code: child.exitCode ?? -1, stdout }),
    );
  });
const exitClient = async () => {
  const { house, program } = world.house;
  return ExitClient.connect({ rpcUrl: world.node.url, house, program, wallet: await walletOf(flags()) });
};
const available = async () => ((await balance(flags())).json as { available: bigint }).available;

test('a keypair file is its owner’s alone, and never written over', async () => {
  const path = join(directory, 'wallet.json');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const { words } = await showKey(path);
  await assert.rejects(newKey(path), { code: 'CONFIG_INVALID' });
  assert.equal((await showKey(path)).words, words);
});

test('from an empty wallet to a settled bet', async () => {
  await assert.rejects(bet(heads, betFlags()), { exitCode: 1, message: /--deposit/ });
  await assert.rejects(bet(heads, betFlags({ deposit: '1' })), { code: 'TRANSACTION_FAILED' });
  await airdrop(10n * SOL, flags());
  const { json } = await bet(heads, betFlags({ deposit: '1', wait: true }));
  const { bets, balance: left } = json as {
    bets: { won: boolean; payout: bigint; receipt: string; batch: bigint }[];
    balance: bigint;
  };
  const [first] = bets;
  assert.ok(first && bets.length === 1 && first.batch > 0n);
  assert.equal(left, SOL - STAKE + first.payout);
  const verified = await run('verify', 'bet', first.receipt, '--rpc', world.node.url, '--blobs', `${world.apiUrl}/v1/blobs`);
  assert.equal(verified.code, 0, verified.stdout);
  // The balance does, so that nothing is paid in.
  const again = (await bet(heads, betFlags({ deposit: '1', count: 2 }))).json as { bets: { nonce: bigint }[]; balance: bigint };
  assert.deepEqual(
    again.bets.map(({ nonce }) => nonce),
    [2n, 3n],
  );
  assert.ok(again.balance < SOL + 4n * STAKE);
  const { bets: told } = (await history({ ...flags(), limit: 2 })).json as { bets: { nonce: bigint; guess: string }[] };
  assert.deepEqual(
    told.map(({ nonce, guess }) => [nonce, guess]),
    [
      [3n, 'heads'],
      [2n, 'heads'],
    ],
  );
});

test('a bet that was signed and not answered is the one that the next run shows', async () => {
  const before = await available();
  const down = world.apiUrl;
  // Signed and kept, and never answered: the service is gone in between.
  await withBettor(flags(), async ({ client }) => {
    await client.openVault();
    await world.stop();
    const betting: Promise<BetResult> = client.bet({ amount: STAKE, guess: 'heads' });
    betting.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 500));
    await world.startSupervised();
    await betting;
  });
  assert.equal(world.apiUrl, down);
  const after = await available();
  assert.ok(after === before - STAKE || after === before - STAKE + (STAKE * 19_800n) / 10_000n);
});

test('a deposit that was cut off is made once', async () => {
  const before = await available();
  const slow = { ...flags(), rpc: world.proxy.url };
  world.proxy.fail(['sendTransaction'], { kind: 'swallow' });
  const args = [
    'bettor',
    'deposit',
    '0.5',
    '--api',
    slow.api,
    '--rpc',
    slow.rpc,
    '--store',
    slow.store,
    '--keypair',
    slow.keypair,
    '-y',
  ];
  const child = execFile(process.execPath, [casino, ...args], () => {});
  const { house } = world.house;
  const kept = join(slow.store, 'unfinished', `deposit-${(await showKey(slow.keypair)).words}-${house}.json`);
  await world.until('it is kept', () => existsSync(kept));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.kill('SIGINT');
  assert.equal(await ended, 75);
  world.proxy.heal();
  await deposit(SOL / 2n, flags());
  assert.equal(await available(), before + SOL / 2n);
});

test('money comes out by the house, and by force', async () => {
  const before = await available();
  const taken = (await withdraw(SOL / 10n, flags())).json as { amount: bigint };
  assert.deepEqual([taken.amount, await available()], [SOL / 10n, before - SOL / 10n]);
  const { house, program } = world.house;
  await world.until('all is settled', async () => (await world.health()).settlement.open_bets === 0);
  await world.stop();
  const leaving = exit(flags({ api: 'http://127.0.0.1:1', house, program }));
  // The request lands first; the deadline is that of its slot.
  const vaultOf = async () => (await exitClient()).vault('confirmed');
  await world.until('it is asked for', async () => ((await vaultOf())?.requestAmount ?? 0n) > 0n);
  await skipSlots(world.node.url, EXIT_DELAY + 5);
  const { exited, amount } = (await leaving).json as { exited: boolean; amount: bigint };
  assert.deepEqual([exited, amount], [true, before - SOL / 10n]);
  await world.startSupervised();
});

test('a second command that wants the store has to wait, and bad usage is 2', async () => {
  await withBettor(flags(), async () => {
    await assert.rejects(bet(heads, betFlags()), { code: 'STORE_LOCKED' });
  });
  for (const args of [
    ['bet', '0.05', 'edge'],
    ['bet', '0.000001', 'heads'],
    ['bet', '1'],
    ['bettor', 'withdraw', 'most'],
    ['status', '--api', 'nowhere'],
  ]) {
    assert.equal((await run(...args)).code, 2, args.join(' '));
  }
  assert.equal((await run('status', '--api', 'http://127.0.0.1:1', '--once')).code, 75);
  assert.equal(await runStatus({ api: world.apiUrl, once: true, every: 1, json: true }), 0);
});

test('a status that is watched says when the service is gone, goes on when it is back, and ends well', async () => {
  const child = spawn(process.execPath, [casino, 'status', '--api', api, '--every', '0.2', '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const answers: boolean[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => answers.push((JSON.parse(line) as { answers: boolean }).answers));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  try {
    await world.until('it looks', () => answers.at(-1) === true);
    await world.stop();
    await world.until('it says so', () => answers.at(-1) === false);
    await world.startSupervised();
    await world.until('it looks again', () => answers.at(-1) === true);
  } finally {
    child.kill('SIGINT');
  }
  assert.equal(await ended, 0);
});
