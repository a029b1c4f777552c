import { FIELD_ORDER, reduce } from '../../protocol/field.ts';
import { evaluate, type R1cs } from './r1cs.ts';
import { inverse } from './solver.ts';

type Row = Map<number, bigint>;

/**
 * The columns of the constraints' Jacobian at a witness that take part in its kernel, over all wires but the held ones: a wire is
 * among them iff some first-order change of the free wires moves it and keeps every constraint. Exact, mod r. Peeling comes first: a
 * row with one column left holds that column still. What remains, the core, is eliminated by Gauss and Jordan.
 */
export function freeColumns(
  r1cs: R1cs,
  wires: readonly bigint[],
  held: ReadonlySet<number>,
): { free: number[]; coreColumns: number } {
  const rows = r1cs.constraints.map((_, index) => jacobianRow(r1cs, wires, index, held));
  const rowsOf: number[][] = Array.from({ length: r1cs.wireCount }, () => []);
  for (const [index, row] of rows.entries()) for (const wire of row.keys()) rowsOf[wire]!.push(index);
  const still = new Set<number>();
  const queue = [...rows.keys()];
  for (let next = 0; next < queue.length; next += 1) {
    const row = rows[queue[next]!]!;
    if (row.size !== 1) continue;
    const [wire] = row.keys() as Iterable<number> as [number];
    still.add(wire);
    for (const index of rowsOf[wire]!) {
      rows[index]!.delete(wire);
      if (rows[index]!.size === 1) queue.push(index);
    }
  }
  const open = Array.from({ length: r1cs.wireCount }, (_, wire) => wire).filter((wire) => !still.has(wire) && !held.has(wire));
  return {
    free: kernelColumns(
      rows.filter((row) => row.size > 0),
      open,
    ),
    coreColumns: open.length,
  };
}

/** d(a * b - c) at the witness, by wire, without zeros. */
function jacobianRow(r1cs: R1cs, wires: readonly bigint[], index: number, held: ReadonlySet<number>): Row {
  const { a, b, c } = r1cs.constraints[index]!;
  const row: Row = new Map();
  const parts = [
    { part: a, factor: evaluate(b, wires) },
    { part: b, factor: evaluate(a, wires) },
    { part: c, factor: FIELD_ORDER - 1n },
  ];
  for (const { part, factor } of parts) {
    for (const [term, wire] of part.wires.entries()) {
      if (!held.has(wire)) row.set(wire, (row.get(wire) ?? 0n) + part.coefficients[term]! * factor);
    }
  }
  for (const [wire, value] of row) {
    const rest = reduce(value);
    if (rest === 0n) row.delete(wire);
    else row.set(wire, rest);
  }
  return row;
}

/** Columns that some kernel vector of the rows moves: all without a pivot, and those whose reduced row still meets one of these. */
function kernelColumns(rows: Row[], columns: number[]): number[] {
  const pivots = new Map<number, Row>();
  for (const row of rows) {
    for (const [wire, pivot] of pivots) addMultiple(row, pivot, wire);
    const first = row.entries().next();
    if (first.done) continue;
    const [wire, value] = first.value;
    const scale = inverse(value);
    for (const [column, entry] of row) row.set(column, reduce(entry * scale));
    for (const pivot of pivots.values()) addMultiple(pivot, row, wire);
    pivots.set(wire, row);
  }
  return columns.filter((wire) => (pivots.get(wire)?.size ?? 2) > 1);
}

/** Clears `wire` of `target` with a row whose entry there is 1. */
function addMultiple(target: Row, pivot: Row, wire: number): void {
  const factor = target.get(wire);
  if (factor === undefined) return;
  for (const [column, entry] of pivot) {
    const value = reduce((target.get(column) ?? 0n) - factor * entry);
    if (value === 0n) target.delete(column);
    else target.set(column, value);
  }
}
