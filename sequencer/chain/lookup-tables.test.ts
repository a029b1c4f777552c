// Catches a batch that stalls for want of a table, a table that is lost, paid for twice or never given back, and the use of a wrong one.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { Address } from '@solana/kit';
import { parseTransaction } from '../../localchain/wire.ts';
import { useKernel } from '../../protocol/kernel.ts';
import { addressOf } from '../ledger/addresses.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { TableWorld } from '../test/table-world.ts';
import { createLookupTable, extendLookupTable, lookupTableAddress } from './lookup-table-program.ts';
import { signTransaction } from './transactions.ts';

useKernel(NATIVE_KERNEL);
const VAULTS = 16;
/** Vaults that all consume and fit a packet without a table. */
const WITHOUT_TABLE = 14;
const DEPOSIT = 5_000_000_000n;

const someAddress = (byte: number) => addressOf(new Uint8Array(32).fill(byte));

let world: TableWorld;
beforeEach(async () => {
  world = await new TableWorld().open(VAULTS);
});
afterEach(() => world.close());

/** A start with one table that has everything. */
async function withTable(): Promise<Address> {
  world.tables.want(world.vaults);
  await world.work();
  assert.equal(world.fits(VAULTS), true);
  return world.known()[0] as Address;
}

test('16 vaults do not fit, then settle through a table', async () => {
  assert.deepEqual([world.fits(WITHOUT_TABLE), world.fits(WITHOUT_TABLE + 1), world.fits(VAULTS)], [true, false, false]);
  await assert.rejects(world.sign(VAULTS), { code: 'SETTLEMENT_REJECTED' });
  const table = await withTable();
  const signed = await world.sign(VAULTS);
  assert.ok(signed.bytes.length <= 1_232);
  const { lookups } = parseTransaction(signed.bytes).message;
  assert.equal(lookups.length, 1);
  assert.equal(lookups[0]?.writable.length, VAULTS + 1);
  await world.settlement.send(signed.bytes);
  await world.addSlots(8);
  const landed = await world.settlement.landedBatch(signed.signature);
  assert.equal(landed?.batchNumber, 1n);
  assert.ok((landed?.computeUnits ?? Number.POSITIVE_INFINITY) < 200_000);
  assert.deepEqual(await world.balances(), Array(VAULTS).fill(DEPOSIT));
  assert.deepEqual(world.known(), [table]);
});

test('a batch that fits names no table', async () => {
  await withTable();
  const signed = await world.sign(4);
  assert.equal(parseTransaction(signed.bytes).message.lookups.length, 0);
});

test('a restart finds the table again and makes no other', async () => {
  const table = await withTable();
  await world.restart();
  assert.equal(world.fits(VAULTS), false);
  await world.work();
  assert.equal(world.fits(VAULTS), true);
  world.tables.want(world.vaults);
  await world.work();
  assert.deepEqual(world.known(), [table]);
});

test('signing right after a restart reads the table from the chain, before any planning', async () => {
  await withTable();
  await world.restart();
  assert.equal(parseTransaction((await world.sign(VAULTS)).bytes).message.lookups.length, 1);
});

test('a full table gets a successor; without room the least recently used is retired, closed, and its rent comes back', async () => {
  await world.attach(8);
  world.tables.want(world.vaults);
  await world.workUntil(() => world.known().length === 4, 'four tables');
  await world.workUntil(() => world.fits(VAULTS), 'all vaults in tables');
  const before = world.known();
  const [oldest] = before as [Address];
  const others = world.vaults.slice(5);
  world.nowMs += 1;
  await world.tables.readBack(others);
  const newcomers = [1, 2, 3, 4, 5].map(someAddress);
  world.tables.want(newcomers);
  await world.workUntil(() => world.known().length === 5, 'a fifth table');
  const rent = (await world.accountOf(oldest))?.lamports as bigint;
  assert.ok(rent > 0n);
  const balance = async () => (await world.rpc.getBalance(world.settler.address, { commitment: 'finalized' }).send()).value;
  await world.workUntil(() => Object.keys(world.tables.known(newcomers)).length > 0, 'the newcomers in a table');
  const balanceBefore = await balance();
  await world.workUntil(async () => (await world.accountOf(oldest)) === null, 'the oldest closed');
  assert.ok((await balance()) > balanceBefore + rent - 100_000n);
  await world.addSlots(2_000);
  await world.restart();
  await world.work(3);
  assert.deepEqual(world.known().includes(oldest), false);
});

test('a table that nobody uses for long is closed', async () => {
  const table = await withTable();
  world.nowMs += 24 * 3_600_000 + 1;
  await world.workUntil(async () => (await world.accountOf(table)) === null, 'closed');
  assert.equal(world.fits(VAULTS), false);
});

test('a retired table still serves what was planned with it, for a while', async () => {
  await withTable();
  world.nowMs += 24 * 3_600_000 + 1;
  await world.work(1);
  await world.workUntil(() => !world.fits(VAULTS), 'retired');
  const signed = await world.sign(VAULTS);
  await world.settlement.send(signed.bytes);
  await world.addSlots(8);
  assert.equal((await world.settlement.landedBatch(signed.signature))?.batchNumber, 1n);
  await world.addSlots(300);
  await assert.rejects(world.sign(VAULTS), { code: 'SETTLEMENT_REJECTED' });
});

test('a crash after the intent and before the table: the next start makes the very table', async () => {
  world.isLosing = true;
  world.tables.want(world.vaults);
  await world.tables.step();
  const intended = world.known();
  assert.equal(intended.length, 1);
  await world.restart();
  world.isLosing = false;
  const table = await withTable();
  assert.deepEqual([[table], world.known()], [intended, intended]);
});

test('an intent that came to nothing is forgotten when the table can not come any more', async () => {
  world.isLosing = true;
  world.tables.want(world.vaults);
  await world.tables.step();
  const [lost] = world.known();
  world.isLosing = false;
  await world.addSlots(600);
  await world.restart();
  assert.notEqual(await withTable(), undefined);
  assert.equal(world.known().length, 2);
  await world.addSlots(2_000);
  await world.restart();
  await world.work(2);
  assert.equal(world.known().length, 1);
  assert.ok(!world.known().includes(lost as Address));
});

test('a crash between the making of a table and its first addresses: it is extended', async () => {
  world.isLosing = true;
  world.tables.want(world.vaults);
  await world.tables.step();
  const [table] = world.known();
  world.isLosing = false;
  const stored = JSON.parse(world.ledger.read.meta('lookup-tables') ?? '[]') as { recentSlot: string }[];
  const recentSlot = BigInt(stored[0]?.recentSlot ?? assert.fail());
  await world.restart();
  await world.land(world.settler, [await createLookupTable({ authority: world.settler, recentSlot })]);
  assert.equal(await withTable(), table);
});

test('a lost extension is sent again while its bytes live, and made anew after that', async () => {
  const table = await withTable();
  const [first, second] = [someAddress(1), someAddress(2)];
  const count = async () => (await world.accountOf(table))?.data[0].length ?? 0;
  const before = await count();
  world.isLosing = true;
  world.tables.want([first]);
  await world.tables.step();
  await world.addSlots(8);
  world.isLosing = false;
  world.nowMs += 3_000;
  await world.tables.step();
  await world.addSlots(8);
  assert.ok((await count()) > before);
  await world.work();
  world.isLosing = true;
  world.tables.want([second]);
  await world.tables.step();
  await world.addSlots(200);
  world.isLosing = false;
  const once = await count();
  await world.work();
  assert.ok((await count()) > once);
});

test("somebody else's table with the same entries is not used, and forgotten", async () => {
  const stranger = await world.funded();
  const recentSlot = await world.rpc.getSlot({ commitment: 'finalized' }).send();
  const { address: table } = await lookupTableAddress({ authority: stranger.address, recentSlot });
  const addresses = [...world.vaults, world.house];
  await world.land(stranger, [await createLookupTable({ authority: stranger, recentSlot })]);
  await world.land(stranger, [extendLookupTable({ table, authority: stranger, addresses })]);
  const value = JSON.stringify([{ address: table, recentSlot: recentSlot.toString() }]);
  await world.ledger.commit([{ kind: 'meta', key: 'lookup-tables', value }]);
  await world.restart();
  assert.deepEqual(await world.tables.readBack(addresses), {});
  assert.equal(world.fits(VAULTS), false);
  assert.deepEqual(world.known(), []);
});

test('a list in the ledger that can not be read stops nothing', async () => {
  await world.ledger.commit([{ kind: 'meta', key: 'lookup-tables', value: '{' }]);
  await world.restart();
  assert.equal(world.fits(WITHOUT_TABLE), true);
  assert.ok(await world.sign(WITHOUT_TABLE));
  await withTable();
});

test('tables that can not be read are given up after some tries, so that batches without them go on', async () => {
  await withTable();
  world.isBlind = true;
  await assert.rejects(world.sign(VAULTS), { code: 'CHAIN_UNREACHABLE' });
  await assert.rejects(world.sign(VAULTS), { code: 'CHAIN_UNREACHABLE' });
  await assert.rejects(world.sign(VAULTS), { code: 'SETTLEMENT_REJECTED' });
  assert.deepEqual([world.fits(VAULTS), world.fits(WITHOUT_TABLE)], [false, true]);
  world.isBlind = false;
  world.nowMs += 600_001;
  assert.equal(world.fits(VAULTS), true);
});

test('no table is used for a while after a dry run says that one does not resolve', async () => {
  await withTable();
  const nowhere = someAddress(3);
  const accounts = world.vaults.map((address) => ({ address, role: 1 }));
  const instructions = [{ programAddress: world.house, accounts: [...accounts, ...accounts], data: new Uint8Array(600) }];
  const tablesFor = async () => ({ [nowhere]: world.vaults });
  const signed = await signTransaction(world.rpc, { payer: world.settler, instructions, computeUnits: 1, tablesFor });
  await assert.rejects(world.settlement.send(signed.bytes), { code: 'SETTLEMENT_REJECTED' });
  assert.deepEqual([world.fits(VAULTS), world.fits(WITHOUT_TABLE)], [false, true]);
});

test('a table that does not resolve at the dry run before signing blames no vault, and the next try does without', async () => {
  await withTable();
  assert.equal(await world.dryRun(VAULTS), undefined);
  world.tables.readBack = async () => ({ [someAddress(3)]: world.vaults });
  assert.equal((await world.dryRun(VAULTS))?.scope, 'packet');
  assert.deepEqual([world.fits(VAULTS), world.fits(WITHOUT_TABLE)], [false, true]);
});

test('so it is when the node refuses the dry run itself, as Agave does', async () => {
  await withTable();
  world.refusal = "invalid transaction: Transaction loads an address table account that doesn't exist";
  assert.equal((await world.dryRun(VAULTS))?.scope, 'packet');
  assert.deepEqual([world.fits(VAULTS), world.fits(WITHOUT_TABLE)], [false, true]);
});
