import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { type CasinoInstruction, challenge, escalateChallenge, settleBatch, settleTransfers } from '../client/index.ts';
import { PACKET_BYTES } from './chain.ts';
import { receiptFor } from './receipts.ts';
import { settlement } from './settlement.ts';
import { makeStage, type Stage } from './stage.ts';
import { EXIT_DELAY_SLOTS, LEADER, makeHouse, makeVaults, program, readVault, type TestHouse, type TestVault } from './world.ts';

/**
 * Compute units and bytes of each instruction's whole transaction, its two compute budget instructions (300 units) included. The
 * settler pays its own fees; elsewhere a third party does. Guarded to 2 %, so that a change of cost is seen and decided on: `UPDATE_COMPUTE_UNITS=1 node --test program/test/compute-units.test.ts` writes it anew.
 */
const TABLE = new URL('../compute-units.json', import.meta.url);
const UPDATE = process.env.UPDATE_COMPUTE_UNITS === '1';
const TOLERANCE = 0.02;
const table = JSON.parse(readFileSync(TABLE, 'utf8')) as Record<string, { computeUnits: number; bytes: number }>;
const measured: typeof table = {};

/** Vaults in one packet without a lookup table, under a key of 62 bets, with compute unit limit and price. */
const MOST_VAULTS = { batch: 16, batchThatConsumes: 13, transfers: 27, transfersThatConsume: 22 };

let stage: Stage;
let tokenStage: Stage;
let house: TestHouse;
let vaults: TestVault[];
before(async () => {
  stage = await makeStage();
  tokenStage = await makeStage(true);
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
  'challenge',
  'fundHouse',
  'advanceEpoch',
  'retireVerifyingKey',
  'payHouseWithdrawal', // before the request that replaces the one it pays, and before a challenge is overdue
  'escalateChallenge',
  'requestHouseWithdrawal',
  'setSettler',
  'scheduleChange',
  'setPaused',
  'applyChange',
] as const;
for (const name of others) {
  test(name, async () => record(name, await stage.chain.land(stage.transaction(await stage.valid[name]()))));
}

for (const name of ['initHouse', 'deposit', 'claim', 'fundHouse', 'payHouseWithdrawal'] as const) {
  test(`${name} of tokens`, async () => {
    record(`${name}, tokens`, await tokenStage.chain.land([await tokenStage.valid[name]()]));
  });
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

test('settleBatch of 4 vaults that answers as many overdue challenges', async () => {
  const { chain } = stage;
  const answered = vaults.slice(0, 4);
  for (const vault of answered) {
    const receipt = receiptFor(house, vault, { betNumber: readVault(chain, vault).lastBet + 1n });
    await chain.land([receipt, await challenge({ program, owner: vault.owner, house: house.address })]);
  }
  chain.svm.warpToSlot(chain.slot + EXIT_DELAY_SLOTS + 1n);
  for (const vault of answered) {
    await chain.land([escalateChallenge({ program, house: house.address, vault: vault.address })]);
  }
  const outcome = await chain.land([await batch(4, 1, 0n)], { feePayer: house.settler });
  record('settleBatch, 4 vaults with overdue challenges', outcome);
});

test('settleBatch of 16 vaults, through a lookup table', async () => {
  const addresses = vaults.map(({ address }) => address);
  const instruction = await batch(16, 3, 1n);
  const lookupTables = await stage.chain.lookupTable(addresses);
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
  const key = { termsId: 1, verifyingKeyId: 3, maxBets: 62, batchNumber: 1n };
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
