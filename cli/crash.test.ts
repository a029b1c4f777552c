import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { MemoryStore } from '../client/store.ts';
import { type CasinoInstruction, claim, requestWithdrawal } from '../program/client/index.ts';
import { connectRpc } from '../sequencer/chain/rpc.ts';
import { sendAndFinalize } from '../sequencer/chain/transactions.ts';
import { bettorWallet, type DemoBettor, placeBets, seatBettor } from './demo-bettors.ts';
import { reconcileDemo } from './demo-reconcile.ts';
import type { DemoBet } from './demo-report.ts';
import { waitUntilFinal } from './demo-settlement.ts';
import { LOCAL_CHAIN_TIMING, type Services, startServices } from './services.ts';
import { freePort } from './test/free-port.ts';

const BETTORS = 4;
/** What is killed, one after the other, each time once all is up again and bets have been answered. */
const KILLS: ('sequencer' | 'chain')[][] = [['sequencer'], ['chain'], ['sequencer', 'chain'], ['sequencer']];
const ANSWERS_BETWEEN_KILLS = 12;
const PAUSE_BETWEEN_BETS_MS = 150;
const TIMEOUT_MS = 480_000;

test('kill -9 of sequencer, chain and both under load: every answered bet is finalized exactly once, and money comes out', {
  timeout: TIMEOUT_MS,
}, async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'crash-'));
  const restarts: string[] = [];
  const [apiPort, rpcPort] = [await freePort(), await freePort()];
  const services = await startServices({
    dataDirectory,
    apiPort,
    rpcPort,
    ...LOCAL_CHAIN_TIMING,
    onProgress: () => {},
    onRestart: (message) => restarts.push(message),
  });
  try {
    const answered: DemoBet[] = [];
    const onBet = (bet: DemoBet) => void answered.push(bet);
    const { apiUrl, rpcUrl } = services;
    const stores = Array.from({ length: BETTORS }, () => new MemoryStore());
    const bettors = await Promise.all(stores.map((store, index) => seatBettor({ index, apiUrl, rpcUrl, store, onBet })));
    const killing = { done: false };
    await Promise.all([
      killAll(services, answered).finally(() => {
        killing.done = true;
      }),
      ...bettors.map(async (bettor) => {
        while (!killing.done) {
          await placeBets(bettor, { count: 1, onBet });
          await sleep(PAUSE_BETWEEN_BETS_MS);
        }
      }),
    ]);
    const batches = await waitUntilFinal({ bettors, answered, onProgress: () => {} });
    assert.ok(batches.every((batch) => batch.state === 'Finalized'));
    assert.equal(restarts.filter((message) => message.includes('SIGKILL')).length, 5);
    await withdrawAll({ store: stores[0] as MemoryStore, client: (bettors[0] as DemoBettor).client, rpcUrl });
    const { discrepancies, report } = await reconcileDemo({ dataDirectory, rpcUrl });
    assert.deepEqual(discrepancies, [], report);
  } finally {
    await services.stop();
    rmSync(dataDirectory, { recursive: true, force: true });
  }
});

/** Takes all of a bettor's money out: request, payment by the sequencer without a proof, claim. */
async function withdrawAll(input: { store: MemoryStore; client: DemoBettor['client']; rpcUrl: string }): Promise<void> {
  const { store, client, rpcUrl } = input;
  const { program, house } = client.house;
  const owner = await bettorWallet(store, 0);
  const rpc = connectRpc(rpcUrl);
  const before = await client.vault('finalized');
  assert.ok(before && before.balance > 0n);
  const amount = before.balance + before.pendingDeposit;
  const send = (instruction: CasinoInstruction) =>
    sendAndFinalize(rpc, { payer: owner, instructions: [instruction], computeUnits: 20_000 });
  await send(await requestWithdrawal({ program, owner, house, amount }));
  let vault = await client.vault('finalized');
  while (vault?.claimable !== amount) {
    await sleep(100);
    vault = await client.vault('finalized');
  }
  assert.equal(vault.balance + vault.pendingDeposit, 0n);
  const walletBefore = (await rpc.getBalance(owner.address, { commitment: 'finalized' }).send()).value;
  await send(await claim({ program, house, owner: owner.address }));
  const walletAfter = (await rpc.getBalance(owner.address, { commitment: 'finalized' }).send()).value;
  assert.ok(walletAfter > walletBefore + amount - 100_000n, 'the wallet has it, less fees');
}

async function killAll(services: Services, answered: readonly DemoBet[]): Promise<void> {
  for (const names of KILLS) {
    const enough = answered.length + ANSWERS_BETWEEN_KILLS;
    while (answered.length < enough || !(await isUp(services))) await sleep(50);
    for (const name of names) {
      const pid = name === 'chain' ? services.chainPid() : services.sequencerPid();
      process.kill(pid as number, 'SIGKILL');
    }
  }
}

async function isUp({ apiUrl, rpcUrl }: Services): Promise<boolean> {
  const answers = await Promise.all([`${apiUrl}/health`, `${rpcUrl}/health`].map((url) => fetch(url).catch(() => undefined)));
  return answers.every((answer) => answer?.ok);
}
