import { FIELD_ORDER } from '../../protocol/field.ts';

/** Sum of `coefficients[i] * wires[i]`. */
export interface LinearCombination {
  wires: number[];
  coefficients: bigint[];
}

/** `a * b = c` over the wires. */
export interface Constraint {
  a: LinearCombination;
  b: LinearCombination;
  c: LinearCombination;
}

export interface R1cs {
  /** Wire 0 is the constant 1, then outputs, public inputs, private inputs, the rest. */
  wireCount: number;
  publicCount: number;
  constraints: Constraint[];
  /** Label of each wire: the signal's number in the circuit before simplification. */
  labels: number[];
}

const MAGIC = 0x73633172;
const FIELD_BYTES = 32;

/** Reads iden3's r1cs binary format, version 1, over BN254's scalar field. Throws on any other file. */
export function readR1cs(bytes: Uint8Array): R1cs {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC || view.getUint32(4, true) !== 1) throw new Error('not an r1cs file of version 1');
  const sections = new Map<number, number>();
  let offset = 12;
  for (let count = view.getUint32(8, true); count > 0; count -= 1) {
    sections.set(view.getUint32(offset, true), offset + 12);
    offset += 12 + Number(view.getBigUint64(offset + 4, true));
  }
  if (offset !== bytes.length) throw new Error('r1cs file with bytes left over');
  const header = readHeader(view, section(sections, 1));
  const reader = new ConstraintReader(view, section(sections, 2));
  const constraints = Array.from({ length: header.constraintCount }, () => reader.constraint());
  const labelsAt = section(sections, 3);
  const labels = Array.from({ length: header.wireCount }, (_, wire) => Number(view.getBigUint64(labelsAt + 8 * wire, true)));
  return { wireCount: header.wireCount, publicCount: header.publicCount, constraints, labels };
}

function section(sections: Map<number, number>, type: number): number {
  const offset = sections.get(type);
  if (offset === undefined) throw new Error(`r1cs file without section ${type}`);
  return offset;
}

function readHeader(view: DataView, offset: number): { wireCount: number; publicCount: number; constraintCount: number } {
  if (view.getUint32(offset, true) !== FIELD_BYTES || readField(view, offset + 4) !== FIELD_ORDER) {
    throw new Error('r1cs file over another field');
  }
  const counts = offset + 4 + FIELD_BYTES;
  const publicCount = view.getUint32(counts + 4, true) + view.getUint32(counts + 8, true);
  return { wireCount: view.getUint32(counts, true), publicCount, constraintCount: view.getUint32(counts + 24, true) };
}

function readField(view: DataView, offset: number): bigint {
  let value = 0n;
  for (let word = FIELD_BYTES - 8; word >= 0; word -= 8) value = (value << 64n) | view.getBigUint64(offset + word, true);
  return value;
}

class ConstraintReader {
  readonly #view: DataView;
  #offset: number;

  constructor(view: DataView, offset: number) {
    this.#view = view;
    this.#offset = offset;
  }

  constraint(): Constraint {
    return { a: this.#combination(), b: this.#combination(), c: this.#combination() };
  }

  #combination(): LinearCombination {
    const count = this.#view.getUint32(this.#offset, true);
    this.#offset += 4;
    const out: LinearCombination = { wires: [], coefficients: [] };
    for (let term = 0; term < count; term += 1) {
      out.wires.push(this.#view.getUint32(this.#offset, true));
      out.coefficients.push(readField(this.#view, this.#offset + 4));
      this.#offset += 4 + FIELD_BYTES;
    }
    return out;
  }
}

/** Value of a linear combination in [0, r). */
export function evaluate(combination: LinearCombination, wires: readonly bigint[]): bigint {
  let sum = 0n;
  const { wires: indices, coefficients } = combination;
  for (let term = 0; term < indices.length; term += 1) {
    sum += (coefficients[term] as bigint) * (wires[indices[term] as number] as bigint);
  }
  const rest = sum % FIELD_ORDER;
  return rest < 0n ? rest + FIELD_ORDER : rest;
}

/** Indices of the constraints that the wires break; none means that the wires are a witness. */
export function brokenConstraints(r1cs: R1cs, wires: readonly bigint[]): number[] {
  if (wires.length !== r1cs.wireCount || wires[0] !== 1n) throw new Error('not an assignment of this circuit');
  const broken: number[] = [];
  for (const [index, { a, b, c }] of r1cs.constraints.entries()) {
    if ((evaluate(a, wires) * evaluate(b, wires) - evaluate(c, wires)) % FIELD_ORDER !== 0n) broken.push(index);
  }
  return broken;
}

/** For each wire, the constraints that it appears in. */
export function occurrences(r1cs: R1cs): number[][] {
  const lists: Set<number>[] = Array.from({ length: r1cs.wireCount }, () => new Set());
  for (const [index, { a, b, c }] of r1cs.constraints.entries()) {
    for (const { wires } of [a, b, c]) for (const wire of wires) lists[wire]?.add(index);
  }
  return lists.map((list) => [...list]);
}
