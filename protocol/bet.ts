import { BASIS_POINTS, STAKE_UNIT, STAKE_UNITS_LIMIT } from './constants.ts';
import { ProtocolError } from './errors.ts';
import { poseidon } from './kernel.ts';
import { pack } from './pack.ts';

/** 0 tails, 1 heads. */
export type CoinSide = 0 | 1;

/** What a bettor chooses in one bet. */
export interface Bet {
  /** In [1, 2^40); a stake unit is 10,000 base units. */
  stakeUnits: bigint;
  choice: CoinSide;
  /** A field element. */
  clientSeed: bigint;
}

/** The fields of a bet in one field element. `betNumber` counts from 1 in each vault. */
export function betPack(bet: { stakeUnits: bigint; choice: number; game: number; betNumber: bigint; termsId: number }): bigint {
  return pack([
    { name: 'stakeUnits', value: bet.stakeUnits, bits: 40 },
    { name: 'choice', value: BigInt(bet.choice), bits: 8 },
    { name: 'game', value: BigInt(bet.game), bits: 8 },
    { name: 'betNumber', value: bet.betNumber, bits: 64 },
    { name: 'termsId', value: BigInt(bet.termsId), bits: 32 },
  ]);
}

/** The bettor's hash chain: `head_n = P4(head_{n-1}, betPack_n, clientSeed_n, accountId)`, with `head_0 = accountId`. */
export function nextHead(input: { headBefore: bigint; packed: bigint; clientSeed: bigint; accountId: bigint }): bigint {
  return poseidon([input.headBefore, input.packed, input.clientSeed, input.accountId]);
}

/** What a bet adds to the balance, in base units: `stakeUnits * profitBps` for a win, minus the stake for a loss. */
export function deltaOf(input: { stakeUnits: bigint; won: boolean; profitBps: number }): bigint {
  return input.won ? input.stakeUnits * BigInt(input.profitBps) : -input.stakeUnits * STAKE_UNIT;
}

/** What a bet pays back, stake included, in base units; 0 for a loss. */
export function payoutOf(input: { stakeUnits: bigint; won: boolean; profitBps: number }): bigint {
  return input.won ? input.stakeUnits * (BASIS_POINTS + BigInt(input.profitBps)) : 0n;
}

/** Stake units of an amount in base units; `BAD_VALUE` unless it is a multiple of 10,000 within range. */
export function stakeUnitsOf(amount: bigint): bigint {
  const stakeUnits = amount / STAKE_UNIT;
  if (amount % STAKE_UNIT !== 0n || stakeUnits < 1n || stakeUnits >= STAKE_UNITS_LIMIT) {
    throw new ProtocolError(
      'BAD_VALUE',
      `a stake is a multiple of ${STAKE_UNIT} base units, at least one and below 2^40 of them`,
    );
  }
  return stakeUnits;
}
