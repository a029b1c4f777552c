import { STAKE_UNIT } from '../../../../protocol/constants.ts';
import { LAMPORTS_PER_SOL, SOL_DECIMALS, solFraction } from '../../format.ts';

const SOL_TEXT = /^(\d{1,9})(?:\.(\d{1,9}))?$/;

/** A stake is so many lamports, or a multiple. */
export const STAKE_STEP = STAKE_UNIT;

/** `0.05` as lamports, exactly; undefined for anything but digits and one point. */
export function lamportsOf(text: string): bigint | undefined {
  const match = SOL_TEXT.exec(text.trim().replace(',', '.'));
  if (!match) return undefined;
  return BigInt(match[1] as string) * LAMPORTS_PER_SOL + BigInt((match[2] ?? '').padEnd(SOL_DECIMALS, '0'));
}

/** Lamports as what `lamportsOf` reads: no grouping. */
export function solText(lamports: bigint): string {
  return `${lamports / LAMPORTS_PER_SOL}${solFraction(lamports)}`;
}

/** Why this can not be staked; undefined if it can. */
export function wrongStake(
  stake: bigint | undefined,
  { balance, maxStake }: { balance: bigint | undefined; maxStake: bigint | undefined },
): string | undefined {
  if (stake === undefined) return 'Enter an amount of SOL, such as 0.05.';
  if (stake === 0n) return 'A stake is more than nothing.';
  if (stake % STAKE_STEP !== 0n) return `Stakes go in steps of ${solText(STAKE_STEP)} SOL.`;
  if (maxStake !== undefined && stake > maxStake) return `The house takes at most ${solText(maxStake)} SOL in one bet.`;
  if (balance !== undefined && stake > balance) return `More than the ${solText(balance)} SOL that can be staked.`;
  return undefined;
}

/** Half or twice a stake, in whole steps, at least one and at most what the house takes. */
export function scaled(stake: bigint, by: 'half' | 'double', maxStake: bigint | undefined): bigint {
  const wanted = by === 'half' ? stake / 2n : stake * 2n;
  const whole = wanted - (wanted % STAKE_STEP);
  if (whole < STAKE_STEP) return STAKE_STEP;
  return maxStake !== undefined && whole > maxStake ? maxStake : whole;
}
