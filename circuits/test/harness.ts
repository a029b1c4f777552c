import assert from 'node:assert/strict';
import type { SigningKey } from '../../protocol/eddsa.ts';
import { legendre } from '../../protocol/field.ts';
import { type CircuitInfo, circuitInfo, loadR1cs } from '../artifacts.ts';
import { CircuitError } from '../errors.ts';
import { type WitnessCalculator, witnessCalculator, witnessWires } from '../witness.ts';
import { rootOf, type WitnessInput, witnessInputOf } from '../witness-input.ts';
import { copyInput, fixedSignals, plainBatch, signalsOf, signSlot, statementOf } from './batches.ts';
import { brokenConstraints, type R1cs, readR1cs } from './r1cs.ts';
import { Solver } from './solver.ts';
import { type PlainCircuit, plainCircuit } from './symbols.ts';

/** The committed artifacts of a size, ready to judge inputs. */
export interface Harness {
  info: CircuitInfo;
  calculator: WitnessCalculator;
  r1cs: R1cs;
}

export function harnessOf(name: string): Harness {
  return { info: circuitInfo(name), calculator: witnessCalculator(name), r1cs: readR1cs(loadR1cs(name)) };
}

/** Name of the signal on each wire of the committed circuit, `main.row[0].bet.head`. */
export function wireNames(harness: Harness): string[] {
  const { nameOfLabel } = plainCircuit(harness.info.name);
  return harness.r1cs.labels.map((label) => nameOfLabel.get(label) ?? `label ${label}`);
}

export type WitnessVerdict = { accepted: true; wires: bigint[]; publicInput: bigint } | { accepted: false; reason: string };

/** Computes the witness with the committed program and holds an accepted one against the committed constraints. */
export function judge(harness: Harness, input: WitnessInput): WitnessVerdict {
  try {
    const wires = witnessWires(harness.calculator.compute(signalsOf(input)));
    const broken = brokenConstraints(harness.r1cs, wires);
    if (broken.length > 0) throw new Error(`the program's witness breaks constraints ${broken}`);
    return { accepted: true, wires, publicInput: wires[1]! };
  } catch (error) {
    if (error instanceof CircuitError && error.code === 'WITNESS_REJECTED') return { accepted: false, reason: error.message };
    throw error;
  }
}

/** What came of an attempt at a witness. */
export interface Attempt {
  /** The committed circuit's word. */
  accepted: boolean;
  /** Signals in each constraint of the plain circuit that does not hold. */
  broken: string[];
  /** The committed circuit's wires. */
  wires: bigint[];
  /** Value of a signal of the plain circuit, by full name. */
  value: (name: string) => bigint;
}

/** Signals by full name, `main.row[0].bet.head`, that the forger sets as it likes. */
export type Altered = Record<string, bigint>;

/** Public fields by index, as the program would compute them for the honest batch. */
export function holdFields(honest: Attempt, fields: number[]): Altered {
  return Object.fromEntries(fields.map((index) => [`main.fields.field[${index}]`, honest.value(`main.fields.field[${index}]`)]));
}

/** Fails unless the attempt is refused, among others by a constraint on a signal of that name. */
export function refused(attempt: Attempt, place: RegExp): void {
  assert.equal(attempt.accepted, false, 'the circuit accepts a forged batch');
  const stands = attempt.broken.some((constraint) => place.test(constraint));
  assert.ok(stands, `refused elsewhere: ${attempt.broken.join(' | ')}`);
}

/** Refused by that constraint and by no other. */
export function refusedOnlyBy(attempt: Attempt, place: RegExp): void {
  refused(attempt, place);
  for (const constraint of attempt.broken) assert.match(constraint, place);
}

/** The forger: solves for a witness around altered signals and lets the committed constraints judge it. */
export class Forger {
  readonly #harness: Harness;
  readonly #plain: PlainCircuit;
  readonly #solver: Solver;

  constructor(harness: Harness) {
    this.#harness = harness;
    this.#plain = plainCircuit(harness.info.name);
    const { maxBets, maxVaults } = harness.info;
    const counts = Array.from({ length: maxVaults }, () => Math.floor(maxBets / maxVaults));
    const sample = witnessInputOf(statementOf(plainBatch(counts)), harness.info);
    this.#solver = new Solver(this.#plain, fixedSignals(sample));
  }

  /** Solves once with the altered signals, all else as the input has it. */
  attempt(input: WitnessInput, altered: Altered = {}): Attempt {
    const fixed = fixedSignals(input);
    for (const [name, value] of Object.entries(altered)) fixed.set(name, value);
    const plainWires = this.#solver.solve(fixed);
    const byLabel = new Map(this.#plain.r1cs.labels.map((label, wire) => [label, plainWires[wire]!]));
    const wires = this.#harness.r1cs.labels.map((label) => byLabel.get(label)!);
    const accepted = brokenConstraints(this.#harness.r1cs, wires).length === 0;
    const broken = brokenConstraints(this.#plain.r1cs, plainWires).map((index) => this.#describe(index));
    return { accepted, broken, wires, value: (name) => plainWires[this.#solver.wireOf(name)]! };
  }

  /**
   * The best that a forger can make of the altered signals: it sees which heads and y they lead to, and fits outcomes and roots to
   * them; `keys` are the bettors that sign what comes out, by slot.
   */
  forge(input: WitnessInput, altered: Altered = {}, keys: (SigningKey | undefined)[] = []): Attempt {
    const seen = this.attempt(input, altered);
    const { maxBets } = this.#harness.info;
    const fitted = copyInput(input);
    for (let row = 0; row < maxBets; row += 1) {
      const y = seen.value(`main.row[${row}].flip.y`);
      const outcome = legendre(y) === 1 ? 1n : 0n;
      fitted.outcome[row] = outcome;
      fitted.root[row] = rootOf({ y, outcome });
    }
    for (const [slot, key] of keys.entries()) {
      if (key) signSlot(fitted, { slot, key, head: seen.value(`main.head[${maxBets}][${slot}]`) });
    }
    return this.attempt(fitted, altered);
  }

  #describe(constraint: number): string {
    const { a, b, c } = this.#plain.r1cs.constraints[constraint]!;
    const wires = new Set([a, b, c].flatMap((part) => part.wires).filter((wire) => wire !== 0));
    return [...wires]
      .slice(0, 4)
      .map((wire) => this.#plain.names[wire])
      .join(' ');
  }
}
