import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { sectionsOf } from '../native/container.ts';
import { NativeError } from '../native/errors.ts';
import type { PowersOfTau } from '../protocol/ceremony-transcript.ts';
import { sha256Hex } from './directory.ts';
import { CeremonyError } from './errors.ts';

/** BN254's base modulus as the file's header has it, little endian. */
const BASE_MODULUS_HEX = '47fd7cd8168c203c8dca7168916a81975d588181b64550b829a031e1724e6430';
const HEADER_SECTION = 1;
const [MODULUS_AT, POWER_AT, HEADER_BYTES] = [4, 36, 44];
/** The Lagrange forms that preparing for phase 2 adds. */
const PREPARED_SECTIONS = [12, 13, 14, 15];
/** Files are worked on in memory. One of power 17, which the largest circuit needs, has 151 MB; each power more doubles that. */
const MAX_FILE_BYTES = 2_000_000_000;

/** The bytes of a file of powers of tau. `BAD_INPUT` if it can not be read, `PTAU_UNUSABLE` if it is too large. */
export function readPowersOfTau(path: string): Uint8Array {
  try {
    if (statSync(path).size <= MAX_FILE_BYTES) return readFileSync(path);
  } catch (cause) {
    throw new CeremonyError('BAD_INPUT', `${path} can not be read`, { cause });
  }
  throw unusable(path, 'is larger than 2 GB: take the file of a power near the circuit');
}

/**
 * What a file of powers of tau says of itself, and its hashes, which are to be compared with those that its ceremony published.
 * `PTAU_UNUSABLE` if it is none, of another curve, or not prepared for phase 2. Whether the powers are sound, `Snarkjs` says.
 */
export function describePowersOfTau(file: Uint8Array, name: string): PowersOfTau {
  const sections = partsOf(file, name);
  const header = Buffer.from(sections.get(HEADER_SECTION) ?? []);
  if (header.length !== HEADER_BYTES || header.toString('hex', MODULUS_AT, POWER_AT) !== BASE_MODULUS_HEX) {
    throw unusable(name, 'is not of the curve BN254');
  }
  if (!PREPARED_SECTIONS.every((id) => sections.has(id))) {
    throw unusable(name, 'is not prepared for phase 2: take the prepared file, or run snarkjs powersoftau prepare phase2');
  }
  const blake2b512 = createHash('blake2b512').update(file).digest('hex');
  return { name: basename(name), power: header.readUInt32LE(POWER_AT), sha256: sha256Hex(file), blake2b512 };
}

function partsOf(file: Uint8Array, name: string): Map<number, Uint8Array> {
  try {
    return sectionsOf(file, 'ptau');
  } catch (cause) {
    throw cause instanceof NativeError ? unusable(name, `can not be used: ${cause.message}`) : cause;
  }
}

function unusable(path: string, fault: string): CeremonyError {
  return new CeremonyError('PTAU_UNUSABLE', `${basename(path)} ${fault}`);
}
