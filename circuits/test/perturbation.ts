import { FIELD_ORDER, reduce } from '../../protocol/field.ts';
import { evaluate, occurrences, type R1cs } from './r1cs.ts';

/** A wire that can be altered alone without breaking a constraint. */
export interface Survivor {
  wire: number;
  altered: bigint;
}

/**
 * Alters each wire of a witness but the constant, one at a time: plus one, negated, one minus it, and plus seven, which no bit stands. Returns what no constraint
 * notices, and which constraints noticed something.
 */
export function perturb(r1cs: R1cs, wires: readonly bigint[]): { survivors: Survivor[]; broken: Set<number> } {
  const parts = r1cs.constraints.map(({ a, b, c }) => [a, b, c] as const);
  const values = parts.map((three) => three.map((part) => evaluate(part, wires)));
  const survivors: Survivor[] = [];
  const broken = new Set<number>();
  for (const [wire, touched] of occurrences(r1cs).entries()) {
    if (wire === 0) continue;
    const value = wires[wire]!;
    const slopes = touched.map((index) => parts[index]!.map((part) => coefficientOf(part, wire)));
    for (const altered of new Set([reduce(value + 1n), reduce(-value), reduce(1n - value), reduce(value + 7n)])) {
      if (altered === value) continue;
      let noticed = false;
      for (const [position, index] of touched.entries()) {
        const [a, b, c] = values[index]!.map((before, part) => before + slopes[position]![part]! * (altered - value));
        if ((a! * b! - c!) % FIELD_ORDER === 0n) continue;
        noticed = true;
        broken.add(index);
      }
      if (!noticed) survivors.push({ wire, altered });
    }
  }
  return { survivors, broken };
}

function coefficientOf({ wires, coefficients }: { wires: number[]; coefficients: bigint[] }, wire: number): bigint {
  const term = wires.indexOf(wire);
  return term < 0 ? 0n : coefficients[term]!;
}
