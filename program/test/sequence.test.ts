import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { claim, deposit, fundHouse, requestWithdrawal, settleTransfers } from '../client/index.ts';
import { LAMPORTS_PER_SOL } from './chain.ts';
import { settlement } from './settlement.ts';
import { LEADER, makeWorld, program, readHouse, readVault, type World } from './world.ts';

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
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('batch' as const, 'transfers' as const), parts }) },
);

class Model {
  house = 100n * SOL;
  batches = 0n;
  transfers = 0n;
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
  const at = { program, house: house.address };
  const vaultAt = (index: number) => vaults[index] ?? assert.fail();
  switch (next.kind) {
    case 'deposit': {
      const { owner } = vaultAt(next.vault);
      await chain.land([await deposit({ ...at, payer: owner, owner: owner.address, amount: next.amount })]);
      model.at(next.vault).pending += next.amount;
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
  }));
  if (kind === 'batch') {
    await chain.land([await settlement(chain, house, { runs: plans })]);
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

test('any sequence of instructions keeps the books of the model', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 40 }), async (steps) => {
      const world = await makeWorld(3);
      const model = new Model();
      for (const next of steps) await run(world, model, next);
      const house = readHouse(world.chain, world.house);
      assert.deepEqual([house.balance, house.lastBatch, house.lastTransfer], [model.house, model.batches, model.transfers]);
      const accounts = world.vaults.map((entry): Account => {
        const { balance, pendingDeposit: pending, claimable, requestAmount: request, lastBet } = readVault(world.chain, entry);
        return { balance, pending, claimable, request, lastBet };
      });
      assert.deepEqual(accounts, model.accounts);
    }),
    { numRuns: 12 },
  );
});
