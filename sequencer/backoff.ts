/**
 * How long to wait after so many failures in a row, from 1: twice as long after each, up to a limit, with full jitter on its upper half.
 * `random` in [0, 1).
 */
export function backoffMs(failures: number, limits: { firstMs: number; mostMs: number; random: number }): number {
  const ceilingMs = Math.min(limits.mostMs, limits.firstMs * 2 ** (failures - 1));
  return ceilingMs / 2 + (limits.random * ceilingMs) / 2;
}
