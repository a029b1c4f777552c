import type { CoinSide } from '../../protocol/bet.ts';
import { chiSquareTail, normalTails } from './distributions.ts';

/** A settled bet as the statistics see it; `vault` is any name that no other vault has. */
export interface ObservedBet {
  vault: string;
  outcome: CoinSide;
  choice: CoinSide;
  stakeUnits: bigint;
}

/** What one test says: a p-value, or that there were too few bets for one. */
export type TestResult = Tested | Untested;

interface Named {
  /** Stable, for programs. */
  name: string;
  /** What holds of a fair coin, in words. */
  claim: string;
  /** Bets that entered the statistic. */
  bets: number;
}

export interface Tested extends Named {
  kind: 'z' | 'chi-square' | 'length';
  statistic: number;
  /** Of a chi-square. */
  degrees: number | undefined;
  /** The chance that a fair coin shows a statistic as far off as this one. */
  p: number;
  /** What was seen, in a sentence. */
  seen: string;
}

export interface Untested extends Named {
  p: undefined;
  /** What is missing, in a sentence. */
  missing: string;
}

/** One statistic over bets in order, in memory that does not grow with them. */
export interface FairnessTest {
  add(bet: ObservedBet): void;
  result(): TestResult;
}

export function zResult(named: Named & { z: number; seen: string }): Tested {
  const { z, ...rest } = named;
  return { ...rest, kind: 'z', statistic: z, degrees: undefined, p: normalTails(z) };
}

export function chiSquareResult(named: Named & { value: number; degrees: number; seen: string }): Tested {
  const { value, degrees, ...rest } = named;
  return { ...rest, kind: 'chi-square', statistic: value, degrees, p: chiSquareTail(value, degrees) };
}

export function untested(named: Named & { missing: string }): Untested {
  return { ...named, p: undefined };
}

/** Whether half of the bets are of one kind, `hits` of them here: NIST SP 800-22, 2.1. `called` names the kind. */
export function halfResult(counted: Named & { leastBets: number; hits: number; called: string }): TestResult {
  const { leastBets, hits, called, ...named } = counted;
  const { bets } = named;
  if (bets < leastBets) return untested({ ...named, missing: `needs ${leastBets} bets` });
  return zResult({ ...named, z: (2 * hits - bets) / Math.sqrt(bets), seen: `${percent(hits, bets)} ${called}` });
}

/** A share of a whole as people read it. */
export function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(3)} %`;
}
