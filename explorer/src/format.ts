export const LAMPORTS_PER_SOL = 1_000_000_000n;
export const SOL_DECIMALS = 9;

/** What stands after the whole SOL of an amount that is not negative, the point included; nothing if it is whole. */
export function solFraction(lamports: bigint): string {
  const digits = (lamports % LAMPORTS_PER_SOL).toString().padStart(SOL_DECIMALS, '0').replace(/0+$/, '');
  return digits ? `.${digits}` : '';
}

/** `1234500000` as `1.2345`: lamports in SOL, exactly. */
export function sol(lamports: string | bigint): string {
  const value = BigInt(lamports);
  const size = value < 0n ? -value : value;
  const whole = grouped(size / LAMPORTS_PER_SOL);
  return `${value < 0n ? '−' : ''}${whole}${solFraction(size)}`;
}

/** SOL with at most three digits after the point, the rest cut off: where there is no room for more. */
export function roughSol(lamports: string | bigint): string {
  const unit = 1_000_000n;
  return sol((BigInt(lamports) / unit) * unit);
}

/** Digits in groups of three: `1234567` as `1,234,567`. */
export function grouped(value: string | bigint | number): string {
  return BigInt(value).toLocaleString('en-GB');
}

/** The two ends of something long: enough to tell two apart. */
export function shortened(text: string, { head = 6, tail = 4 } = {}): string {
  return text.length <= head + tail + 1 ? text : `${text.slice(0, head)}…${text.slice(-tail)}`;
}

/** A length of time, to two or three digits. */
export function duration(durationMs: number): string {
  const ms = Math.max(0, durationMs);
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(2)} s`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`;
  return `${Math.floor(ms / 3_600_000)} h ${Math.round((ms % 3_600_000) / 60_000)} min`;
}

/** How long ago, in words: `just now`, `12 s ago`, `3 h ago`. */
export function ago(timeMs: number, nowMs: number): string {
  const seconds = Math.floor((nowMs - timeMs) / 1_000);
  if (seconds < 2) return 'just now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** A time for machines; undefined for what no date can be. */
export function isoTime(timeMs: number): string | undefined {
  const date = new Date(timeMs);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** Date and time to the millisecond, in the reader's zone. */
export function exactTime(timeMs: number): string {
  return new Date(timeMs).toLocaleString('en-GB', {
    year: 'numeric',
    month: 'short',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
    timeZoneName: 'short',
  });
}

/** A share of one as a percentage with a digit after the point. */
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
