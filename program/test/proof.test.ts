import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import fc from 'fast-check';
import { publicInput } from '../../protocol/batch.ts';
import { settleBatch } from '../client/index.ts';
import { LAMPORTS_PER_SOL } from './chain.ts';
import { planBatch, type SettleInput } from './settlement.ts';
import { forged, makeStage, type Stage, u64 } from './stage.ts';
import { simulateProof, TRAPDOOR } from './trapdoor.ts';
import { readHouse } from './world.ts';

const SOL = LAMPORTS_PER_SOL;
const PROOF_FAILURES = ['INVALID_PROOF', 'INVALID_PROOF_ENCODING'];

let stage: Stage;
before(async () => {
  stage = await makeStage();
});

/** A batch of three vaults, all of whose data a proof binds. */
const plan = () =>
  planBatch(stage.chain, stage.house, {
    runs: stage.vaults.slice(0, 3).map((vault, index) => ({ vault, betCount: index + 1, consume: SOL, delta: BigInt(index) })),
  });
const send = async (input: SettleInput) => stage.send(await settleBatch(input));

describe('a proof', () => {
  test('with any of its 128 bytes changed does not verify', async () => {
    const { input } = plan();
    for (let offset = 0; offset < 128; offset += 1) {
      for (const change of [0x01, 0x80, 0xff]) {
        const proof = Uint8Array.from(input.proof);
        proof[offset] = (proof[offset] as number) ^ change;
        const { error } = await send({ ...input, proof });
        assert.ok(error !== undefined && PROOF_FAILURES.includes(error), `byte ${offset} ^ ${change}: ${error}`);
      }
    }
  });

  test('of another statement, another key, or with its points exchanged does not verify', async () => {
    const { input, batch, maxVaults } = plan();
    const x = publicInput(batch, maxVaults);
    const forgeries = [
      simulateProof(x + 1n),
      simulateProof(publicInput(batch, maxVaults + 2)),
      simulateProof(x, { key: { ...TRAPDOOR, delta: TRAPDOOR.delta + 1n } }),
      Buffer.concat([input.proof.slice(96), input.proof.slice(32, 96), input.proof.slice(0, 32)]),
    ];
    for (const proof of forgeries) assert.equal((await send({ ...input, proof })).error, 'INVALID_PROOF');
  });

  test('with any of its randomness verifies', async () => {
    const { input, batch, maxVaults } = plan();
    const x = publicInput(batch, maxVaults);
    await fc.assert(
      fc.asyncProperty(fc.bigInt(1n, 1n << 250n), fc.bigInt(1n, 1n << 250n), async (a, b) => {
        const instruction = await settleBatch({ ...input, proof: simulateProof(x, { a, b }) });
        assert.equal(await stage.chain.simulate([instruction]), undefined);
      }),
      { numRuns: 12 },
    );
  });
});

describe('public data changed after it was proven does not verify', () => {
  const refused = async (input: SettleInput, what: string) => assert.equal((await send(input)).error, 'INVALID_PROOF', what);

  test('each byte of the blob hash, each outcome', async () => {
    const { input } = plan();
    for (let offset = 0; offset < 32; offset += 1) {
      const blobHash = Uint8Array.from(input.blobHash);
      blobHash[offset] = (blobHash[offset] as number) ^ 1;
      await refused({ ...input, blobHash }, `blob hash byte ${offset}`);
    }
    for (let row = 0; row < input.outcomes.length; row += 1) {
      const outcomes = input.outcomes.map((bit, index) => (index === row ? 1 - bit : bit) as 0 | 1);
      await refused({ ...input, outcomes }, `outcome ${row}`);
    }
  });

  test('each balance after, each deposit consumed, each count of bets', async () => {
    const { input } = plan();
    for (const [index, run] of input.runs.entries()) {
      const withRun = (change: Partial<typeof run>) => ({
        ...input,
        runs: input.runs.map((entry, position) => (position === index ? { ...entry, ...change } : entry)),
      });
      for (const bit of [0n, 31n, 32n, 36n]) await refused(withRun({ after: run.after ^ (1n << bit) }), `after of run ${index}`);
      await refused(withRun({ consume: run.consume + 1n }), `deposit of run ${index}`);
      await refused(withRun({ consume: 0n }), `deposit of run ${index} left out`);
      await refused(withRun({ betCount: run.betCount + 1 }), `bets of run ${index}`);
    }
  });

  test('a vault left out, added, or exchanged for another', async () => {
    const { input } = plan();
    await refused({ ...input, runs: input.runs.slice(0, 2), outcomes: input.outcomes.slice(0, 3) }, 'left out');
    await refused({ ...input, runs: [...input.runs.slice(0, 2)], outcomes: input.outcomes.slice(0, 3) }, 'left out');
    const {
      batch,
      input: two,
      maxVaults,
    } = planBatch(stage.chain, stage.house, {
      runs: stage.vaults.slice(0, 2).map((vault) => ({ vault })),
    });
    const exchanged = two.runs.map((run, index) => ({ ...run, vault: stage.vaults[index + 1]!.address }));
    await refused({ ...two, runs: exchanged }, 'exchanged');
    await refused({ ...two, runs: [...two.runs, { ...two.runs[1]!, vault: stage.vaults[2]!.address }] }, 'added');
    assert.ok(batch.runs.length < maxVaults);
  });

  test('what the accounts say: terms, batch number, key hash, account id, last bet, balance', async () => {
    const { input } = plan();
    const instruction = await settleBatch(input);
    const [, , terms, , vault] = instruction.accounts;
    const forgeries: [string, NonNullable<typeof vault>['address'], number, ArrayLike<number>][] = [
      ['vrfCommitment', terms!.address, 48 + 31, [0]],
      ['profitBps', terms!.address, 80, [1]],
      ['accountId', vault!.address, 80 + 31, [0]],
      ['sessionKeyHash', vault!.address, 112 + 31, [0]],
      ['balance', vault!.address, 208, u64(1n)],
      ['lastBet', vault!.address, 248, u64(1n)],
    ];
    for (const [what, address, offset, bytes] of forgeries) {
      const outcome = await stage.chain.withForged(address, forged(offset, bytes), () => stage.send(instruction));
      assert.equal(outcome.error, 'INVALID_PROOF', what);
    }
    const next = { ...input, batchNumber: input.batchNumber + 1n };
    const lastBatch = forged(304, u64(input.batchNumber));
    const later = await stage.chain.withForged(stage.house.address, lastBatch, () => send(next));
    assert.equal(later.error, 'INVALID_PROOF', 'batch number');
  });
});

test('a batch replayed, or proven before a deposit was consumed elsewhere, is refused', async () => {
  const { input } = plan();
  const instruction = await settleBatch(input);
  await stage.chain.land([instruction]);
  assert.equal((await stage.send(instruction)).error, 'WRONG_BATCH_NUMBER');
  const renumbered = { ...input, batchNumber: input.batchNumber + 1n };
  assert.equal((await send(renumbered)).error, 'INVALID_PROOF');
  assert.equal(readHouse(stage.chain, stage.house).lastBatch, input.batchNumber);
});
