import type { Address } from '@solana/kit';
import { type PublicBatch, publicInput } from '../../protocol/batch.ts';
import { decodeHouse, decodeVault, type SettleRun, settleBatch } from '../client/index.ts';
import type { TestChain } from './chain.ts';
import { simulateProof } from './trapdoor.ts';
import { KEY_SIZES, PROFIT_BPS, program, type TestHouse, VRF_COMMITMENT } from './world.ts';

/** A run to settle: how many bets, and what they come to together. */
export interface RunPlan {
  vault: { address: Address };
  betCount?: number;
  delta?: bigint;
  consume?: bigint;
  pay?: boolean;
  keySlot?: 0 | 1;
}

export type SettleInput = Parameters<typeof settleBatch>[0];

/** What a plan leads to: the public data that is proven, and the instruction's input. */
export interface SimulatedBatch {
  batch: PublicBatch;
  maxVaults: number;
  input: SettleInput;
}

/** Alternating outcomes, starting with heads: what the bits are does not matter to the program, that they are bound does. */
const outcomesOf = (count: number): (0 | 1)[] => Array.from({ length: count }, (_, row) => (row % 2 === 0 ? 1 : 0));

/** The batch that an honest sequencer would settle, read off the chain, with a simulated proof. */
export function planBatch(
  chain: TestChain,
  house: TestHouse,
  { runs, keyId = 1, termsId = 1 }: { runs: RunPlan[]; keyId?: number; termsId?: number },
): SimulatedBatch {
  const size = KEY_SIZES.find(({ id }) => id === keyId);
  if (size === undefined) throw new Error(`no verifying key ${keyId}`);
  const state = decodeHouse(chain.account(house.address).data);
  const planned = runs.map((plan) => {
    const vault = decodeVault(chain.account(plan.vault.address).data);
    const { betCount = 1, delta = 0n, consume = 0n, pay = false, keySlot = 0 } = plan;
    const start = vault.balance + consume;
    const run: SettleRun = { vault: plan.vault.address, keySlot, betCount, after: start + delta, consume, pay };
    const { accountId, lastBet } = vault;
    const sessionKeyHash = vault.keys[keySlot].hash;
    return { run, public: { accountId, sessionKeyHash, start, after: start + delta, firstBet: lastBet + 1n, betCount } };
  });
  const batch: PublicBatch = {
    batchNumber: state.lastBatch + 1n,
    termsId,
    profitBps: PROFIT_BPS,
    vrfCommitment: VRF_COMMITMENT,
    blobHash: new Uint8Array(32).fill(Number((state.lastBatch + 1n) & 0xffn)),
    outcomes: outcomesOf(planned.reduce((sum, { run }) => sum + run.betCount, 0)),
    runs: planned.map((entry) => entry.public),
  };
  const { maxBets, maxVaults } = size;
  const input: SettleInput = {
    program,
    settler: house.settler,
    house: house.address,
    leaderEpoch: state.leaderEpoch,
    leaderNonce: state.leaderNonce,
    termsId,
    verifyingKeyId: keyId,
    maxBets,
    batchNumber: batch.batchNumber,
    blobHash: batch.blobHash,
    proof: simulateProof(publicInput(batch, maxVaults)),
    outcomes: batch.outcomes,
    runs: planned.map(({ run }) => run),
  };
  return { batch, maxVaults, input };
}

/** As `planBatch`, straight to the instruction. */
export function settlement(chain: TestChain, house: TestHouse, plan: Parameters<typeof planBatch>[2]) {
  return settleBatch(planBatch(chain, house, plan).input);
}
