// Would catch: money that is sent twice or leaves open bets uncovered, a key that is lost, a service that does not settle after a rotation.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { lamports } from '@solana/kit';
import { setSettler } from '../program/client/index.ts';
import { markStaleInPlace } from '../sequencer/backup/restore.ts';
import { connectRpc } from '../sequencer/chain/rpc.ts';
import { dataPaths } from '../sequencer/context.ts';
import { addressOf } from '../sequencer/ledger/addresses.ts';
import { beginRotation } from '../sequencer/operations/key-rotation.ts';
import { ChainWorld, SOL } from '../sequencer/test/chain-world.ts';
import { apply, cancelChange, changeDelays, changes, pause, rotateAuthority, rotateSettler } from './house-changes.ts';
import { fund, withdraw } from './house-money.ts';
import type { HouseFlags } from './house-place.ts';
import { show } from './house-show.ts';
import { listKeys } from './operator-keys.ts';
import { skipSlots } from './test/skip-slots.ts';

const casino = new URL('../casino.mjs', import.meta.url).pathname;
const CHANGE_DELAY = 40_000;
/** Through the last slots that are on their way. */
const MORE = 5;
const children: ChildProcess[] = [];
let world: ChainWorld;

before(async () => {
  world = await ChainWorld.open(1);
});
after(async () => {
  for (const child of children) child.kill('SIGKILL');
  await world.close();
});

const flags = (more: Partial<HouseFlags> = {}): HouseFlags => ({
  rpc: world.node.url,
  data: world.directory,
  yes: true,
  ...more,
});
const withApi = () => flags({ api: world.apiUrl });
const shown = async () =>
  (await show(withApi())).json as { balance: bigint; exposure: bigint; liabilities: bigint; solvent: boolean };
const kept = () => join(world.directory, 'operator', 'fund.json');
const restart = async () => {
  await world.stop();
  world.fatal = undefined;
  await world.startSupervised();
};

/** Runs a fund command against the proxy, and kills it once its transaction is kept and `when` holds. */
async function fundKilled(amount: string, when: () => Promise<boolean> | boolean): Promise<void> {
  const args = ['house', 'fund', amount, '--rpc', world.proxy.url, '--data', world.directory, '--yes'];
  const child = spawn(process.execPath, [casino, ...args], { stdio: 'ignore' });
  children.push(child);
  await world.until('it is kept', () => existsSync(kept()));
  while (!(await when())) await sleep(20);
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('close', resolve));
}

test('a house is shown with what it owes covered', async () => {
  const { code, words, json } = await show(withApi());
  const { solvent, exposure } = json as { solvent: boolean; exposure: bigint };
  assert.deepEqual([code, solvent, exposure], [0, true, 0n]);
  assert.match(words, /bankroll +1000 SOL \(1000000000000 lamports\)/);
  assert.equal((words.match(/\(yours\)/g) ?? []).length, 3);
  const keys = await listKeys({ data: world.directory, rpc: world.node.url });
  assert.deepEqual([keys.code, (keys.words.match(/the house's/g) ?? []).length], [0, 3]);
});

test('funding that was killed before or after it landed is done once', async () => {
  const { balance } = await shown();
  world.proxy.fail(['sendTransaction'], { kind: 'swallow' });
  await fundKilled('2', () => true);
  world.proxy.heal();
  const first = await fund(2n * SOL, flags());
  assert.deepEqual([(first.json as { resumed: boolean }).resumed, (await shown()).balance], [true, balance + 2n * SOL]);
  world.proxy.fail(['sendTransaction'], { kind: 'lose-answer' });
  await fundKilled('3', async () => (await shown()).balance === balance + 5n * SOL || !existsSync(kept()));
  world.proxy.heal();
  if (existsSync(kept())) assert.equal(((await fund(3n * SOL, flags())).json as { resumed: boolean }).resumed, true);
  assert.equal((await shown()).balance, balance + 5n * SOL);
  assert.equal(((await fund(1n * SOL, flags())).json as { resumed: boolean }).resumed, false);
  assert.deepEqual([(await shown()).balance, existsSync(kept())], [balance + 6n * SOL, false]);
});

test('nothing is signed without a yes, and too much is not sent', async () => {
  await assert.rejects(fund(SOL, flags({ yes: false })), { code: 'CONFIG_INVALID' });
  await assert.rejects(fund(1_000_000n * SOL, flags()), { exitCode: 1 });
  await assert.rejects(fund(SOL, flags({ keypair: join(world.directory, 'none.json') })), { code: 'CONFIG_INVALID' });
  await assert.rejects(fund(SOL, flags({ data: join(world.directory, 'none') })), { code: 'CONFIG_INVALID' });
  assert.equal(existsSync(join(world.directory, 'none')), false);
});

test('a withdrawal waits, never leaves open bets uncovered, and is paid once', async () => {
  const { balance } = await shown();
  await assert.rejects(withdraw(undefined, { ...withApi(), pay: true }), { exitCode: 1 });
  await assert.rejects(withdraw(SOL, { ...withApi(), all: true }), { code: 'CONFIG_INVALID' });
  const asked = (await withdraw(undefined, { ...withApi(), all: true })).json as { requested: bigint };
  assert.equal(asked.requested, balance);
  const again = (await withdraw(undefined, { ...withApi(), all: true })).json as { done: boolean };
  assert.equal(again.done, false);
  await assert.rejects(withdraw(undefined, { ...withApi(), pay: true }), { exitCode: 75 });
  // A bet that does not settle, because nothing that is sent arrives.
  world.proxy.fail(['sendTransaction'], { kind: 'swallow' });
  await world.bet(1);
  await skipSlots(world.node.url, CHANGE_DELAY + MORE);
  await world.until('the service has seen it', async () => BigInt((await world.health()).chain.slot) > BigInt(CHANGE_DELAY));
  assert.ok((await shown()).exposure > 0n);
  await assert.rejects(withdraw(undefined, { ...withApi(), pay: true }), { exitCode: 75, message: /open bets can cost/ });
  // The ledger of a running service is not trusted to have seen it.
  await assert.rejects(withdraw(undefined, { ...flags(), pay: true }), { exitCode: 75, message: /only known to have seen/ });
  world.proxy.heal();
  const { done, paid } = (await withdraw(undefined, { ...withApi(), pay: true, wait: true })).json as {
    done: boolean;
    paid: bigint;
  };
  assert.equal(done, true);
  const after = await shown();
  assert.deepEqual([after.exposure, after.solvent], [0n, true]);
  assert.ok(paid > 0n && after.balance + paid >= balance - SOL);
  await assert.rejects(withdraw(undefined, { ...withApi(), pay: true }), { exitCode: 1 });
  await fund(100n * SOL, flags());
  await world.settleAndCheck();
});

test('a request lapses, and can be withdrawn', async () => {
  await withdraw(SOL, withApi());
  const cancelled = await withdraw(undefined, { ...withApi(), cancel: true });
  assert.equal((cancelled.json as { done: boolean }).done, true);
  assert.equal(((await withdraw(undefined, { ...withApi(), cancel: true })).json as { done: boolean }).done, false);
  await withdraw(SOL, withApi());
  await skipSlots(world.node.url, CHANGE_DELAY + 20_000 + MORE);
  await assert.rejects(withdraw(undefined, { ...withApi(), pay: true }), { exitCode: 1, message: /lapsed/ });
});

test('pausing twice does it once', async () => {
  const done = async (paused: boolean) => ((await pause(paused, flags())).json as { done: boolean }).done;
  assert.deepEqual([await done(true), await done(true), await done(false), await done(false)], [true, false, true, false]);
});

test('a service whose settler was rotated ends, starts with the new key, and settles; whoever was cut off', async () => {
  const { authority, settler: old } = await world.operator();
  const rotated = await rotateSettler(flags());
  assert.equal((rotated.json as { done: boolean }).done, true);
  await world.until('the service ends', () => world.fatal !== undefined);
  assert.deepEqual([world.fatal?.code, world.fatal?.retry], ['NOT_LEADING', true]);
  await restart();
  await world.bet(2);
  await world.settleAndCheck();
  assert.ok(readdirSync(dataPaths(world.directory).keys).includes(`settler-${old.address}.json`));
  // The command dies between the transaction and the swap: the start takes the key over, and the command finds it done.
  const next = addressOf(beginRotation(dataPaths(world.directory).keys, 'settler').slice(32));
  const { program, house } = world.house;
  await connectRpc(world.node.url).requestAirdrop(next, lamports(SOL)).send();
  await world.elsewhere(authority, setSettler({ program, authority, house, settler: next }));
  await restart();
  assert.equal((await world.operator()).settler.address, next);
  assert.match((await show(flags())).words, new RegExp(`settler +${next} \\(yours\\)`));
});

test('an authority is rotated after its wait, and the house stays the same', async () => {
  const { authority: old } = await world.operator();
  const { house } = world.house;
  const announced = (await rotateAuthority(flags())).json as { done: boolean; value: string };
  assert.equal(announced.done, true);
  const again = (await rotateAuthority(flags())).json as { done: boolean; value: string };
  assert.deepEqual([again.done, again.value], [false, announced.value]);
  await assert.rejects(apply('authority', flags()), { exitCode: 75 });
  await assert.rejects(apply('receipt-key', flags()), { code: 'CONFIG_INVALID' });
  await skipSlots(world.node.url, CHANGE_DELAY + MORE);
  assert.equal(((await apply('authority', flags())).json as { done: boolean }).done, true);
  const { authority, creator } = await world.operator();
  assert.deepEqual([authority.address, creator], [announced.value, old.address]);
  await restart();
  assert.equal(world.house.house, house);
  // A house that is looked for by its keys alone is the same one.
  assert.equal(((await show(flags({ api: world.apiUrl }))).json as { house: string }).house, house);
  await pause(true, flags());
  await pause(false, flags());
});

test('delays are announced within their bounds, withdrawn, and lapse', async () => {
  const wish = { ...flags(), exitSlots: '20000', changeSlots: '50000' };
  await assert.rejects(changeDelays({ ...wish, changeSlots: '39999' }), { code: 'CONFIG_INVALID' });
  await changeDelays(wish);
  assert.match((await changes(flags())).words, /^delays: exit 20000 slots, change 50000 slots; from slot/);
  await cancelChange('delays', flags());
  assert.deepEqual((await changes(flags())).words, 'no change is announced');
  await changeDelays(wish);
  await skipSlots(world.node.url, 2 * CHANGE_DELAY + MORE);
  await assert.rejects(apply('delays', flags()), { exitCode: 1, message: /lapsed/ });
  await changeDelays(wish);
  await skipSlots(world.node.url, CHANGE_DELAY + MORE);
  assert.equal(((await apply('delays', flags())).json as { done: boolean }).done, true);
  assert.match((await show(flags())).words, /delays +exit 20000 slots, change 50000 slots/);
});

test('what open bets can cost is not read from a ledger that may lack some', async () => {
  await world.stop();
  markStaleInPlace({ dataDirectory: world.directory, nowMs: Date.now });
  await assert.rejects(show(flags()), { code: 'LEDGER_STALE', message: /may lack bets/ });
  await restart();
  assert.equal((await show(flags())).code, 0);
});
