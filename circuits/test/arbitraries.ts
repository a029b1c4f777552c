import fc from 'fast-check';
import type { CoinSide } from '../../protocol/bet.ts';
import { FIELD_ORDER } from '../../protocol/field.ts';
import type { CircuitSize } from '../artifacts.ts';
import type { WitnessInput } from '../witness-input.ts';
import { copyInput, repairAll, repairOutcomes, type TestBatch } from './batches.ts';

function integer({ bits, likely }: { bits: number; likely: bigint[] }): fc.Arbitrary<bigint> {
  const max = (1n << BigInt(bits)) - 1n;
  return fc.oneof({ arbitrary: fc.bigInt({ min: 0n, max }), weight: 2 }, fc.constantFrom(0n, 1n, max, ...likely));
}

const fieldElement = fc.oneof(
  { arbitrary: fc.bigInt({ min: 0n, max: FIELD_ORDER - 1n }), weight: 3 },
  fc.constantFrom(0n, 1n, FIELD_ORDER - 1n),
);

const bet = fc.record({
  stakeUnits: fc.oneof({ arbitrary: fc.bigInt({ min: 1n, max: 1_000_000n }), weight: 6 }, fc.constantFrom(1n, (1n << 40n) - 1n)),
  choice: fc.constantFrom<CoinSide>(0, 1),
  clientSeed: fieldElement,
});

const run = fc.record({
  accountId: fieldElement,
  start: fc.oneof(
    { arbitrary: fc.constantFrom(10n ** 11n, 10n ** 17n), weight: 6 },
    integer({ bits: 64, likely: [10_000n, 9_999n] }),
  ),
  firstBet: fc.oneof({ arbitrary: fc.constantFrom(1n, 200n), weight: 3 }, integer({ bits: 64, likely: [(1n << 64n) - 2n] })),
  headBefore: fieldElement,
});

/** Batches that fit the size; their lanes are in range, but balances may not cover the stakes and bet numbers may run out. */
export function batches({ maxBets, maxVaults }: CircuitSize): fc.Arbitrary<TestBatch> {
  return fc.array(run, { minLength: 1, maxLength: maxVaults }).chain((runs) => {
    const most = Math.floor(maxBets / runs.length);
    const bets = fc.array(bet, { minLength: 1, maxLength: most });
    return fc.record({
      batchNumber: integer({ bits: 64, likely: [] }),
      termsId: integer({ bits: 32, likely: [3n] }).map(Number),
      profitBps: integer({ bits: 32, likely: [9800n] }).map(Number),
      k: fieldElement,
      runs: fc.tuple(...runs.map((one) => bets.map((list) => ({ ...one, bets: list })))),
    });
  });
}

/** How far the forger goes to hide an alteration: not at all, with fresh outcomes, or with the bettors' signatures too. */
type Repair = 'none' | 'outcomes' | 'all';

export interface Mutation {
  signal: keyof WitnessInput;
  position: number;
  change: (value: bigint) => bigint;
  how: string;
  repair: Repair;
}

const SIGNALS: (keyof WitnessInput)[] = [
  ...(['batchNumber', 'termsId', 'profitBps', 'blobHash', 'k', 'accountId', 'start', 'firstBet', 'betCount'] as const),
  ...(['headBefore', 'sessionKey', 'signatureR8', 'signatureS', 'stakeUnits', 'choice', 'clientSeed'] as const),
  ...(['outcome', 'root'] as const),
];

const CHANGES: [string, (value: bigint) => bigint][] = [
  ['+1', (value) => value + 1n],
  ['-1', (value) => value - 1n],
  ['negated', (value) => -value],
  ['0', () => 0n],
  ['1', () => 1n],
  ['2^40', () => 1n << 40n],
  ['+2^64', (value) => value + (1n << 64n)],
  ['2^64 - 1', () => (1n << 64n) - 1n],
  ['*2', (value) => value * 2n],
];

/** One altered input value, at any position, with any amount of repair. */
export const mutations: fc.Arbitrary<Mutation> = fc
  .record({
    signal: fc.constantFrom(...SIGNALS),
    position: fc.nat(200),
    index: fc.nat(CHANGES.length - 1),
    repair: fc.constantFrom<Repair>('none', 'outcomes', 'all'),
  })
  .map(({ signal, position, index, repair }) => {
    const [how, change] = CHANGES[index]!;
    return { signal, position, change, how, repair };
  });

/** The input with the mutation done; the value changed may be any of the signal's. */
export function mutate(original: WitnessInput, mutation: Mutation, size: CircuitSize): WitnessInput {
  const input = copyInput(original);
  const { signal, position, change, repair } = mutation;
  const altered = (value: bigint) => ((change(value) % FIELD_ORDER) + FIELD_ORDER) % FIELD_ORDER;
  const alterIn = (list: bigint[]) => {
    const index = position % list.length;
    list[index] = altered(list[index]!);
  };
  const holder: Record<string, bigint | bigint[] | bigint[][]> = input as unknown as Record<string, bigint[]>;
  const value = holder[signal]!;
  if (typeof value === 'bigint') holder[signal] = altered(value);
  else if (typeof value[0] === 'bigint') alterIn(value as bigint[]);
  else alterIn((value as bigint[][])[position % value.length]!);
  if (repair === 'outcomes') repairOutcomes(input, size);
  if (repair === 'all') repairAll(input, size);
  return input;
}
