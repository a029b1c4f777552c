// Would catch: a statement that leaves a movement out, a filter that hides a divergence, amounts that do not add up.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { dataPaths } from '../sequencer/context.ts';
import { ChainWorld, SOL } from '../sequencer/test/chain-world.ts';

const casino = new URL('../casino.mjs', import.meta.url).pathname;
const directory = mkdtempSync(join(tmpdir(), 'replay-'));
let world: ChainWorld;
let blobs: string;

before(async () => {
  world = await ChainWorld.open(2);
  await world.bet(3);
  await world.until('all is settled', async () => (await world.health()).settlement.open_bets === 0);
  await world.clients[0]?.withdraw(SOL / 10n);
  await world.until('all is final', async () => (await world.health()).settlement.unfinished_batches === 0);
  blobs = dataPaths(world.directory).blobs;
});
after(async () => {
  await world.close();
  rmSync(directory, { recursive: true });
});

function run(...args: string[]): Promise<{ code: number; stdout: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [casino, 'replay', '--rpc', world.node.url, ...args], (_error, stdout) =>
      resolve({ code: child.exitCode ?? -1, stdout }),
    );
  });
}

const json = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, never>);

test('a history is told from the making of the house on, and adds up', async () => {
  const { code, stdout } = await run('--blobs', blobs, '--bets', '--json');
  assert.equal(code, 0);
  const lines = json(stdout);
  const { report } = lines.pop() as unknown as { report: { passed: boolean; batches: number; transactions: number } };
  assert.equal(report.passed, true);
  assert.equal(lines[0]?.instruction, 'init_house');
  const batches = lines.filter(({ instruction }) => instruction === 'settle_batch') as unknown as {
    batch_number: string;
    house_balance_after: string;
    proof_verified: boolean;
    bets: { delta: string }[];
  }[];
  assert.equal(batches.length, report.batches);
  let bankroll = BigInt((lines.find(({ instruction }) => instruction === 'fund_house') as unknown as { amount: string }).amount);
  for (const { bets, house_balance_after: after, proof_verified: proven } of batches) {
    bankroll -= bets.reduce((sum, { delta }) => sum + BigInt(delta), 0n);
    assert.deepEqual([bankroll, proven], [BigInt(after), true]);
  }
  const first = (await run('--blobs', blobs, '--from-batch', '2', '--to-batch', '2', '--json')).stdout;
  const numbers = json(first).filter(({ batch_number }) => batch_number !== undefined);
  assert.deepEqual(
    numbers.map(({ batch_number: number }) => number),
    ['2'],
  );
});

test('a statement has every movement of one vault, each with what it leaves', async () => {
  const client = world.clients[0];
  assert.ok(client);
  const { stdout } = await run('--blobs', blobs, '--owner', client.owner, '--json');
  const lines = json(stdout).slice(0, -1) as unknown as { what: string; delta?: string; amount: string; balance: string }[];
  const kinds = lines.map(({ what }) => what);
  for (const kind of ['open vault', 'deposit', 'bet', 'request withdrawal', 'withdrawal paid', 'claim'])
    assert.ok(kinds.includes(kind), kind);
  assert.equal(kinds.filter((kind) => kind === 'bet').length, 3);
  const moved = lines.reduce((sum, { what, delta, amount }) => {
    if (what === 'bet') return sum + BigInt(delta ?? '');
    if (what === 'deposit') return sum + BigInt(amount);
    return what === 'withdrawal paid' ? sum - BigInt(amount) : sum;
  }, 0n);
  const vault = await client.vault();
  assert.equal(moved, (vault?.balance ?? 0n) + (vault?.pendingDeposit ?? 0n));
  assert.equal(BigInt(lines.at(-1)?.balance ?? ''), moved);
  const words = (await run('--blobs', blobs, '--owner', client.owner)).stdout;
  assert.match(words, /bet 3: 0\.0001 SOL on heads: (heads, won 0\.000098|tails, lost 0\.0001); [0-9.]+ left/);
});

test('what is filtered away is checked all the same', async () => {
  const empty = join(directory, 'blobs');
  const { mkdirSync, copyFileSync } = await import('node:fs');
  mkdirSync(empty);
  for (const name of readdirSync(blobs).slice(1)) copyFileSync(join(blobs, name), join(empty, name));
  const { code, stdout } = await run('--blobs', empty, '--from-batch', '999');
  assert.equal(code, 1);
  assert.match(stdout, /nothing of that is in the history\n\nDIVERGES: 1 found/);
});

test('bad usage is 2, and what does not answer is 75', async () => {
  assert.equal((await run('--blobs', blobs, '--owner', 'nobody')).code, 2);
  assert.equal((await run('--blobs', blobs, '--from-batch', '0')).code, 2);
  assert.equal((await run('--blobs', 'http://127.0.0.1:1')).code, 75);
});
