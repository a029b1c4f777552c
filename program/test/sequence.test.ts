import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  challenge,
  claim,
  deposit,
  escalateChallenge,
  forceExit,
  fundHouse,
  payHouseWithdrawal,
  requestHouseWithdrawal,
  requestWithdrawal,
  rotateSessionKey,
  setPaused,
  settleTransfers,
} from '../client/index.ts';
import { LAMPORTS_PER_SOL } from './chain.ts';
import { type Account, Model, type Part } from './model.ts';
import { receiptFor } from './receipts.ts';
import { settlement } from './settlement.ts';
import { CHANGE_DELAY_SLOTS, EXIT_DELAY_SLOTS, LEADER, makeWorld, program, readHouse, readVault, type World } from './world.ts';

/**
 * Any order of instructions keeps the books that a plain model keeps, and is refused where the model says. Would catch an instruction
 * that forgets a part of the state, and, with the invariants that every transaction is checked for, lamports that appear or vanish.
 */
type Step =
  | { kind: 'deposit' | 'request'; vault: number; amount: bigint }
  | { kind: 'fund'; amount: bigint }
  | { kind: 'claim' | 'exit' | 'rotate' | 'escalate'; vault: number }
  | { kind: 'challenge'; vault: number; ahead: bigint; promise: bigint }
  | { kind: 'ask'; amount: bigint }
  | { kind: 'take' }
  | { kind: 'pause'; paused: boolean }
  | { kind: 'wait'; slots: bigint }
  | { kind: 'batch' | 'transfers'; parts: Part[] };

const SOL = LAMPORTS_PER_SOL;

const vault = fc.integer({ min: 0, max: 2 });
const amount = fc.bigInt(1n, 9n * SOL);
const byte = fc.integer({ min: 0, max: 255 });
const bets = fc.integer({ min: 1, max: 5 });
const part = fc.record({
  vault,
  consume: byte,
  luck: byte,
  bets,
  pay: fc.nat(3).map((value) => value === 0),
  late: fc.boolean(),
});
const parts = fc.uniqueArray(part, { selector: (entry) => entry.vault, minLength: 1, maxLength: 3 });
const delays = fc.constantFrom(1n, EXIT_DELAY_SLOTS, EXIT_DELAY_SLOTS + 1n, CHANGE_DELAY_SLOTS);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('deposit' as const, 'request' as const), vault, amount }) },
  fc.record({ kind: fc.constant('fund' as const), amount }),
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('claim' as const, 'exit' as const, 'rotate' as const, 'escalate' as const),
      vault,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('challenge' as const),
      vault,
      ahead: fc.bigInt(0n, 6n),
      promise: fc.bigInt(0n, 20n * SOL),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('ask' as const), amount: fc.bigInt(0n, 120n * SOL) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('take' as const) }) },
  fc.record({ kind: fc.constant('pause' as const), paused: fc.boolean() }),
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      slots: fc.oneof(delays, fc.bigInt(1n, 2n * CHANGE_DELAY_SLOTS)),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('batch' as const, 'transfers' as const), parts }) },
);

/** In the end each owner leaves, whatever came before; then the house may take all that is left. */
const LEAVE: Step[] = [
  ...[0, 1, 2].map((vault) => ({ kind: 'request' as const, vault, amount: 1n })),
  { kind: 'wait', slots: EXIT_DELAY_SLOTS + 1n },
  ...[0, 1, 2].flatMap((vault) => [
    { kind: 'exit' as const, vault },
    { kind: 'claim' as const, vault },
  ]),
  { kind: 'fund', amount: 1n }, // it may have lost everything
  { kind: 'ask', amount: 10_000n * SOL },
  { kind: 'wait', slots: CHANGE_DELAY_SLOTS },
  { kind: 'take' },
];

async function run(world: World, model: Model, next: Step): Promise<void> {
  const { chain, house, vaults } = world;
  const { authority } = house;
  const at = { program, house: house.address, mint: house.mint };
  const vaultAt = (index: number) => vaults[index] ?? assert.fail();
  const ownerAt = (index: number) => vaultAt(index).owner;
  const check = async (instructions: Parameters<typeof chain.send>[0], expected: string | undefined) =>
    assert.equal((await chain.send(instructions)).error, expected, next.kind);
  switch (next.kind) {
    case 'deposit': {
      const owner = ownerAt(next.vault);
      const instruction = await deposit({ ...at, payer: owner, owner: owner.address, amount: next.amount });
      return check([instruction], model.deposit(next.vault, next.amount));
    }
    case 'request': {
      const instruction = await requestWithdrawal({ ...at, owner: ownerAt(next.vault), amount: next.amount });
      return check([instruction], model.request(next.vault, next.amount));
    }
    case 'fund':
      model.house += next.amount;
      return check([await fundHouse({ ...at, payer: house.creator, amount: next.amount })], undefined);
    case 'claim':
      return check([await claim({ ...at, owner: ownerAt(next.vault).address })], model.claim(next.vault));
    case 'exit':
      return check([await forceExit({ ...at, owner: ownerAt(next.vault) })], model.exit(next.vault));
    case 'rotate': {
      const sessionKeyHash = 1_000_000n + model.slot; // no vault has it already: a second rotation needs a wait
      const instruction = await rotateSessionKey({ ...at, owner: ownerAt(next.vault), sessionKeyHash, from: model.slot });
      return check([instruction], model.rotate(next.vault, sessionKeyHash));
    }
    case 'challenge': {
      const bet = model.at(next.vault).lastBet + next.ahead;
      const receipt = receiptFor(house, vaultAt(next.vault), { betNumber: bet, balanceAfter: next.promise });
      const instruction = await challenge({ ...at, owner: ownerAt(next.vault) });
      return check([receipt, instruction], model.challenge(next.vault, { bet, promise: next.promise }));
    }
    case 'escalate':
      return check([escalateChallenge({ ...at, vault: vaultAt(next.vault).address })], model.escalate(next.vault));
    case 'ask':
      return check([requestHouseWithdrawal({ ...at, authority, amount: next.amount })], model.ask(next.amount));
    case 'take':
      return check([await payHouseWithdrawal({ ...at, authority })], model.take());
    case 'pause':
      model.paused = next.paused;
      return check([setPaused({ ...at, authority, paused: next.paused })], undefined);
    case 'wait':
      model.slot += next.slots;
      chain.svm.warpToSlot(model.slot);
      return;
    case 'batch':
    case 'transfers':
      return settle(world, model, next);
  }
}

async function settle({ chain, house, vaults }: World, model: Model, { kind, parts }: Step & { parts: Part[] }): Promise<void> {
  const ordered = parts.toSorted((a, b) => a.vault - b.vault);
  const plans = ordered.map((entry) => ({
    vault: vaults[entry.vault] ?? assert.fail(),
    betCount: entry.bets,
    delta: model.deltaOf(entry),
    consume: model.consumable(entry),
    pay: entry.pay,
    keySlot: model.keySlot(entry.vault, entry.late),
  }));
  const transfers = plans.map((plan) => ({ vault: plan.vault.address, consume: plan.consume, pay: plan.pay }));
  const { settler, address } = house;
  const names = { program, settler, house: address, ...LEADER };
  const isBatch = kind === 'batch';
  const instruction = isBatch
    ? await settlement(chain, house, { runs: plans })
    : settleTransfers({ ...names, transferNumber: model.transfers + 1n, transfers });
  assert.equal((await chain.send([instruction])).error, model.settle(ordered, { isBatch }), kind);
}

function assertSame({ chain, house, vaults }: World, model: Model): void {
  const { balance, lastBatch, lastTransfer, liabilities, reserved, overdue, paused, ...others } = readHouse(chain, house);
  const { requestAmount: amount, requestSlot: from } = others;
  assert.deepEqual([balance, lastBatch, lastTransfer], [model.house, model.batches, model.transfers]);
  assert.deepEqual([liabilities, reserved, overdue], [model.liabilities, model.reserved, model.overdue]);
  assert.deepEqual([paused, { amount, from }], [model.paused, model.asked]);
  const accounts = vaults.map((entry): Account => {
    const { balance, pendingDeposit: pending, claimable, lastBet, frozen, keys, ...rest } = readVault(chain, entry);
    const { requestAmount: request, requestDeadline: deadline } = rest;
    const challenge = {
      bet: rest.challengeBet,
      reserved: rest.challengeReserved,
      slot: rest.challengeSlot,
      overdue: rest.challengeOverdue,
      promised: rest.challengePromised,
      covered: rest.challengeCovered,
    };
    return { balance, pending, claimable, request, deadline, lastBet, frozen, keys, challenge };
  });
  assert.deepEqual(accounts, model.accounts);
}

for (const money of ['lamports', 'tokens'] as const) {
  test(`any sequence of instructions keeps the books of the model, in ${money}`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 60 }), async (steps) => {
        const world = await makeWorld(3, money === 'tokens');
        const hashes = world.vaults.map((entry) => readVault(world.chain, entry).keys[0].hash);
        const model = new Model(world.chain.slot, hashes);
        for (const next of [...steps, ...LEAVE]) {
          await run(world, model, next);
          assertSame(world, model);
        }
        assert.equal(model.liabilities, 0n);
      }),
      { numRuns: 12 },
    );
  });
}
