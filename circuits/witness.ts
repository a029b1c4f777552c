import { FIELD_ORDER } from '../protocol/field.ts';
import { loadWasm } from './artifacts.ts';
import { CircuitError } from './errors.ts';

/** Values of the circuit's input signals by name; arrays as declared, in nested lists or flat. Canonical field elements. */
export type SignalValues = Record<string, SignalValue>;
export type SignalValue = bigint | readonly SignalValue[];

/** What a witness program that circom 2 wrote exports. Signals are named by the FNV-1a hash of their name. */
interface WitnessProgram {
  memory: WebAssembly.Memory;
  getSharedRWMemoryStart(): number;
  getFieldNumLen32(): number;
  getRawPrime(): void;
  getWitnessSize(): number;
  getInputSize(): number;
  getInputSignalSize(hashHigh: number, hashLow: number): number;
  setInputSignal(hashHigh: number, hashLow: number, position: number): void;
  getWitness(wire: number): void;
  init(checked: number): void;
  getMessageChar(): number;
}

/** Codes that the program hands to its exception handler. */
const EXCEPTIONS = new Map([
  [1, 'unknown input signal'],
  [2, 'too many input signals'],
  [3, 'input signal set twice'],
  [4, 'a constraint does not hold'],
  [5, 'out of memory'],
  [6, 'input signal array access exceeds its size'],
]);

const FIELD_BYTES = 32;
/** Longest message of a failed check that is kept. */
const MAX_MESSAGE_CHARS = 4096;

/** Computes witnesses of one circuit. Made once per process; calls reuse its WebAssembly instance and must not overlap. */
export class WitnessCalculator {
  readonly #program: WitnessProgram;
  #message = '';

  /** `wasm`: the witness program that circom compiled. `BAD_INPUT` if it is of another field. */
  constructor(wasm: Uint8Array<ArrayBuffer>) {
    const runtime = {
      exceptionHandler: (code: number) => this.#fail(code),
      printErrorMessage: () => this.#collectMessage(),
      writeBufferMessage: () => this.#collectMessage(),
      showSharedRWMemory: () => {},
    };
    const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm), { runtime });
    this.#program = instance.exports as unknown as WitnessProgram;
    this.#program.getRawPrime();
    if (this.#program.getFieldNumLen32() * 4 !== FIELD_BYTES || this.#readShared() !== FIELD_ORDER) {
      throw new CircuitError('BAD_INPUT', 'the witness program is not over the BN254 scalar field');
    }
  }

  /**
   * The witness of these inputs as .wtns bytes (iden3's format, version 2). `BAD_INPUT` if a signal is missing, unknown, of another
   * size or not canonical; `WITNESS_REJECTED`, with the place in the circuit, if the inputs break a constraint.
   */
  compute(inputs: SignalValues): Uint8Array {
    const program = this.#program;
    const signals = this.#checked(inputs);
    this.#message = '';
    program.init(1);
    for (const { high, low, values } of signals) {
      for (const [position, element] of values.entries()) {
        this.#writeShared(element);
        program.setInputSignal(high, low, position);
      }
    }
    return this.#readWitness();
  }

  /** Every input of the circuit, once and of its size; the last one set starts the computation, so all are checked before. */
  #checked(inputs: SignalValues): { high: number; low: number; values: bigint[] }[] {
    const program = this.#program;
    let count = 0;
    const signals = Object.entries(inputs).map(([name, value]) => {
      const { high, low } = signalHash(name);
      const values = flatten(value);
      const size = program.getInputSignalSize(high, low);
      if (size < 0) throw new CircuitError('BAD_INPUT', `${name} is no input of the circuit`);
      if (size !== values.length) throw new CircuitError('BAD_INPUT', `${name} takes ${size} values, got ${values.length}`);
      for (const element of values) {
        if (element < 0n || element >= FIELD_ORDER) throw new CircuitError('BAD_INPUT', `${name} is not a field element`);
      }
      count += size;
      return { high, low, values };
    });
    const expected = program.getInputSize();
    if (count !== expected) throw new CircuitError('BAD_INPUT', `the circuit takes ${expected} input values, got ${count}`);
    return signals;
  }

  #readWitness(): Uint8Array {
    const program = this.#program;
    const count = program.getWitnessSize();
    const out = wtnsHeader(count);
    const start = program.getSharedRWMemoryStart();
    const values = out.length - count * FIELD_BYTES;
    for (let wire = 0; wire < count; wire += 1) {
      program.getWitness(wire);
      out.set(new Uint8Array(program.memory.buffer, start, FIELD_BYTES), values + wire * FIELD_BYTES);
    }
    return out;
  }

  #writeShared(value: bigint): void {
    const view = new DataView(this.#program.memory.buffer, this.#program.getSharedRWMemoryStart(), FIELD_BYTES);
    for (let offset = 0; offset < FIELD_BYTES; offset += 8) {
      view.setBigUint64(offset, BigInt.asUintN(64, value >> BigInt(8 * offset)), true);
    }
  }

  #readShared(): bigint {
    const view = new DataView(this.#program.memory.buffer, this.#program.getSharedRWMemoryStart(), FIELD_BYTES);
    let value = 0n;
    for (let offset = FIELD_BYTES - 8; offset >= 0; offset -= 8) value = (value << 64n) | view.getBigUint64(offset, true);
    return value;
  }

  #collectMessage(): void {
    for (let char = this.#program.getMessageChar(); char !== 0; char = this.#program.getMessageChar()) {
      if (this.#message.length < MAX_MESSAGE_CHARS) this.#message += String.fromCharCode(char);
    }
    if (!this.#message.endsWith('\n')) this.#message += '\n';
  }

  #fail(code: number): never {
    const place = this.#message.trim().replaceAll(/\s*\n\s*/g, '; ');
    const reason = EXCEPTIONS.get(code) ?? `exception ${code}`;
    const kind = code === 4 ? 'WITNESS_REJECTED' : 'BAD_INPUT';
    throw new CircuitError(kind, place === '' ? reason : `${reason}: ${place}`);
  }
}

/** The calculator of a committed size; throws as `loadWasm` does. */
export function witnessCalculator(name: string): WitnessCalculator {
  return new WitnessCalculator(loadWasm(name));
}

/** The wires of a witness, wire 0 (the constant 1) first. `BAD_INPUT` unless the bytes are what `compute` returns. */
export function witnessWires(wtns: Uint8Array): bigint[] {
  const view = new DataView(wtns.buffer, wtns.byteOffset, wtns.byteLength);
  const offset = wtnsHeader(0).length;
  const count = (wtns.length - offset) / FIELD_BYTES;
  const header = Number.isInteger(count) && count >= 0 ? wtnsHeader(count).subarray(0, offset) : undefined;
  if (!header?.every((byte, index) => byte === wtns[index])) throw new CircuitError('BAD_INPUT', 'not a witness file');
  return Array.from({ length: count }, (_, wire) => {
    let value = 0n;
    for (let word = FIELD_BYTES - 8; word >= 0; word -= 8) {
      value = (value << 64n) | view.getBigUint64(offset + wire * FIELD_BYTES + word, true);
    }
    return value;
  });
}

/** A .wtns file of `count` wires, all zero: magic, version, section 1 (field and count), section 2 (values, little endian). */
function wtnsHeader(count: number): Uint8Array {
  const sectionOne = 24;
  const sectionTwo = sectionOne + 8 + FIELD_BYTES;
  const out = new Uint8Array(sectionTwo + 12 + count * FIELD_BYTES);
  const view = new DataView(out.buffer);
  out.set([0x77, 0x74, 0x6e, 0x73]);
  view.setUint32(4, 2, true);
  view.setUint32(8, 2, true);
  view.setUint32(12, 1, true);
  view.setBigUint64(16, BigInt(8 + FIELD_BYTES), true);
  view.setUint32(sectionOne, FIELD_BYTES, true);
  for (let word = 0; word < FIELD_BYTES; word += 8) {
    view.setBigUint64(sectionOne + 4 + word, BigInt.asUintN(64, FIELD_ORDER >> BigInt(8 * word)), true);
  }
  view.setUint32(sectionOne + 4 + FIELD_BYTES, count, true);
  view.setUint32(sectionTwo, 2, true);
  view.setBigUint64(sectionTwo + 4, BigInt(count * FIELD_BYTES), true);
  return out;
}

/** FNV-1a of the signal's name, 64 bits, in two words. */
function signalHash(name: string): { high: number; low: number } {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(name)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return { high: Number(hash >> 32n), low: Number(hash & 0xffffffffn) };
}

function flatten(value: SignalValue): bigint[] {
  return typeof value === 'bigint' ? [value] : value.flatMap(flatten);
}
