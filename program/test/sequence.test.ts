import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  claim,
  deposit,
  fundHouse,
  payHouseWithdrawal,
  requestHouseWithdrawal,
  requestWithdrawal,
  setPaused,
  settleTransfers,
} from '../client/index.ts';
import { LAMPORTS_PER_SOL } from './chain.ts';
import { settlement } from './settlement.ts';
import { CHANGE_DELAY_SLOTS, EXIT_DELAY_SLOTS, LEADER, makeWorld, program, readHouse, readVault, type World } from './world.ts';

/**
 * Any order of instructions keeps the books that a plain model keeps. Would catch an instruction that forgets a part of the state, and,
 * with the invariants that every transaction is checked for, lamports that appear or vanish.
 */
interface Part {
  /** 0 to 2. */
  vault: number;
  /** Of what could be consumed, in 1/255. */
  consume: number;
  /** Of what could be lost (below 128) or of 2 SOL to be won (from 128 on). */
  luck: number;
  bets: number;
  pay: boolean;
}
type Step =
  | { kind: 'deposit' | 'request'; vault: number; amount: bigint }
  | { kind: 'fund'; amount: bigint }
  | { kind: 'claim'; vault: number }
  | { kind: 'ask'; amount: bigint }
  | { kind: 'take' }
  | { kind: 'pause'; paused: boolean }
  | { kind: 'wait'; slots: bigint }
  | { kind: 'batch' | 'transfers'; parts: Part[] };

interface Account {
  balance: bigint;
  pending: bigint;
  claimable: bigint;
  request: bigint;
  lastBet: bigint;
}

const SOL = LAMPORTS_PER_SOL;
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);

const vault = fc.integer({ min: 0, max: 2 });
const amount = fc.bigInt(1n, 9n * SOL);
const byte = fc.integer({ min: 0, max: 255 });
const part = fc.record({ vault, consume: byte, luck: byte, bets: fc.integer({ min: 1, max: 5 }), pay: fc.boolean() });
const parts = fc.uniqueArray(part, { selector: (entry) => entry.vault, minLength: 1, maxLength: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom('deposit' as const, 'request' as const), vault, amount }),
  fc.record({ kind: fc.constant('fund' as const), amount }),
  fc.record({ kind: fc.constant('claim' as const), vault }),
  fc.record({ kind: fc.constant('ask' as const), amount: fc.bigInt(0n, 90n * SOL) }),
  fc.record({ kind: fc.constant('take' as const) }),
  fc.record({ kind: fc.constant('pause' as const), paused: fc.boolean() }),
  fc.record({ kind: fc.constant('wait' as const), slots: fc.bigInt(1n, 2n * CHANGE_DELAY_SLOTS) }),
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('batch' as const, 'transfers' as const), parts }) },
);

class Model {
  house = 100n * SOL;
  batches = 0n;
  transfers = 0n;
  paused = false;
  /** What the house asked for, and the first slot in which it is paid. */
  asked = { amount: 0n, from: 0n };
  readonly accounts: Account[] = [0, 1, 2].map(() => ({
    balance: 0n,
    pending: 5n * SOL,
    claimable: 0n,
    request: 0n,
    lastBet: 0n,
  }));

  at(index: number): Account {
    return this.accounts[index] ?? assert.fail();
  }

  consumable(entry: Part): bigint {
    return (this.at(entry.vault).pending * BigInt(entry.consume)) / 255n;
  }

  deltaOf(entry: Part): bigint {
    const start = this.at(entry.vault).balance + this.consumable(entry);
    return entry.luck < 128 ? -(start * BigInt(entry.luck)) / 127n : (2n * SOL * BigInt(entry.luck - 127)) / 128n;
  }

  /** Why the house is not paid in the slot, if it is not. */
  refusalToPay(slot: bigint): string | undefined {
    const { amount, from } = this.asked;
    if (amount === 0n) return 'EMPTY_HOUSE_REQUEST';
    if (slot < from) return 'INACTIVE_HOUSE_REQUEST';
    if (slot > from + EXIT_DELAY_SLOTS) return 'STALE_HOUSE_REQUEST';
    return this.house === 0n ? 'ZERO_PAYMENT' : undefined;
  }

  settle(entry: Part, delta: bigint): void {
    const account = this.at(entry.vault);
    const consume = this.consumable(entry);
    account.pending -= consume;
    account.balance += consume + delta;
    this.house -= delta;
    if (!entry.pay) return;
    const paid = min(account.request, account.balance + account.pending);
    const fromBalance = min(paid, account.balance);
    account.balance -= fromBalance;
    account.pending -= paid - fromBalance;
    account.claimable += paid;
    account.request = 0n;
  }
}

async function run(world: World, model: Model, next: Step): Promise<void> {
  const { chain, house, vaults } = world;
  const at = { program, house: house.address, mint: house.mint };
  const vaultAt = (index: number) => vaults[index] ?? assert.fail();
  switch (next.kind) {
    case 'deposit': {
      const { owner } = vaultAt(next.vault);
      const outcome = await chain.send([await deposit({ ...at, payer: owner, owner: owner.address, amount: next.amount })]);
      assert.equal(outcome.error, model.paused ? 'PAUSED_HOUSE' : undefined);
      if (outcome.error === undefined) model.at(next.vault).pending += next.amount;
      return;
    }
    case 'request': {
      const outcome = await chain.send([
        await requestWithdrawal({ ...at, owner: vaultAt(next.vault).owner, amount: next.amount }),
      ]);
      assert.equal(outcome.error, model.at(next.vault).request > 0n ? 'EXISTING_REQUEST' : undefined);
      if (outcome.error === undefined) model.at(next.vault).request = next.amount;
      return;
    }
    case 'fund':
      await chain.land([await fundHouse({ ...at, payer: house.creator, amount: next.amount })]);
      model.house += next.amount;
      return;
    case 'claim': {
      const outcome = await chain.send([await claim({ ...at, owner: vaultAt(next.vault).owner.address })]);
      assert.equal(outcome.error, model.at(next.vault).claimable === 0n ? 'ZERO_CLAIMABLE' : undefined);
      model.at(next.vault).claimable = 0n;
      return;
    }
    case 'pause':
      await chain.land([setPaused({ ...at, authority: house.authority, paused: next.paused })]);
      model.paused = next.paused;
      return;
    case 'wait':
      chain.svm.warpToSlot(chain.slot + next.slots);
      return;
    case 'ask':
    case 'take':
      return operate(world, model, next);
    case 'batch':
    case 'transfers':
      return settle(world, model, next);
  }
}

/** The house asks for bankroll, or takes what it asked for. */
async function operate({ chain, house }: World, model: Model, next: Step & { kind: 'ask' | 'take' }): Promise<void> {
  const at = { program, house: house.address, mint: house.mint, authority: house.authority };
  if (next.kind === 'ask') {
    const { error } = await chain.send([requestHouseWithdrawal({ ...at, amount: next.amount })]);
    assert.equal(error, next.amount === 0n && model.asked.amount === 0n ? 'EMPTY_HOUSE_REQUEST' : undefined);
    if (error === undefined) {
      model.asked = { amount: next.amount, from: next.amount === 0n ? 0n : chain.slot + CHANGE_DELAY_SLOTS };
    }
    return;
  }
  const { error } = await chain.send([await payHouseWithdrawal(at)]);
  assert.equal(error, model.refusalToPay(chain.slot));
  if (error !== undefined) return;
  model.house -= min(model.asked.amount, model.house);
  model.asked = { amount: 0n, from: 0n };
}

async function settle({ chain, house, vaults }: World, model: Model, { kind, parts }: Step & { parts: Part[] }): Promise<void> {
  const ordered = parts.toSorted((a, b) => a.vault - b.vault);
  const plans = ordered.map((entry) => ({
    vault: vaults[entry.vault] ?? assert.fail(),
    betCount: entry.bets,
    delta: model.deltaOf(entry),
    consume: model.consumable(entry),
    pay: entry.pay,
  }));
  if (kind === 'batch') {
    const { error } = await chain.send([await settlement(chain, house, { runs: plans })]);
    const won = ordered.reduce((sum, entry) => sum + model.deltaOf(entry), 0n);
    assert.equal(error, won > model.house ? 'INSUFFICIENT_HOUSE_BALANCE' : undefined);
    if (error !== undefined) return;
    model.batches += 1n;
    for (const entry of ordered) {
      model.settle(entry, model.deltaOf(entry));
      model.at(entry.vault).lastBet += BigInt(entry.bets);
    }
    return;
  }
  const transfers = plans.map((plan) => ({ vault: plan.vault.address, consume: plan.consume, pay: plan.pay }));
  const { settler, address } = house;
  const names = { program, settler, house: address, ...LEADER };
  await chain.land([settleTransfers({ ...names, transferNumber: model.transfers + 1n, transfers })]);
  model.transfers += 1n;
  for (const entry of ordered) model.settle(entry, 0n);
}

for (const money of ['lamports', 'tokens'] as const) {
  test(`any sequence of instructions keeps the books of the model, in ${money}`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 40 }), async (steps) => {
        const world = await makeWorld(3, money === 'tokens');
        const model = new Model();
        for (const next of steps) await run(world, model, next);
        compare(world, model);
      }),
      { numRuns: 12 },
    );
  });
}

function compare({ chain, house, vaults }: World, model: Model): void {
  const { balance, lastBatch, lastTransfer, paused, requestAmount: amount, requestSlot: from } = readHouse(chain, house);
  assert.deepEqual(
    { balance, lastBatch, lastTransfer, paused, asked: { amount, from } },
    { balance: model.house, lastBatch: model.batches, lastTransfer: model.transfers, paused: model.paused, asked: model.asked },
  );
  const accounts = vaults.map((entry): Account => {
    const { balance: settled, pendingDeposit: pending, claimable, requestAmount: request, lastBet } = readVault(chain, entry);
    return { balance: settled, pending, claimable, request, lastBet };
  });
  assert.deepEqual(accounts, model.accounts);
}
