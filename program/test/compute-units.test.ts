import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { type Address, generateKeyPairSigner, getAddressEncoder, lamports } from '@solana/kit';
import { type CasinoInstruction, settleBatch, settleTransfers } from '../client/index.ts';
import { PACKET_BYTES } from './chain.ts';
import { settlement } from './settlement.ts';
import { makeStage, type Stage } from './stage.ts';
import { LEADER, makeHouse, makeVaults, program, type TestHouse, type TestVault } from './world.ts';

/**
 * Compute units and bytes of each instruction's whole transaction, its two compute budget instructions (300 units) included. The
 * settler pays its own fees; elsewhere a third party does. Guarded to 2 %, so that a change of cost is seen and decided on: `UPDATE_COMPUTE_UNITS=1 node --test program/test/compute-units.test.ts` writes it anew.
 */
const TABLE = new URL('../compute-units.json', import.meta.url);
const UPDATE = process.env.UPDATE_COMPUTE_UNITS === '1';
const TOLERANCE = 0.02;
const table = JSON.parse(readFileSync(TABLE, 'utf8')) as Record<string, { computeUnits: number; bytes: number }>;
const measured: typeof table = {};

/** Vaults in one packet without a lookup table, under a key of 56 bets, with compute unit limit and price. */
const MOST_VAULTS = { batch: 16, batchThatConsumes: 13, transfers: 27, transfersThatConsume: 22 };

let stage: Stage;
let house: TestHouse;
let vaults: TestVault[];
before(async () => {
  stage = await makeStage();
  house = await makeHouse(stage.chain, 'measured');
  vaults = await makeVaults(stage.chain, house, 30, 'measured owner');
});

function record(name: string, outcome: { computeUnits: bigint; bytes: number }): void {
  measured[name] = { computeUnits: Number(outcome.computeUnits), bytes: outcome.bytes };
  if (UPDATE) return;
  const expected = table[name];
  assert.ok(expected !== undefined, `${name} is not in the table`);
  const off = Math.abs(Number(outcome.computeUnits) - expected.computeUnits) / expected.computeUnits;
  assert.ok(off <= TOLERANCE, `${name}: ${outcome.computeUnits} compute units, the table says ${expected.computeUnits}`);
  assert.equal(outcome.bytes, expected.bytes, `${name}: bytes`);
}

const others = [
  'initHouse',
  'addTerms',
  'addVerifyingKey',
  'openVault',
  'deposit',
  'requestWithdrawal',
  'claim',
  'forceExit',
  'rotateSessionKey',
  'fundHouse',
  'advanceEpoch',
] as const;
for (const name of others) {
  test(name, async () => record(name, await stage.chain.land([await stage.valid[name]()])));
}

/** A lookup table with these addresses, as its program lays it out: 56 bytes of metadata, then the addresses. */
async function lookupTable(addresses: Address[]): Promise<Address> {
  const { address } = await generateKeyPairSigner();
  const data = new Uint8Array(56 + 32 * addresses.length);
  const view = new DataView(data.buffer);
  view.setUint32(0, 1, true);
  view.setBigUint64(4, 0xffff_ffff_ffff_ffffn, true);
  for (const [index, entry] of addresses.entries()) data.set(getAddressEncoder().encode(entry), 56 + 32 * index);
  const programAddress = 'AddressLookupTab1e1111111111111111111111111' as Address;
  stage.chain.svm.setAccount({
    address,
    data,
    programAddress,
    executable: false,
    lamports: lamports(1_000_000_000n),
    space: BigInt(data.length),
  });
  return address;
}

/** A batch of the first `count` vaults under the key, each consuming a deposit if `consume`. */
const batch = (count: number, keyId: number, consume: bigint) =>
  settlement(stage.chain, house, {
    keyId,
    runs: vaults.slice(0, count).map((vault) => ({ vault, betCount: 3, delta: 1n, consume })),
  });

for (const [count, keyId] of [
  [1, 2],
  [4, 1],
  [13, 3],
] as const) {
  test(`settleBatch of ${count} vaults`, async () => {
    record(`settleBatch, ${count} vaults`, await stage.chain.land([await batch(count, keyId, 0n)], { feePayer: house.settler }));
  });
}

test('settleBatch of 16 vaults, through a lookup table', async () => {
  const addresses = vaults.map(({ address }) => address);
  const instruction = await batch(16, 3, 1n);
  const lookupTables = { [await lookupTable(addresses)]: addresses };
  record(
    'settleBatch, 16 vaults that all consume, lookup table',
    await stage.chain.land([instruction], { lookupTables, feePayer: house.settler }),
  );
});

test('the most vaults that one packet takes, without a lookup table', async () => {
  const { settler, address } = house;
  const names = { program, settler, house: address, ...LEADER };
  const entries = (count: number, consume: bigint) =>
    vaults
      .slice(0, count)
      .map(({ address: vault }) => ({ vault, keySlot: 0 as const, betCount: 1, after: 1n, consume, pay: true }));
  const zeros = { blobHash: new Uint8Array(32), proof: new Uint8Array(128), outcomes: [] };
  const key = { termsId: 1, verifyingKeyId: 3, maxBets: 56, batchNumber: 1n };
  const batchOf = (count: number, consume: bigint) => settleBatch({ ...names, ...key, ...zeros, runs: entries(count, consume) });
  const transfersOf = (count: number, consume: bigint) =>
    settleTransfers({ ...names, transferNumber: 1n, transfers: entries(count, consume) });
  const most = async (build: (count: number) => CasinoInstruction | Promise<CasinoInstruction>) => {
    let count = 1;
    while ((await stage.chain.sizeOf([await build(count)], { feePayer: settler })) <= PACKET_BYTES) count += 1;
    return count - 1;
  };
  assert.deepEqual(
    {
      batch: await most((count) => batchOf(count, 0n)),
      batchThatConsumes: await most((count) => batchOf(count, 1n)),
      transfers: await most((count) => transfersOf(count, 0n)),
      transfersThatConsume: await most((count) => transfersOf(count, 1n)),
    },
    MOST_VAULTS,
  );
  const transfers = transfersOf(MOST_VAULTS.transfersThatConsume, 1n);
  const name = `settleTransfers, ${MOST_VAULTS.transfersThatConsume} vaults that all consume`;
  record(name, await stage.chain.land([transfers], { feePayer: settler }));
});

after(() => {
  if (UPDATE) writeFileSync(TABLE, `${JSON.stringify(measured, null, 2)}\n`);
  else assert.deepEqual(Object.keys(measured).sort(), Object.keys(table).sort());
});
