import { createHash } from 'node:crypto';
import { contributionsSection } from '../native/container.ts';
import { bytesToInteger, integerToBytes } from '../protocol/field.ts';
import { CeremonyError } from './errors.ts';

/** The field of the curve's coordinates, and what takes the factor 2^256 out of one of them. */
const BASE_MODULUS = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
const INVERSE_FACTOR = inverse((1n << 256n) % BASE_MODULUS);
const COORDINATE_BYTES = 32;
const [G1_COORDINATES, G2_COORDINATES] = [2, 4];
const HASH_BYTES = 64;
const BEACON_TYPE = 1;
const [NAME_PARAMETER, ITERATIONS_PARAMETER, BEACON_PARAMETER] = [1, 2, 3];

/** A contribution as a key itself records it. */
export interface RecordedContribution {
  name: string;
  /** BLAKE2b-512 of its public part, hex: what snarkjs showed to the participant. */
  hash: string;
  beacon?: { value: string; iterationsExponent: number };
}

/**
 * The hash of the circuit's key before any contribution, in hex, and the contributions in their order, as section 10 of a zkey has them.
 * `FILE_DIFFERS` if the section is malformed. Nothing here is checked against the key's points: snarkjs does that.
 */
export function readContributions(zkey: Uint8Array): { circuitHash: string; contributions: RecordedContribution[] } {
  const reader = new SectionReader(contributionsSection(zkey));
  const circuitHash = hex(reader.bytes(HASH_BYTES));
  const count = reader.u32();
  const contributions: RecordedContribution[] = [];
  for (let index = 0; index < count; index += 1) contributions.push(readContribution(reader));
  reader.finish();
  return { circuitHash, contributions };
}

/** Points are stored as snarkjs keeps them in memory and hashed in its uncompressed form. */
function readContribution(reader: SectionReader): RecordedContribution {
  const hasher = createHash('blake2b512');
  for (const coordinates of [G1_COORDINATES, G1_COORDINATES, G1_COORDINATES, G2_COORDINATES]) {
    hasher.update(uncompressed(reader.bytes(coordinates * COORDINATE_BYTES)));
  }
  hasher.update(reader.bytes(HASH_BYTES));
  const hash = hasher.digest('hex');
  const isBeacon = reader.u32() === BEACON_TYPE;
  const parameters = new SectionReader(reader.bytes(reader.u32()));
  let [name, value, iterationsExponent] = ['', '', 0];
  while (!parameters.atEnd) {
    const parameter = parameters.u8();
    if (parameter === NAME_PARAMETER) name = new TextDecoder().decode(parameters.bytes(parameters.u8()));
    else if (parameter === ITERATIONS_PARAMETER) iterationsExponent = parameters.u8();
    else if (parameter === BEACON_PARAMETER) value = hex(parameters.bytes(parameters.u8()));
    else throw malformed();
  }
  return isBeacon ? { name, hash, beacon: { value, iterationsExponent } } : { name, hash };
}

/** Coordinates big endian and without their factor; of a coordinate in two parts the second one comes first. */
function uncompressed(point: Uint8Array): Uint8Array {
  const coordinates: Uint8Array[] = [];
  for (let at = 0; at < point.length; at += COORDINATE_BYTES) {
    const inner = bytesToInteger(point.slice(at, at + COORDINATE_BYTES).reverse());
    coordinates.push(integerToBytes((inner * INVERSE_FACTOR) % BASE_MODULUS));
  }
  const order = coordinates.length === G1_COORDINATES ? [0, 1] : [1, 0, 3, 2];
  return Buffer.concat(order.map((index) => coordinates[index] as Uint8Array));
}

/** By Fermat: x^(q - 2). */
function inverse(x: bigint): bigint {
  let [power, result] = [x, 1n];
  for (let exponent = BASE_MODULUS - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * power) % BASE_MODULUS;
    power = (power * power) % BASE_MODULUS;
  }
  return result;
}

class SectionReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  bytes(count: number): Uint8Array {
    if (this.#bytes.length - this.#at < count) throw malformed();
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  u8(): number {
    return this.bytes(1)[0] as number;
  }

  u32(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.bytes(4);
    return a + b * 0x100 + c * 0x1_0000 + d * 0x100_0000;
  }

  finish(): void {
    if (!this.atEnd) throw malformed();
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function malformed(): CeremonyError {
  return new CeremonyError('FILE_DIFFERS', "the key's record of contributions is malformed");
}
