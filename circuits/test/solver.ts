import { FIELD_ORDER, reduce } from '../../protocol/field.ts';
import { type Constraint, evaluate, type LinearCombination, occurrences, type R1cs } from './r1cs.ts';
import type { PlainCircuit } from './symbols.ts';

/** `=== ` statements that only check: nothing is derived from them, else the solver would reason back from the wanted result. */
const CHECKS: RegExp[][] = [
  [/\.flip\.root$/, /\.flip\.square$/],
  [/\.(isz|isZero|compConstant)\.out$/, /\.enabled$/],
  [/\.isEmpty\.out$/, /\.(packed|accountId)$/],
  [/\.slot\[\d+\]\.isUsed$/, /\.slot\[\d+\]\.isUsed$/],
];

/** How a wire gets its value from wires before it. */
interface Step {
  wires: number[];
  /** The constraint to solve, or, if `inverseOf` is set, none. */
  constraint: number;
  inverseOf?: number;
}

type Values = (bigint | undefined)[];

/**
 * What a prover who ignores circom's own checks can do: set any signals, and let the others follow in the circuit's order. So an
 * altered signal meets consistent hints everywhere behind it, and what breaks in the end is what really stands in its way.
 * The order is found once, from a sample: each step solves a constraint with one unknown wire, or takes a number apart into bits.
 */
export class Solver {
  readonly #circuit: PlainCircuit;
  readonly #r1cs: R1cs;
  readonly #occurrences: number[][];
  readonly #wireOf: Map<string, number>;
  readonly #plan: Step[];

  /** `sample`: all inputs of a batch that uses every slot and row, by full signal name. */
  constructor(circuit: PlainCircuit, sample: ReadonlyMap<string, bigint>) {
    this.#circuit = circuit;
    this.#r1cs = circuit.r1cs;
    this.#occurrences = occurrences(circuit.r1cs);
    this.#wireOf = new Map(circuit.names.map((name, wire) => [name, wire]));
    this.#plan = new Planner({
      circuit,
      occurrences: this.#occurrences,
      wireOf: this.#wireOf,
    }).plan(this.#start(sample));
  }

  /** Wire of a signal of the plain circuit, by full name. */
  wireOf(name: string): number {
    const wire = this.#wireOf.get(name);
    if (wire === undefined) throw new Error(`no signal ${name}`);
    return wire;
  }

  /** Every wire of the plain circuit. `fixed`: values by full signal name, inputs and altered signals alike. */
  solve(fixed: ReadonlyMap<string, bigint>): bigint[] {
    const values = this.#start(fixed);
    for (const { wires, constraint, inverseOf } of this.#plan) {
      const open = wires.filter((wire) => values[wire] === undefined);
      if (open.length === 0) continue;
      if (inverseOf !== undefined) values[open[0]!] = inverseOrZero(values[inverseOf]!);
      else if (wires.length > 1) takeApart(this.#r1cs.constraints[constraint]!.c, open, values);
      else values[open[0]!] = this.#solveWire(open[0]!, constraint, values);
    }
    const missing = values.indexOf(undefined);
    if (missing >= 0) throw new Error(`nothing determines ${this.#circuit.names[missing]}`);
    return values as bigint[];
  }

  /** From the planned constraint or, where that says nothing this time, from another one; zero if none says anything. */
  #solveWire(wire: number, planned: number, values: Values): bigint {
    for (const index of [planned, ...this.#occurrences[wire]!]) {
      const constraint = this.#r1cs.constraints[index]!;
      const unknown = unknownWires(constraint, values);
      const solution = unknown.length === 1 ? solveFor(constraint, wire, values) : undefined;
      if (solution !== undefined) return solution;
    }
    return 0n;
  }

  #start(fixed: ReadonlyMap<string, bigint>): Values {
    const values: Values = new Array(this.#r1cs.wireCount).fill(undefined);
    values[0] = 1n;
    for (const [name, value] of fixed) values[this.wireOf(name)] = reduce(value);
    return values;
  }
}

/** Finds the order in which a sample's wires follow from its inputs. */
class Planner {
  readonly #circuit: PlainCircuit;
  readonly #occurrences: number[][];
  readonly #wireOf: Map<string, number>;
  readonly #isBit: boolean[];
  readonly #isCheck: boolean[];
  readonly #steps: Step[] = [];
  readonly #queue: number[] = [];
  /** Per constraint: wires not known yet, all and without bits. */
  readonly #unknown: Int32Array;
  readonly #unknownOthers: Int32Array;

  constructor(input: { circuit: PlainCircuit; occurrences: number[][]; wireOf: Map<string, number> }) {
    this.#circuit = input.circuit;
    this.#occurrences = input.occurrences;
    this.#wireOf = input.wireOf;
    const { constraints, wireCount } = input.circuit.r1cs;
    this.#isBit = new Array(wireCount).fill(false);
    for (const constraint of constraints) {
      const bit = bitOf(constraint);
      if (bit !== undefined) this.#isBit[bit] = true;
    }
    this.#isCheck = constraints.map((constraint) => isCheck(constraint, input.circuit.names) || bitOf(constraint) !== undefined);
    this.#unknown = new Int32Array(constraints.length);
    this.#unknownOthers = new Int32Array(constraints.length);
    for (const [wire, list] of this.#occurrences.entries()) {
      for (const index of list) {
        this.#unknown[index]! += 1;
        if (!this.#isBit[wire]) this.#unknownOthers[index]! += 1;
      }
    }
  }

  plan(values: Values): Step[] {
    for (const index of this.#circuit.r1cs.constraints.keys()) this.#queue.push(index);
    for (const [wire, value] of values.entries()) if (value !== undefined) this.#learned(wire, values);
    for (let next = 0; next < this.#queue.length; next += 1) {
      const index = this.#queue[next]!;
      if (this.#unknown[index]! > 0 && !this.#isCheck[index]) this.#propagate(index, values);
    }
    return this.#steps;
  }

  #propagate(index: number, values: Values): void {
    const constraint = this.#circuit.r1cs.constraints[index]!;
    const unknown = unknownWires(constraint, values);
    const { a, b, c } = constraint;
    if (unknown.length === 1) {
      const solution = solveFor(constraint, unknown[0]!, values);
      if (solution === undefined) return;
      values[unknown[0]!] = solution;
    } else if (unknown.every((wire) => this.#isBit[wire]) && (a.wires.length === 0 || b.wires.length === 0)) {
      if (!takeApart(c, unknown, values)) return;
    } else return;
    this.#steps.push({ wires: unknown, constraint: index });
    for (const wire of unknown) this.#learned(wire, values);
  }

  #learned(wire: number, values: Values): void {
    const weight = this.#isBit[wire] ? 0 : 1;
    for (const index of this.#occurrences[wire]!) {
      this.#unknown[index]! -= 1;
      this.#unknownOthers[index]! -= weight;
      if (this.#unknown[index] === 1 || this.#unknownOthers[index] === 0) this.#queue.push(index);
    }
    // circomlib's IsZero has the hint `inv` beside its input `in`.
    const name = this.#circuit.names[wire]!;
    const hint = name.endsWith('.in') ? this.#wireOf.get(`${name.slice(0, -3)}.inv`) : undefined;
    if (hint === undefined || values[hint] !== undefined) return;
    values[hint] = inverseOrZero(values[wire]!);
    this.#steps.push({ wires: [hint], constraint: -1, inverseOf: wire });
    this.#learned(hint, values);
  }
}

function isCheck({ a, b, c }: Constraint, names: string[]): boolean {
  const found = [...new Set([...a.wires, ...b.wires, ...c.wires])].map((wire) => names[wire]!);
  return CHECKS.some((patterns) => {
    const rest = [...found];
    return patterns.every((pattern) => {
      const index = rest.findIndex((name) => pattern.test(name));
      if (index >= 0) rest.splice(index, 1);
      return index >= 0;
    });
  });
}

/** x if the constraint is `x * (x - 1) = 0`. */
function bitOf({ a, b, c }: Constraint): number | undefined {
  const wires = new Set([...a.wires, ...b.wires].filter((wire) => wire !== 0));
  if (c.wires.length > 0 || wires.size !== 1 || a.wires.length === 0 || b.wires.length === 0) return undefined;
  const [wire] = wires;
  const vanishesAt = (value: bigint) => {
    const at = ({ wires: indices, coefficients }: LinearCombination) =>
      indices.reduce((sum, index, term) => sum + coefficients[term]! * (index === 0 ? 1n : value), 0n);
    return (at(a) * at(b)) % FIELD_ORDER === 0n;
  };
  return vanishesAt(0n) && vanishesAt(1n) ? wire : undefined;
}

function unknownWires({ a, b, c }: Constraint, values: Values): number[] {
  const found: number[] = [];
  for (const { wires } of [a, b, c]) {
    for (const wire of wires) if (values[wire] === undefined && !found.includes(wire)) found.push(wire);
  }
  return found;
}

/** The value of the one unknown wire of a constraint, if the constraint is linear in it and not void. */
function solveFor({ a, b, c }: Constraint, wire: number, values: Values): bigint | undefined {
  const [slopeA, slopeB, slopeC] = [a, b, c].map((part) => {
    const term = part.wires.indexOf(wire);
    return term < 0 ? 0n : part.coefficients[term]!;
  }) as [bigint, bigint, bigint];
  if (slopeA !== 0n && slopeB !== 0n) return undefined;
  const known = values as bigint[];
  known[wire] = 0n;
  const [restA, restB, restC] = [evaluate(a, known), evaluate(b, known), evaluate(c, known)];
  values[wire] = undefined;
  const slope = reduce(slopeA * restB + slopeB * restA - slopeC);
  if (slope === 0n) return undefined;
  const rest = restC - restA * restB;
  return reduce(slope === 1n ? rest : slope === FIELD_ORDER - 1n ? -rest : rest * inverse(slope));
}

/** Sets the bits of `sum of 2^i * bit_i = known part` from the value's own bits, as circom's Num2Bits does; false if it is no such sum. */
function takeApart(sum: LinearCombination, bits: number[], values: Values): boolean {
  const isUnknown = new Set(bits);
  let rest = 0n;
  let sign: bigint | undefined;
  const weights = new Map<number, bigint>();
  for (const [term, wire] of sum.wires.entries()) {
    const coefficient = sum.coefficients[term]!;
    if (isUnknown.has(wire)) weights.set(wire, coefficient);
    else rest += coefficient * values[wire]!;
  }
  for (const coefficient of weights.values()) {
    if (coefficient === 1n || coefficient === FIELD_ORDER - 1n) sign = coefficient;
  }
  if (sign === undefined) return false;
  const value = reduce(-rest * sign);
  for (const [wire, coefficient] of weights) values[wire] = value & reduce(coefficient * sign) ? 1n : 0n;
  return true;
}

function inverseOrZero(value: bigint): bigint {
  return value === 0n ? 0n : inverse(value);
}

/** Inverse mod r by Euclid's algorithm: ten times faster than a power. */
export function inverse(value: bigint): bigint {
  let [high, low] = [FIELD_ORDER, reduce(value)];
  let [before, now] = [0n, 1n];
  while (low !== 0n) {
    const quotient = high / low;
    [high, low] = [low, high - quotient * low];
    [before, now] = [now, before - quotient * now];
  }
  if (high !== 1n) throw new Error('zero has no inverse');
  return reduce(before);
}
