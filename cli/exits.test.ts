// Would catch: money that does not come out, with the house paying, with its prover off, and with its service gone for good.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Address } from '@solana/kit';
import { CasinoClient } from '../client/client.ts';
import { CasinoApiError } from '../client/errors.ts';
import type { CasinoEvent } from '../client/events.ts';
import { ExitClient } from '../client/exit-client.ts';
import { MemoryStore } from '../client/store.ts';
import { startLocalChainProcess } from '../localchain/process.ts';
import { connectRpc } from '../sequencer/chain/rpc.ts';
import { LOCAL_PROGRAM_ADDRESS } from '../sequencer/config.ts';
import { keepSeals } from '../sequencer/ledger/seals.ts';
import { bettorWallet, placeBets, seatBettor } from './demo-bettors.ts';
import { reconcileDemo } from './demo-reconcile.ts';
import { LOCAL_CHAIN_TIMING, type Services, startServices } from './services.ts';
import { freePort } from './test/free-port.ts';

const TIMEOUT_MS = 480_000;
const STAKE = 1_000_000n;
const EXIT_DELAY_SLOTS = 21_600;
/** What a few transactions cost at most, in lamports. */
const FEES = 200_000n;

let dataDirectory: string;
let ports: { apiPort: number; rpcPort: number };
let services: Services | undefined;
let place: { house: Address; program: Address };
const stores = [new MemoryStore(), new MemoryStore()] as const;

const start = async (sequencerFlags: readonly string[] = []) => {
  const quiet = { onProgress: () => {}, onRestart: () => {} };
  services = await startServices({ dataDirectory, ...ports, ...LOCAL_CHAIN_TIMING, ...quiet, sequencerFlags });
  return services;
};
const seat = async (index: 0 | 1) => {
  const { apiUrl, rpcUrl } = services as Services;
  const { client } = await seatBettor({ index, apiUrl, rpcUrl, store: stores[index], onBet: () => {} });
  return { index, client };
};
const rpcUrl = () => `http://127.0.0.1:${ports.rpcPort}`;
const skipSlots = async (slots: number) => {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'localchain_skipSlots', params: [slots] });
  const answer = await fetch(rpcUrl(), { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  assert.ok(((await answer.json()) as { result?: number }).result);
};
const walletOf = async (index: 0 | 1) => {
  const wallet = await bettorWallet(stores[index], index);
  const lamports = async () =>
    (await connectRpc(rpcUrl()).getBalance(wallet.address, { commitment: 'finalized' }).send()).value as bigint;
  return { wallet, lamports };
};
/** Waits for a condition that holds sooner or later, unless something is broken: the test's own limit ends it then. */
const until = async (condition: () => Promise<boolean>) => {
  while (!(await condition().catch(() => false))) await sleep(200);
};
const bet = (client: CasinoClient) => client.bet({ amount: STAKE, guess: 'heads' });
/** Places a bet that is answered with an error at once. */
const refusedBet = async (index: 0 | 1) => {
  const { apiUrl } = services as Services;
  const { wallet } = await walletOf(index);
  const retry = { maxElapsedMs: 0, firstDelayMs: 1, maxDelayMs: 1 };
  const client = await CasinoClient.connect({ apiUrl, rpcUrl: rpcUrl(), wallet, store: stores[index], retry });
  return bet(client).catch((error: unknown) => error);
};

/** Runs the reconcile command; its exit code, and its report if it printed one. */
const reconcileCommand = async (...flags: string[]) => {
  const casino = fileURLToPath(new URL('../casino.mjs', import.meta.url));
  const child = spawn(process.execPath, [casino, 'reconcile', ...flags], { stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { exitCode, report: output.startsWith('{') ? JSON.parse(output) : undefined };
};

/** A copy of the ledger in which a run left one unit more than it did on chain, and was sealed so. */
const assertDifferenceFound = async () => {
  const copy = join(dataDirectory, 'copy');
  mkdirSync(copy);
  for (const name of ['ledger.db', 'ledger.db-wal']) copyFileSync(join(dataDirectory, name), join(copy, name));
  const ledger = new DatabaseSync(join(copy, 'ledger.db'));
  keepSeals(ledger);
  ledger.exec('UPDATE batch_runs SET after = after + 1');
  ledger.close();
  const { exitCode, report } = await reconcileCommand('--data', copy, '--rpc', rpcUrl(), '--json');
  const found = report.discrepancies.map(({ kind, funds }: { kind: string; funds: boolean }) => [kind, funds]);
  assert.deepEqual([exitCode, report.funds_differ, found], [1, true, [['vault-balance', true]]]);
};

before(async () => {
  dataDirectory = mkdtempSync(join(tmpdir(), 'exits-'));
  ports = { apiPort: await freePort(), rpcPort: await freePort() };
});
after(async () => {
  await services?.stop();
  rmSync(dataDirectory, { recursive: true, force: true });
});

test('money comes out whatever the house does', { timeout: TIMEOUT_MS }, async (t) => {
  await t.test('an exit of a vault with bets in flight, the prover off: its bets are void, for good', async () => {
    await start(['--proofs', 'off']);
    const [alice, bob] = [await seat(0), await seat(1)];
    const bets = [await bet(alice.client), await bet(alice.client)];
    const bobs = await bet(bob.client);
    await until(async () => (await alice.client.batches()).some(({ state, runs }) => state === 'Pending' && runs.length > 0));
    const { wallet, lamports } = await walletOf(0);
    const before = await lamports();
    const owned = await alice.client.vault('finalized');
    assert.ok(owned);
    await alice.client.requestWithdrawal('all');
    await until(async () => (await alice.client.vaultStatus()).request?.final === true);
    const held = await refusedBet(0);
    assert.ok(held instanceof CasinoApiError && held.code === 'BUSY', 'bets wait while a request is open');
    await skipSlots(EXIT_DELAY_SLOTS + 1);
    assert.deepEqual(await alice.client.forceExit(), { exited: true });
    process.kill((services as Services).sequencerPid() as number, 'SIGKILL');
    await until(async () => (await alice.client.vaultStatus()).voided !== null);
    const { frozen, voided, request } = await alice.client.vaultStatus();
    assert.deepEqual([frozen, voided, request], [true, { fromBet: 1n, throughBet: 2n, reason: 'forced exit' }, null]);
    for (const { head } of bets) {
      const { state, voidReason, batchNumber } = await alice.client.betStatus(head);
      assert.deepEqual([state, voidReason, batchNumber], ['Voided', 'forced exit', null]);
      await assert.rejects(alice.client.waitForBet(head), { code: 'BET_VOIDED' });
    }
    assert.notEqual((await bob.client.betStatus(bobs.head)).state, 'Voided');
    const refused = await refusedBet(0);
    assert.ok(refused instanceof CasinoApiError && refused.code === 'VAULT_CLOSED');
    const house = (await (await fetch(`${(services as Services).apiUrl}/v1/house`)).json()) as { open_bets: number };
    assert.equal(house.open_bets, 1);
    assert.equal((await alice.client.claim()).amount, owned.balance + owned.pendingDeposit);
    assert.ok((await lamports()) > before + owned.balance + owned.pendingDeposit - FEES);
    assert.equal(wallet.address, alice.client.owner);
    await services?.stop();
  });

  await t.test("the others' bets go on, and a withdrawal holds bets until it is paid", async () => {
    await start();
    const bob = await seat(1);
    const events: CasinoEvent[] = [];
    const listening = new AbortController();
    const heard = (async () => {
      for await (const event of bob.client.events({ signal: listening.signal })) events.push(event);
    })();
    const { head } = await bet(bob.client);
    await bob.client.waitForBet(head);
    const { lamports } = await walletOf(1);
    const before = await lamports();
    await bet(bob.client);
    const progress: string[] = [];
    const withdrawing = bob.client.withdraw(STAKE, { onProgress: (stage) => progress.push(stage) });
    await until(async () => (await bob.client.vaultStatus()).request !== null || progress.includes('paid'));
    if (!progress.includes('paid'))
      assert.match((await bob.client.vaultStatus()).held ?? 'a withdrawal request is open', /withdrawal/);
    assert.equal((await withdrawing).amount, STAKE);
    assert.deepEqual(progress, ['requested', 'paid', 'claimed']);
    assert.ok((await lamports()) > before + STAKE - FEES);
    await placeBets(bob, { count: 3, onBet: () => {} });
    await bob.client.rotateSessionKey();
    await bob.client.waitForBet((await bet(bob.client)).head);
    await until(async () =>
      ['withdrawal_requested', 'withdrawal_paid', 'claimed'].every((type) => events.some((e) => e.type === type)),
    );
    listening.abort();
    await heard;
    const { discrepancies, report } = await reconcileDemo({ dataDirectory, rpcUrl: rpcUrl() });
    assert.deepEqual(discrepancies, [], report);
    const ready = await fetch(`${(services as Services).apiUrl}/health/ready`);
    assert.deepEqual(await ready.json(), { ready: true, problems: [] });
    const running = await reconcileCommand('--data', dataDirectory, '--rpc', rpcUrl(), '--json');
    assert.deepEqual([running.exitCode, running.report.discrepancies, running.report.vaults_checked], [0, [], 2]);
    const own = (await (await fetch(`${(services as Services).apiUrl}/v1/reconciliation`)).json()) as {
      discrepancies: unknown[];
    };
    assert.deepEqual(own, JSON.parse(readFileSync(join(dataDirectory, 'reconciliation.json'), 'utf8')));
    assert.deepEqual(own.discrepancies, []);
    await bob.client.deposit(STAKE);
    place = { house: bob.client.house.house, program: bob.client.house.program };
    await services?.stop();
    services = undefined;
  });

  await t.test('with the service gone for good, the chain alone pays balance and deposit', async () => {
    const program = fileURLToPath(new URL('../program/prebuilt/zk_casino.so', import.meta.url));
    const chain = await startLocalChainProcess([
      ...['--data', join(dataDirectory, 'chain'), '--port', String(ports.rpcPort), '--slot-ms', '100'],
      ...['--confirm-slots', '1', '--finalize-slots', '5', '--program', `${LOCAL_PROGRAM_ADDRESS}=${program}`],
    ]);
    try {
      const { wallet, lamports } = await walletOf(1);
      const client = await ExitClient.connect({ rpcUrl: rpcUrl(), ...place, wallet });
      const held = await client.vault();
      assert.ok(held && held.balance > 0n && held.pendingDeposit > 0n);
      assert.equal((await reconcileCommand('--data', dataDirectory, '--rpc', rpcUrl())).exitCode, 0);
      await assertDifferenceFound();
      const before = await lamports();
      const exiting = client.exit({ timeoutMs: 60_000 });
      await until(async () => ((await client.vault('confirmed'))?.requestAmount ?? 0n) > 0n);
      await assert.rejects(client.forceExit(), { code: 'EXIT_TOO_EARLY' });
      await skipSlots(EXIT_DELAY_SLOTS + 1);
      const { exited, amount } = await exiting;
      assert.deepEqual([exited, amount], [true, held.balance + held.pendingDeposit]);
      assert.ok((await lamports()) > before + amount - FEES);
      const left = await client.vault();
      assert.deepEqual([left?.frozen, left?.balance, left?.pendingDeposit, left?.claimable], [true, 0n, 0n, 0n]);
      assert.equal((await reconcileCommand('--data', dataDirectory, '--rpc', rpcUrl())).exitCode, 0);
    } finally {
      await chain.stop();
    }
    assert.equal((await reconcileCommand('--data', dataDirectory, '--rpc', rpcUrl())).exitCode, 75);
    assert.equal((await reconcileCommand('--data', join(dataDirectory, 'nothing'), '--rpc', rpcUrl())).exitCode, 2);
    assert.equal((await reconcileCommand('--data', dataDirectory)).exitCode, 2);
  });
});
