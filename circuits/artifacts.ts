import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { CircuitError } from './errors.ts';
import manifest from './manifest.json' with { type: 'json' };

/** Capacity of a circuit: rows (bets) and slots (vaults). */
export interface CircuitSize {
  maxBets: number;
  maxVaults: number;
}

/** One entry of manifest.json. `constraints + publicSignals + 1 <= 2^power`; hashes are of the uncompressed files. */
export interface CircuitInfo extends CircuitSize {
  name: CircuitName;
  power: number;
  constraints: number;
  wires: number;
  publicSignals: number;
  r1csSha256: string;
  wasmSha256: string;
}

export type CircuitName = keyof typeof manifest.circuits;

/** Every size, smallest first. */
export const CIRCUIT_NAMES = Object.keys(manifest.circuits) as CircuitName[];

/** The largest uncompressed artifact that is read. */
const MAX_ARTIFACT_BYTES = 256 * 1024 * 1024;

/** What the manifest says of a size; `UNKNOWN_CIRCUIT` if it has none of that name. */
export function circuitInfo(name: string): CircuitInfo {
  if (!Object.hasOwn(manifest.circuits, name)) throw new CircuitError('UNKNOWN_CIRCUIT', `no circuit is named ${name}`);
  const known = name as CircuitName;
  return { name: known, ...manifest.circuits[known] };
}

/** The constraint system of a size, in iden3's r1cs format. `ARTIFACT_MISSING`, `ARTIFACT_CORRUPT` unless it is the recorded one. */
export function loadR1cs(name: string): Uint8Array {
  return loadArtifact({ name, kind: 'r1cs', sha256: circuitInfo(name).r1csSha256 });
}

/** The witness program of a size, for witness.ts. `ARTIFACT_MISSING`, `ARTIFACT_CORRUPT` unless it is the recorded one. */
export function loadWasm(name: string): Uint8Array<ArrayBuffer> {
  return loadArtifact({ name, kind: 'wasm', sha256: circuitInfo(name).wasmSha256 });
}

function loadArtifact({ name, kind, sha256 }: { name: string; kind: string; sha256: string }): Uint8Array<ArrayBuffer> {
  const file = `${name}.${kind}.br`;
  const bytes = decompress(file, readArtifact(file));
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) {
    throw new CircuitError('ARTIFACT_CORRUPT', `${file} is not the artifact that the manifest records`);
  }
  return bytes;
}

function readArtifact(file: string): Uint8Array {
  try {
    return readFileSync(new URL(`artifacts/${file}`, import.meta.url));
  } catch (cause) {
    throw new CircuitError('ARTIFACT_MISSING', `${file} is missing: run node circuits/build.mjs`, { cause });
  }
}

function decompress(file: string, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  try {
    return brotliDecompressSync(bytes, { maxOutputLength: MAX_ARTIFACT_BYTES });
  } catch (cause) {
    throw new CircuitError('ARTIFACT_CORRUPT', `${file} does not decompress`, { cause });
  }
}
