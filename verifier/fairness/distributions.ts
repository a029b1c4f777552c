import jstat from 'jstat';

/** The two functions taken of jstat, which ships no types. */
interface JStat {
  /** ln Γ(a), a > 0. */
  gammaln(a: number): number;
  /** The lower regularized incomplete gamma function P(a, x). */
  lowRegGamma(a: number, x: number): number;
}
const { gammaln, lowRegGamma } = jstat as JStat;

/** Where the continued fraction is near enough, and the terms after which a broken argument must have shown. */
const PRECISION = 1e-15;
const MOST_TERMS = 100_000;
const TINY = 1e-300;

/**
 * The chance that a chi-square variable of `degrees` degrees of freedom is `value` or more: Q(degrees / 2, value / 2). To nine digits in
 * the tail as well, where one minus jstat's own distribution function has none left (below 1e-16 it is zero).
 */
export function chiSquareTail(value: number, degrees: number): number {
  if (!(value >= 0 && degrees > 0)) throw new RangeError(`no chi-square value of ${degrees} degrees of freedom is ${value}`);
  if (value === 0) return 1;
  const [a, x] = [degrees / 2, value / 2];
  return x < a + 1 ? Math.max(0, 1 - lowRegGamma(a, x)) : gammaTail(a, x);
}

/** The chance that a standard normal variable is at least as far from zero as `z`, on either side. */
export function normalTails(z: number): number {
  return chiSquareTail(z * z, 1);
}

/** Q(a, x) for x >= a + 1 by its continued fraction, evaluated as Lentz does (DLMF 8.9.2). */
function gammaTail(a: number, x: number): number {
  let b = x + 1 - a;
  let c = 1 / TINY;
  let d = 1 / b;
  let fraction = d;
  for (let term = 1; term <= MOST_TERMS; term += 1) {
    const numerator = -term * (term - a);
    b += 2;
    d = 1 / nonZero(numerator * d + b);
    c = nonZero(b + numerator / c);
    fraction *= c * d;
    if (Math.abs(c * d - 1) < PRECISION) return Math.min(1, Math.exp(a * Math.log(x) - x - gammaln(a)) * fraction);
  }
  throw new RangeError(`the tail at ${x} of a gamma variable of shape ${a} does not converge`);
}

function nonZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}
