// Would catch: a receipt that the command can not check against the real service, its proofs and its chain, and an exit code that lies.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MemoryStore } from '../client/store.ts';
import { parseReceiptFile, type ReceiptFile, receiptFileText } from '../protocol/receipt-file.ts';
import { placeBets, seatBettor } from './demo-bettors.ts';
import { LOCAL_CHAIN_TIMING, type Services, startServices } from './services.ts';
import { freePort } from './test/free-port.ts';

const TIMEOUT_MS = 480_000;

let dataDirectory: string;
let services: Services;

before(async () => {
  dataDirectory = mkdtempSync(join(tmpdir(), 'receipts-'));
  const ports = { apiPort: await freePort(), rpcPort: await freePort() };
  services = await startServices({ dataDirectory, ...ports, ...LOCAL_CHAIN_TIMING, onProgress: () => {}, onRestart: () => {} });
});
after(async () => {
  await services?.stop();
  rmSync(dataDirectory, { recursive: true, force: true });
});

/** Runs `casino verify bet`; the exit code and what it printed. */
const verify = async (...args: string[]) => {
  const casino = fileURLToPath(new URL('../casino.mjs', import.meta.url));
  const child = spawn(process.execPath, [casino, 'verify', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, errors] = await Promise.all(
    [child.stdout, child.stderr].map(async (stream) => Buffer.concat(await stream.toArray()).toString()),
  );
  const exitCode = child.exitCode ?? (await new Promise<number | null>((resolve) => child.once('close', resolve)));
  return { exitCode, output: output as string, errors: errors as string };
};
const verifyBet = (...args: string[]) => verify('bet', ...args);
const saved = (name: string, file: ReceiptFile | string): string => {
  const path = join(dataDirectory, name);
  writeFileSync(path, typeof file === 'string' ? file : receiptFileText(file));
  return path;
};

test('a bet is checked with nothing but its file, a node and its blob', { timeout: TIMEOUT_MS }, async () => {
  const { apiUrl, rpcUrl } = services;
  const bettor = await seatBettor({ index: 0, apiUrl, rpcUrl, store: new MemoryStore(), onBet: () => {} });
  await placeBets(bettor, { count: 4, onBet: () => {} });
  const { client } = bettor;
  const result = await client.bet({ amount: 1_000_000n, guess: 'heads' });
  const own = await client.receiptFile(result.betNumber);
  const blobs = join(dataDirectory, 'blobs');
  const early = await verifyBet(saved('early.json', own), '--rpc', rpcUrl, '--json');
  // Settled by now or not: without a blob there is something left to look at.
  assert.equal(early.exitCode, 75, early.output);
  assert.deepEqual(JSON.parse(early.output).failed, []);

  await client.waitForBet(result.head);
  const served = await (await fetch(`${apiUrl}/v1/bets/${result.head}/receipt`)).text();
  const file = parseReceiptFile(served);
  assert.deepEqual({ ...file, settlement: undefined }, own);
  assert.ok(file.settlement);
  for (const path of [saved('own.json', own), saved('served.json', served)]) {
    const { exitCode, output } = await verifyBet(path, '--rpc', rpcUrl, '--blobs', blobs, '--house', client.house.house);
    assert.equal(exitCode, 0, output);
    assert.match(output, /✓ proof/);
    assert.match(output, /THE PROOFS PROVE NOTHING.*a DEVELOPMENT KEY/);
    assert.match(output, new RegExp(`1000000 base units on heads[^]*${result.won ? 'won' : 'lost'}, payout ${result.payout}`));
  }
  const blob = readdirSync(blobs)
    .map((name) => new Uint8Array(readFileSync(join(blobs, name))))
    .find((bytes) => Buffer.from(bytes).includes(Buffer.from(own.receipt.message.slice(148, 180))));
  assert.ok(blob);
  const whole = await verifyBet(
    saved('whole.json', { ...file, settlement: { ...file.settlement, blob } }),
    '--rpc',
    rpcUrl,
    '--json',
  );
  assert.deepEqual([whole.exitCode, JSON.parse(whole.output).verdict], [0, 'settled']);

  const house = await verify(
    'chain',
    '--rpc',
    rpcUrl,
    '--blobs',
    `${apiUrl}/v1/blobs`,
    '--state',
    join(dataDirectory, 'state.json'),
  );
  assert.equal(house.exitCode, 0, house.output + house.errors);
  assert.match(house.output, /^PASSED(.|\n)*THE PROOFS PROVE NOTHING(.|\n)*verifying key 1 .*a DEVELOPMENT KEY/);

  const flipped = Uint8Array.from(own.receipt.signature);
  flipped[0] = (flipped[0] as number) ^ 1;
  const forged = saved('forged.json', { ...own, receipt: { ...own.receipt, signature: flipped } });
  const bad = await verifyBet(forged, '--rpc', rpcUrl, '--blobs', blobs, '--json');
  assert.deepEqual([bad.exitCode, JSON.parse(bad.output).failed], [1, ['receipt-signature']]);

  const good = saved('own.json', own);
  assert.equal((await verifyBet(good, '--rpc', rpcUrl)).exitCode, 75, 'without a blob it is incomplete');
  assert.equal((await verifyBet(good, '--rpc', `http://127.0.0.1:${await freePort()}`)).exitCode, 75);
  for (const args of [
    [good],
    [join(dataDirectory, 'nothing'), '--rpc', rpcUrl],
    [good, '--rpc', rpcUrl, '--blobs', good],
    ['--rpc', rpcUrl],
  ]) {
    assert.equal((await verifyBet(...args)).exitCode, 2, args.join(' '));
  }
  const broken = await verifyBet(saved('broken.json', receiptFileText(own).replace('"owner"', '"owned"')), '--rpc', rpcUrl);
  assert.deepEqual([broken.exitCode, broken.output], [2, '']);
  assert.match(broken.errors, /BAD_FIELD: owner/);
});
