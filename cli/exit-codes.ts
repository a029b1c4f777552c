/** What commands that other programs read end with, beside 0: everything is as it should be. */

/** Something was found: a difference, a divergence, a damaged file. */
export const EXIT_FINDING = 1;
/** Bad usage, or something that cannot be read: no finding. */
export const EXIT_USAGE = 2;
/** EX_TEMPFAIL: no answer, or not enough yet; trying again later may help. */
export const EXIT_AGAIN = 75;

/** For commander's `exitOverride`: its own code for bad usage is that of a finding. */
export function endOnUsage(error: { exitCode: number }): never {
  process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE);
}
