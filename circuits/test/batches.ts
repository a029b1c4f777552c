import { multiplyBase8 } from '../../protocol/babyjubjub.ts';
import type { BatchStatement, Run } from '../../protocol/batch.ts';
import { playRun } from '../../protocol/batch.ts';
import type { Bet, CoinSide } from '../../protocol/bet.ts';
import { type SigningKey, signEddsa } from '../../protocol/eddsa.ts';
import { legendre, reduce } from '../../protocol/field.ts';
import { poseidon } from '../../protocol/kernel.ts';
import { outcomeValue, serverSeedOf, vaultKeyOf } from '../../protocol/outcome.ts';
import type { CircuitSize } from '../artifacts.ts';
import type { SignalValues } from '../witness.ts';
import { rootOf, type WitnessInput } from '../witness-input.ts';

/** A session key for tests; `id` from 1. */
export function sessionKey(id: number): SigningKey {
  const scalar = 0x1234567890abcdefn * BigInt(id) + 7n;
  return { scalar, publicKey: multiplyBase8(scalar), nonceKey: new Uint8Array(32).fill(id & 0xff) };
}

/** The key of slot `slot` in every test batch. */
export function keyOfSlot(slot: number): SigningKey {
  return sessionKey(slot + 1);
}

export interface TestRun {
  accountId: bigint;
  start: bigint;
  firstBet: bigint;
  headBefore: bigint;
  bets: Bet[];
}

export interface TestBatch {
  batchNumber: bigint;
  termsId: number;
  profitBps: number;
  k: bigint;
  runs: TestRun[];
}

/** Signs each run with its slot's key. */
export function statementOf(batch: TestBatch): BatchStatement {
  const { k, termsId, profitBps } = batch;
  const runs = batch.runs.map((run, slot): Run => {
    const key = keyOfSlot(slot);
    const vaultKey = vaultKeyOf({ k, accountId: run.accountId });
    const { bets } = playRun({ run, vaultKey, termsId, profitBps });
    const signature = signEddsa(key, bets.at(-1)!.head);
    return { ...run, vault: new Uint8Array(32).fill(slot + 1), sessionKey: key.publicKey, signature };
  });
  return { ...batch, blobHash: new Uint8Array(32).fill(0xc5), runs };
}

/** A plain batch: `counts[j]` bets in slot j, stakes and choices by position, balances that cover all. */
export function plainBatch(counts: number[], changes: Partial<TestBatch> = {}): TestBatch {
  const runs = counts.map((count, slot): TestRun => {
    const accountId = poseidon([1000n + BigInt(slot)]);
    const bets = Array.from({ length: count }, (_, index): Bet => {
      const tag = BigInt(100 * slot + index);
      return { stakeUnits: 5n + tag, choice: (index & 1) as CoinSide, clientSeed: poseidon([tag]) };
    });
    return { accountId, start: 1_000_000_000n, firstBet: 7n, headBefore: poseidon([accountId]), bets };
  });
  return { batchNumber: 42n, termsId: 3, profitBps: 9800, k: poseidon([77n]), runs, ...changes };
}

export function copyInput(input: WitnessInput): WitnessInput {
  return structuredClone(input);
}

/** An input as the witness calculator takes it. */
export function signalsOf(input: WitnessInput): SignalValues {
  return { ...input };
}

/** An input as the solver takes it, by full signal name, with the ends of the runs as RowsOfSlots hints them. */
export function fixedSignals(input: WitnessInput): Map<string, bigint> {
  const fixed = new Map<string, bigint>();
  const add = (name: string, value: bigint | bigint[] | bigint[][]): void => {
    if (typeof value === 'bigint') fixed.set(name, value);
    else for (const [index, element] of value.entries()) add(`${name}[${index}]`, element);
  };
  for (const [name, value] of Object.entries(input)) add(`main.${name}`, value);
  let end = 0n;
  for (const [slot, count] of input.betCount.entries()) {
    end += count;
    const isEnd = input.stakeUnits.map((_, row) => (end === BigInt(row + 1) ? 1n : 0n));
    add(`main.rows.isEnd[${slot}]`, isEnd);
  }
  return fixed;
}

/** Slot of each row, as the input's bet counts have it. */
function slotsOfRows(input: WitnessInput, size: CircuitSize): (number | undefined)[] {
  const slots: (number | undefined)[] = [];
  for (const [slot, count] of input.betCount.entries()) {
    for (let index = 0n; index < count && slots.length < size.maxBets; index += 1n) slots.push(slot);
  }
  while (slots.length < size.maxBets) slots.push(undefined);
  return slots;
}

/**
 * Sets outcomes and roots to what the circuit wants for the input's bets, however wrong those are: what a prover that alters an
 * input would do. Returns the last head of each slot.
 */
export function repairOutcomes(input: WitnessInput, size: CircuitSize): bigint[] {
  const heads = [...input.headBefore];
  const played = input.betCount.map(() => 0n);
  for (const [row, slot] of slotsOfRows(input, size).entries()) {
    if (slot === undefined) {
      input.outcome[row] = 0n;
      input.root[row] = 5n;
      continue;
    }
    const betNumber = reduce(input.firstBet[slot]! + played[slot]!);
    played[slot]! += 1n;
    const accountId = input.accountId[slot]!;
    const packed = input.stakeUnits[row]! + (input.choice[row]! << 40n) + (betNumber << 56n) + (input.termsId << 120n);
    const head = poseidon([heads[slot]!, reduce(packed), input.clientSeed[row]!, accountId]);
    heads[slot] = head;
    const y = outcomeValue({ serverSeed: serverSeedOf({ vaultKey: vaultKeyOf({ k: input.k, accountId }), betNumber }), head });
    const outcome = legendre(y) === 1 ? 1n : 0n;
    input.outcome[row] = outcome;
    input.root[row] = rootOf({ y, outcome });
  }
  return heads;
}

/** Outcomes, roots and then signatures by each slot's own key: a bettor who plays along. */
export function repairAll(input: WitnessInput, size: CircuitSize): void {
  const heads = repairOutcomes(input, size);
  for (const [slot, head] of heads.entries()) {
    if (input.betCount[slot] !== 0n) signSlot(input, { slot, key: keyOfSlot(slot), head });
  }
}

/** Puts a key's signature on `head` into a slot; the slot's session key stays. */
export function signSlot(input: WitnessInput, { slot, key, head }: { slot: number; key: SigningKey; head: bigint }): void {
  const { r8, s } = signEddsa(key, head);
  input.signatureR8[slot] = [r8.x, r8.y];
  input.signatureS[slot] = s;
}
