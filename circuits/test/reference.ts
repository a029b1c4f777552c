import { sessionKeyHashOf } from '../../protocol/account.ts';
import { isOnCurve, type Point } from '../../protocol/babyjubjub.ts';
import { verifyEddsa } from '../../protocol/eddsa.ts';
import { FIELD_ORDER, legendre } from '../../protocol/field.ts';
import { poseidon } from '../../protocol/kernel.ts';
import { outcomeValue, serverSeedOf, vaultKeyOf, vrfCommitmentOf } from '../../protocol/outcome.ts';
import type { CircuitSize } from '../artifacts.ts';
import type { WitnessInput } from '../witness-input.ts';

/** What the statement says of inputs: the public input they lead to, or the first rule they break. */
export type Verdict = { accepted: true; publicInput: bigint } | { accepted: false; reason: string };

class Refusal extends Error {}

function require(holds: boolean, reason: string): void {
  if (!holds) throw new Refusal(reason);
}

function requireBits({ value, bits, name }: { value: bigint; bits: number; name: string }): void {
  require(value >> BigInt(bits) === 0n, `${name} does not fit ${bits} bits`);
}

/**
 * The statement of protocol section 6 in plain TypeScript, written from the text and not from the circuit: the circuit accepts
 * inputs iff this does. Inputs are canonical field elements in lists of the circuit's lengths.
 */
export function checkStatement(input: WitnessInput, size: CircuitSize): Verdict {
  try {
    return { accepted: true, publicInput: hashFields(publicFieldsOf(input, size)) };
  } catch (error) {
    if (error instanceof Refusal) return { accepted: false, reason: error.message };
    throw error;
  }
}

function publicFieldsOf(input: WitnessInput, size: CircuitSize): bigint[] {
  requireBits({ value: input.batchNumber, bits: 64, name: 'batchNumber' });
  requireBits({ value: input.termsId, bits: 32, name: 'termsId' });
  requireBits({ value: input.profitBps, bits: 32, name: 'profitBps' });
  const header = input.batchNumber + (input.termsId << 64n) + (input.profitBps << 96n);
  const slots: bigint[] = [];
  let outcomes = 0n;
  let row = 0;
  for (let slot = 0; slot < size.maxVaults; slot += 1) {
    const betCount = at(input.betCount, slot);
    requireBits({ value: betCount, bits: 16, name: 'betCount' });
    requirePoints(input, slot);
    if (betCount === 0n) {
      slots.push(...unusedSlot(input, slot));
      continue;
    }
    require(slot === 0 || at(input.betCount, slot - 1) !== 0n, 'a used slot follows an unused one');
    require(BigInt(row) + betCount <= BigInt(size.maxBets), 'more bets than rows');
    const end = row + Number(betCount);
    slots.push(...usedSlot(input, { slot, row, end }));
    row = end;
  }
  require(row > 0, 'no bet');
  for (let index = 0; index < size.maxBets; index += 1) {
    if (index >= row) requireUnusedRow(input, index);
    outcomes |= at(input.outcome, index) << BigInt(index);
  }
  const [high, low] = input.blobHash;
  return [header, vrfCommitmentOf(input.k), high ?? 0n, low ?? 0n, outcomes, ...slots];
}

/** Asked of every slot: points on the curve, S in 253 bits. */
function requirePoints(input: WitnessInput, slot: number): void {
  require(isOnCurve(pointAt(input.sessionKey, slot)), 'A is off the curve');
  require(isOnCurve(pointAt(input.signatureR8, slot)), 'R8 is off the curve');
  requireBits({ value: at(input.signatureS, slot), bits: 253, name: 'S' });
}

function unusedSlot(input: WitnessInput, slot: number): bigint[] {
  for (const name of ['accountId', 'start', 'firstBet'] as const) {
    require(at(input[name], slot) === 0n, `${name} of an unused slot is not zero`);
  }
  return [0n, 0n, 0n];
}

/** Plays the run in rows `row` to `end` (exclusive) and checks it; the slot's three public fields. */
function usedSlot(input: WitnessInput, { slot, row, end }: { slot: number; row: number; end: number }): bigint[] {
  const accountId = at(input.accountId, slot);
  const start = at(input.start, slot);
  const firstBet = at(input.firstBet, slot);
  const betCount = BigInt(end - row);
  requireBits({ value: start, bits: 64, name: 'start' });
  requireBits({ value: firstBet, bits: 64, name: 'firstBet' });
  requireBits({ value: firstBet + betCount - 1n, bits: 64, name: 'last bet number' });
  const vaultKey = vaultKeyOf({ k: input.k, accountId });
  let balance = start;
  let head = at(input.headBefore, slot);
  for (let index = row; index < end; index += 1) {
    const betNumber = firstBet + BigInt(index - row);
    const played = playRow(input, { index, betNumber, head, balance, accountId, vaultKey });
    head = played.head;
    balance = played.balance;
  }
  require(balance >= 0n, 'after is negative');
  requireBits({ value: balance, bits: 64, name: 'after' });
  const publicKey = pointAt(input.sessionKey, slot);
  const signature = { r8: pointAt(input.signatureR8, slot), s: at(input.signatureS, slot) };
  require(verifyEddsa({ publicKey, signature, message: head }), 'the signature does not verify');
  const packed = start + (balance << 64n) + (firstBet << 128n) + (betCount << 192n);
  return [accountId, sessionKeyHashOf(publicKey), packed];
}

interface RowState {
  index: number;
  betNumber: bigint;
  head: bigint;
  balance: bigint;
  accountId: bigint;
  vaultKey: bigint;
}

function playRow(input: WitnessInput, state: RowState): { head: bigint; balance: bigint } {
  const { index, betNumber, accountId, vaultKey } = state;
  const stakeUnits = at(input.stakeUnits, index);
  const choice = at(input.choice, index);
  requireBits({ value: stakeUnits, bits: 40, name: 'stakeUnits' });
  require(stakeUnits > 0n, 'stakeUnits is zero');
  require(choice === 0n || choice === 1n, 'choice is neither tails nor heads');
  const remaining = state.balance - 10_000n * stakeUnits;
  require(remaining >= 0n, 'the balance does not cover the stake');
  requireBits({ value: remaining, bits: 64, name: 'balance after the stake' });
  const packed = stakeUnits + (choice << 40n) + (betNumber << 56n) + (input.termsId << 120n);
  const head = poseidon([state.head, packed, at(input.clientSeed, index), accountId]);
  const y = outcomeValue({ serverSeed: serverSeedOf({ vaultKey, betNumber }), head });
  require(y !== 0n, 'y is zero');
  const outcome = legendre(y) === 1 ? 1n : 0n;
  require(at(input.outcome, index) === outcome, 'the outcome is not that of k');
  const square = (outcome === 1n ? y : 5n * y) % FIELD_ORDER;
  require(at(input.root, index) ** 2n % FIELD_ORDER === square, 'root is no root');
  const delta = outcome === choice ? stakeUnits * input.profitBps : -10_000n * stakeUnits;
  return { head, balance: state.balance + delta };
}

function requireUnusedRow(input: WitnessInput, index: number): void {
  require(at(input.stakeUnits, index) === 0n, 'an unused row has a stake');
  require(at(input.choice, index) <= 1n, 'choice is neither tails nor heads');
  require(at(input.outcome, index) === 0n, 'an unused row has an outcome');
  const root = at(input.root, index);
  require(root === 5n || root === FIELD_ORDER - 5n, 'root of an unused row is no root of 25');
}

function hashFields(fields: bigint[]): bigint {
  let state = poseidon([1n]);
  for (let offset = 0; offset < fields.length; offset += 11) {
    state = poseidon([state, ...Array.from({ length: 11 }, (_, index) => fields[offset + index] ?? 0n)]);
  }
  return state;
}

function pointAt(points: bigint[][], slot: number): Point {
  const [x, y] = at(points, slot);
  return { x: x ?? 0n, y: y ?? 0n };
}

function at<Value>(list: Value[], index: number): Value {
  const value = list[index];
  if (value === undefined) throw new Error(`an input list ends before index ${index}`);
  return value;
}
