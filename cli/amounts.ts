const LAMPORTS_PER_SOL = 1_000_000_000n;
/** More SOL than this there can not be: a u64 of lamports. */
const MAX_LAMPORTS = 2n ** 64n - 1n;

/** An amount as the commands show it: in SOL, and in lamports as the chain counts it. */
export function solAndLamports(lamports: bigint): string {
  return `${solOf(lamports)} SOL (${lamports} lamports)`;
}

/** In SOL, exactly, without zeros at the end. */
export function solOf(lamports: bigint): string {
  const sign = lamports < 0n ? '-' : '';
  const absolute = lamports < 0n ? -lamports : lamports;
  const fraction = String(absolute % LAMPORTS_PER_SOL)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${sign}${absolute / LAMPORTS_PER_SOL}${fraction && `.${fraction}`}`;
}

/** Lamports of an amount in SOL, `1.5`; undefined if it is none, has more than nine decimals, or is more than a u64. */
export function lamportsOfSol(text: string): bigint | undefined {
  const parts = /^(0|[1-9][0-9]{0,10})(?:\.([0-9]{1,9}))?$/.exec(text);
  if (!parts) return undefined;
  const lamports = BigInt(parts[1] as string) * LAMPORTS_PER_SOL + BigInt((parts[2] ?? '').padEnd(9, '0'));
  return lamports > MAX_LAMPORTS ? undefined : lamports;
}
