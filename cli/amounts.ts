import { InvalidArgumentError } from 'commander';

/** Lamports of one SOL. */
const LAMPORTS = 1_000_000_000n;
/** More SOL than one types on purpose: lamports without their unit are taken for SOL else. */
const MOST_BARE_SOL = 1_000_000n;

/**
 * An amount as people type it, in lamports. A number is SOL, as in the Solana tools: `1.5`, `1.5SOL`; `1500000000lamports` says so.
 * Throws commander's `InvalidArgumentError`.
 */
export function amountOf(text: string): bigint {
  const match = /^([0-9]{1,20})(?:\.([0-9]{1,9}))? ?(sol|lamports?)?$/i.exec(text);
  const [, whole = '', fraction = '', unit = ''] = match ?? [];
  const inLamports = unit.toLowerCase().startsWith('lamport');
  if (!match || (inLamports && fraction !== '')) {
    throw new InvalidArgumentError('an amount is 1.5 or 1.5SOL, at most 9 decimals, or 1500000000lamports');
  }
  if (unit === '' && BigInt(whole) >= MOST_BARE_SOL) {
    throw new InvalidArgumentError(`a number is SOL: write ${whole}lamports, or ${whole}SOL if that is what you mean`);
  }
  const amount = inLamports ? BigInt(whole) : BigInt(whole) * LAMPORTS + BigInt(fraction.padEnd(9, '0'));
  if (amount === 0n) throw new InvalidArgumentError('an amount is more than nothing');
  if (amount >= 1n << 64n) throw new InvalidArgumentError('no chain has so many lamports');
  return amount;
}

/** Lamports as SOL alone, without needless zeros. */
export function inSol(lamports: bigint): string {
  const [sign, size] = lamports < 0n ? ['-', -lamports] : ['', lamports];
  const fraction = (size % LAMPORTS).toString().padStart(9, '0').replace(/0+$/, '');
  return `${sign}${size / LAMPORTS}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Lamports for people: both units. */
export const money = (lamports: bigint): string => `${inSol(lamports)} SOL (${lamports} lamports)`;
