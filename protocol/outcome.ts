import type { CoinSide } from './bet.ts';
import { ProtocolError } from './errors.ts';
import { FIELD_ORDER } from './field.ts';
import { legendreSymbol, poseidon } from './kernel.ts';

/** What the terms commit to: `P1(k)`, k the operator's secret. */
export function vrfCommitmentOf(k: bigint): bigint {
  return poseidon([k]);
}

/** One vault's key: `P2(k, accountId)`. It makes the seeds of that vault alone. */
export function vaultKeyOf({ k, accountId }: { k: bigint; accountId: bigint }): bigint {
  return poseidon([k, accountId]);
}

/** `serverSeed_n = P2(vaultKey, n)`: fixed by k before the bettor signs, unknown to the bettor until the answer. */
export function serverSeedOf({ vaultKey, betNumber }: { vaultKey: bigint; betNumber: bigint }): bigint {
  return poseidon([vaultKey, betNumber]);
}

/** The value whose quadratic character decides bet n: `serverSeed_n + head_n mod r`. */
export function outcomeValue({ serverSeed, head }: { serverSeed: bigint; head: bigint }): bigint {
  return (serverSeed + head) % FIELD_ORDER;
}

/**
 * Heads (1) iff `serverSeed + head` is a non-zero square mod r. A zero, which no one can bring about and no proof can settle, is
 * refused (`BAD_VALUE`).
 */
export function outcomeOf(input: { serverSeed: bigint; head: bigint }): CoinSide {
  const symbol = legendreSymbol(outcomeValue(input));
  if (symbol === 0) throw new ProtocolError('BAD_VALUE', 'the outcome value is zero');
  return symbol === 1 ? 1 : 0;
}
