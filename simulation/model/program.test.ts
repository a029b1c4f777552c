import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Address } from '@solana/kit';
import {
  advanceEpoch,
  type CasinoInstruction,
  claim,
  deposit,
  forceExit,
  fundHouse,
  requestWithdrawal,
  settleBatch,
  settleTransfers,
} from '../../program/client/index.ts';
import { LAMPORTS_PER_SOL } from '../../program/test/chain.ts';
import { simulateProof } from '../../program/test/trapdoor.ts';
import {
  EXIT_DELAY_SLOTS,
  KEY_SIZES,
  makeWorld,
  PROFIT_BPS,
  program,
  readHouse,
  readVault,
  VRF_COMMITMENT,
  type World,
} from '../../program/test/world.ts';
import { publicInput } from '../../protocol/batch.ts';
import { addressBytes } from '../../sequencer/ledger/addresses.ts';
import type { RunRecord } from '../../sequencer/ledger/records.ts';
import { Random } from '../random.ts';
import type { BatchOrder, ModelInstruction } from './instructions.ts';
import { execute, type ModelConfig } from './program.ts';
import { imbalance, type ModelState, type ModelVault } from './state.ts';

/**
 * Holds the simulation's model against the real program: the same random instructions, right and wrong ones, must give the same accounts
 * or the same error from both. Without this the simulation would prove something about the model alone.
 */
const SOL = LAMPORTS_PER_SOL;
const SEQUENCES = 4;
const STEPS = 90;
const TERMS = { profitBps: PROFIT_BPS, vrfCommitment: VRF_COMMITMENT };

/** What the real accounts say, in the model's words. */
function read({ chain, house, vaults }: World): ModelState {
  const { balance, liabilities, lastBatch, lastBlobHash, lastTransfer, leaderEpoch, leaderNonce, exitDelaySlots } = readHouse(
    chain,
    house,
  );
  const escrow = chain.lamportsOf(house.escrow) - chain.svm.minimumBalanceForRentExemption(0n);
  const shown = vaults.map(({ address }): [Address, ModelVault] => {
    const { owner, accountId, frozen, lastTerms, keys, ...money } = readVault(chain, { address });
    const { balance: own, pendingDeposit, claimable, requestAmount, requestDeadline, lastBet } = money;
    const amounts = { balance: own, pendingDeposit, claimable, requestAmount, requestDeadline, lastBet };
    return [address, { address, owner, accountId, frozen, lastTerms, keys, ...amounts }];
  });
  const counters = { lastBatch, lastBlobHash, lastTransfer, leaderEpoch, leaderNonce, exitDelaySlots };
  return { house: { balance, liabilities, escrow, ...counters }, vaults: new Map(shown) };
}

/** One random instruction for the model; wrong in some way now and then. */
class Draw {
  readonly #random: Random;
  readonly #state: ModelState;
  /** What the drawn batch's proof shows. */
  provenInput = 0n;

  constructor(random: Random, state: ModelState) {
    this.#random = random;
    this.#state = state;
  }

  instruction(): ModelInstruction {
    const random = this.#random;
    const vault = random.pick([...this.#state.vaults.keys()]);
    const amount = random.chance(0.05) ? 0n : (SOL * BigInt(random.between(1, 900))) / 100n;
    const { leaderEpoch, lastTransfer } = this.#state.house;
    switch (random.between(0, 9)) {
      case 0:
        return { kind: 'deposit', vault, amount: amount + 1n };
      case 1:
        return { kind: 'request', vault, amount };
      case 2:
        return { kind: 'claim', vault };
      case 3:
        return { kind: 'exit', vault };
      case 4:
        return { kind: 'fund', amount: amount + 1n };
      case 5: {
        const from = leaderEpoch + this.#slip(1n);
        return { kind: 'advance', from, to: from + random.pick([1n, 1n, 5n, 0n, 65_537n]), nonce: random.pick([0n, 3n, 4n, 5n]) };
      }
      case 6:
      case 7: {
        const transfers = this.#some().map((one) => ({
          vault: one.address,
          consume: this.#consume(one),
          pay: random.chance(0.5),
        }));
        return { kind: 'transfers', transferNumber: lastTransfer + 1n + this.#slip(1n), transfers, ...this.#leader() };
      }
      default:
        return { kind: 'batch', batch: this.#batch() };
    }
  }

  /** Seldom something else than nothing. */
  #slip(by: bigint): bigint {
    return this.#random.chance(0.06) ? by : 0n;
  }

  #leader() {
    const { leaderEpoch, leaderNonce } = this.#state.house;
    return { leaderEpoch: leaderEpoch + this.#slip(1n), leaderNonce: leaderNonce + this.#slip(1n) };
  }

  #some(): ModelVault[] {
    const vaults = [...this.#state.vaults.values()].filter(() => this.#random.chance(0.6));
    return vaults.length > 0 ? vaults : [...this.#state.vaults.values()].slice(0, 1);
  }

  #consume({ pendingDeposit }: ModelVault): bigint {
    return (pendingDeposit * BigInt(this.#random.between(0, 4))) / 4n + this.#slip(1n);
  }

  #batch(): BatchOrder {
    const random = this.#random;
    const size = random.pick(KEY_SIZES);
    const batchNumber = this.#state.house.lastBatch + 1n + this.#slip(1n);
    const vaults = this.#some();
    const runs = vaults.map((vault, slot): RunRecord => {
      const consume = this.#consume(vault);
      const start = vault.balance + consume;
      const won = random.chance(0.04) ? 100_000n * SOL : (2n * SOL * BigInt(random.between(0, 100))) / 100n;
      const after = random.chance(0.5) ? start + won : (start * BigInt(random.between(0, 100))) / 100n;
      const run = { slot, vault: addressBytes(vault.address), start, consume, after, firstBet: vault.lastBet + 1n };
      const keySlot = random.chance(0.04) ? 1 : 0;
      return { ...run, betCount: random.between(1, 4), keySlot, payRequest: random.chance(0.3) };
    });
    const outcomes = runs.flatMap(({ betCount }): (0 | 1)[] =>
      Array.from({ length: betCount }, () => (random.chance(0.5) ? 1 : 0)),
    );
    // The client refuses more outcomes than the circuit has rows; the program is to refuse the runs.
    outcomes.splice(size.maxBets);
    const blobHash = new Uint8Array(32).fill(random.between(0, 255));
    this.provenInput =
      this.#inputOf({ batchNumber, blobHash, outcomes, runs, maxVaults: size.maxVaults, vaults }) + this.#slip(1n);
    const names = { vkId: size.id, batchNumber, termsId: 1, blobHash, maxBets: size.maxBets, outcomes, runs };
    return { ...names, proof: simulateProof(this.provenInput), ...this.#leader() };
  }

  #inputOf(input: {
    batchNumber: bigint;
    blobHash: Uint8Array;
    outcomes: (0 | 1)[];
    runs: RunRecord[];
    maxVaults: number;
    vaults: ModelVault[];
  }): bigint {
    const { maxVaults, vaults, ...batch } = input;
    if (batch.runs.length > maxVaults) return 1n;
    const runs = batch.runs.map((run, index) => {
      const { accountId, keys } = vaults[index] as ModelVault;
      return { ...run, accountId, sessionKeyHash: keys[run.keySlot].hash };
    });
    return publicInput({ ...batch, ...TERMS, termsId: 1, runs }, maxVaults);
  }
}

/** The same instruction for the real program. */
async function real({ chain, house, vaults }: World, instruction: ModelInstruction): Promise<CasinoInstruction> {
  const at = { program, house: house.address };
  const { settler } = house;
  const ownerOf = (vault: Address) => {
    const found = vaults.find(({ address }) => address === vault);
    assert.ok(found);
    return found.owner;
  };
  switch (instruction.kind) {
    case 'deposit':
      return deposit({ ...at, payer: chain.feePayer, owner: ownerOf(instruction.vault).address, amount: instruction.amount });
    case 'request':
      return requestWithdrawal({ ...at, owner: ownerOf(instruction.vault), amount: instruction.amount });
    case 'claim':
      return claim({ ...at, owner: ownerOf(instruction.vault).address });
    case 'exit':
      return forceExit({ ...at, owner: ownerOf(instruction.vault) });
    case 'fund':
      return fundHouse({ ...at, payer: chain.feePayer, amount: instruction.amount });
    case 'advance':
      return advanceEpoch({ ...at, leader: settler, ...instruction });
    case 'transfers':
      return settleTransfers({ ...at, settler, ...instruction });
    case 'batch': {
      const { vkId: verifyingKeyId, runs, ...batch } = instruction.batch;
      const named = runs.map((run, index) => ({ ...run, vault: addressAt(vaults, runs, index), pay: run.payRequest }));
      return settleBatch({ ...at, settler, verifyingKeyId, ...batch, runs: named });
    }
  }
}

function addressAt(vaults: World['vaults'], runs: readonly RunRecord[], index: number): Address {
  const found = vaults.find(({ address }) => Buffer.from(addressBytes(address)).equals((runs[index] as RunRecord).vault));
  assert.ok(found);
  return found.address;
}

test('random instructions give the same accounts and the same errors from the model and from the program', async () => {
  const errors = new Map<string, number>();
  for (let sequence = 1; sequence <= SEQUENCES; sequence += 1) {
    const random = new Random(sequence);
    const world = await makeWorld(3);
    let model = read(world);
    for (let step = 0; step < STEPS; step += 1) {
      if (random.chance(0.1)) world.chain.svm.warpToSlot(world.chain.slot + EXIT_DELAY_SLOTS / 2n);
      const draw = new Draw(random, model);
      const instruction = draw.instruction();
      const config: ModelConfig = {
        terms: new Map([[1, TERMS]]),
        keys: new Map(KEY_SIZES.map((size) => [size.id, size])),
        verify: (_, input) => input === draw.provenInput,
      };
      const expected = execute(model, { instruction, slot: world.chain.slot, config });
      const outcome = await world.chain.send([await real(world, instruction)]);
      const where = `sequence ${sequence}, step ${step}, ${instruction.kind}`;
      assert.equal(outcome.error, expected.failure, where);
      if (expected.failure === undefined) model = expected.state;
      assert.deepEqual(read(world), model, where);
      assert.equal(imbalance(model), undefined, where);
      const name = expected.failure ?? `${instruction.kind} lands`;
      errors.set(name, (errors.get(name) ?? 0) + 1);
    }
  }
  const seen = ['batch lands', 'transfers lands', 'exit lands', 'INVALID_PROOF', 'WRONG_BATCH_NUMBER', 'FROZEN_VAULT'];
  for (const name of seen) assert.ok(errors.has(name), `${name} never came up: ${JSON.stringify([...errors])}`);
});
