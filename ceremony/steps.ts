import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { basename } from 'node:path';
import {
  assertPrintable,
  assertSource,
  type Beacon,
  type CeremonyRecord,
  type Contribution,
} from '../protocol/ceremony-transcript.ts';
import { ProtocolError } from '../protocol/errors.ts';
import type { CeremonyCircuit } from './circuit.ts';
import { readContributions } from './contributions.ts';
import { CeremonyDirectory, readIfThere, sha256Hex, writeWhole } from './directory.ts';
import { CeremonyError } from './errors.ts';
import { describePowersOfTau, readPowersOfTau } from './powers-of-tau.ts';
import type { Snarkjs } from './snarkjs.ts';

/** What a step works with. */
export interface Place {
  directory: string;
  snarkjs: Snarkjs;
}

/** The name that the beacon has among the contributions. */
const BEACON_NAME = 'beacon';
const LEAST_ITERATIONS_EXPONENT = 10;
const MOST_ITERATIONS_EXPONENT = 32;
/** A block hash or a round of a beacon has 32 bytes; what anyone could try out beforehand is no beacon. */
const BEACON_SHAPE = /^([0-9a-f]{2}){16,255}$/;
const OS_RANDOM_BYTES = 64;

/**
 * Begins a ceremony in a directory that holds none: checks the powers of tau in full, and makes the key that nobody has contributed to.
 * The directory gets a copy of them. `ALREADY_STARTED`, `PTAU_UNUSABLE`.
 */
export async function startCeremony(place: Place, input: { circuit: CeremonyCircuit; ptau: string }): Promise<CeremonyRecord> {
  const { snarkjs } = place;
  const { circuit } = input;
  const directory = new CeremonyDirectory(place.directory);
  if (directory.hasCeremony) throw new CeremonyError('ALREADY_STARTED', `${place.directory} holds a ceremony already`);
  const name = printable(() => assertPrintable(basename(input.ptau), 'the name of the file of powers of tau'));
  mkdirSync(directory.path, { recursive: true });
  directory.sweep();
  const ptau = readPowersOfTau(input.ptau);
  const powersOfTau = describePowersOfTau(ptau, name);
  if (powersOfTau.power < circuit.power) {
    throw new CeremonyError('PTAU_UNUSABLE', `${name} is of power ${powersOfTau.power}: ${circuit.name} needs ${circuit.power}`);
  }
  const { holds, reasons } = await snarkjs.verifyPowersOfTau(ptau);
  if (!holds) throw new CeremonyError('PTAU_UNUSABLE', `${name} does not verify: ${reasons.join('; ')}`);
  const zkey = await snarkjs.newZkey({ r1cs: circuit.r1cs(), ptau });
  const { circuitHash } = readContributions(zkey);
  const { name: circuitName, r1csSha256 } = circuit;
  const hashes = { circuitHash, initialZkeySha256: sha256Hex(zkey) };
  const record = { circuit: circuitName, r1csSha256, powersOfTau, ...hashes, contributions: [] };
  directory.assertUnchanged(undefined);
  writeWhole(directory.powersOfTau, ptau);
  writeWhole(directory.key(0), zkey);
  directory.replaceRecord(undefined, record);
  return record;
}

/**
 * Adds a person's contribution to the last key. Its secret is drawn from the operating system's randomness and `entropy`, whatever the
 * person has given, and lives in memory alone, until this process ends. `SEALED`, `FILE_DIFFERS`, `CHANGED_MEANWHILE`.
 */
export async function contribute(place: Place, input: { name: string; entropy: Uint8Array }): Promise<Contribution> {
  const name = printable(() => assertPrintable(input.name, 'the name'));
  if (name === BEACON_NAME) throw new CeremonyError('BAD_INPUT', `the name ${BEACON_NAME} is kept for the beacon`);
  const entropy = createHash('sha512').update(randomBytes(OS_RANDOM_BYTES)).update(input.entropy).digest('hex');
  return addContribution(place, { name, extend: (zkey) => place.snarkjs.contribute(zkey, { name, entropy }) });
}

/** Ends the ceremony with a public value that nobody could know while people contributed. `BAD_INPUT`, else as `contribute`. */
export async function applyBeacon(place: Place, input: Beacon): Promise<Contribution> {
  const beacon = {
    ...input,
    value: input.value.replace(/^0x/i, '').toLowerCase(),
    source: printable(() => assertSource(input.source)),
  };
  const { value, iterationsExponent } = beacon;
  if (!BEACON_SHAPE.test(value)) throw new CeremonyError('BAD_INPUT', 'a beacon has 16 to 255 bytes, in hex');
  const fits = Number.isInteger(iterationsExponent) && iterationsExponent >= LEAST_ITERATIONS_EXPONENT;
  if (!fits || iterationsExponent > MOST_ITERATIONS_EXPONENT) {
    const range = `${LEAST_ITERATIONS_EXPONENT} to ${MOST_ITERATIONS_EXPONENT}`;
    throw new CeremonyError('BAD_INPUT', `iterations are a power of two, its exponent ${range}`);
  }
  if (new CeremonyDirectory(place.directory).record().contributions.length === 0) {
    throw new CeremonyError('BAD_INPUT', 'nobody has contributed yet: a beacon is public and no substitute for a person');
  }
  const name = BEACON_NAME;
  return addContribution(place, {
    name,
    beacon,
    extend: (zkey) => place.snarkjs.beacon(zkey, { name, value, iterationsExponent }),
  });
}

async function addContribution(
  place: Place,
  step: { name: string; beacon?: Beacon; extend(zkey: Uint8Array): Promise<Uint8Array> },
): Promise<Contribution> {
  const directory = new CeremonyDirectory(place.directory);
  const record = directory.record();
  const { contributions } = record;
  if (contributions.at(-1)?.beacon) throw new CeremonyError('SEALED', 'the beacon has been applied: the ceremony is over');
  directory.sweep();
  const number = contributions.length + 1;
  const from = directory.key(number - 1);
  const expected = contributions.at(-1)?.zkeySha256 ?? record.initialZkeySha256;
  const before = readIfThere(from);
  if (!before || sha256Hex(before) !== expected) {
    throw new CeremonyError('FILE_DIFFERS', `${basename(from)} is missing or not the key that the record names: fetch it anew`);
  }
  const zkey = await step.extend(before);
  const written = readContributions(zkey);
  const hash = written.contributions.at(-1)?.hash;
  const kept = contributions.every((known, index) => written.contributions[index]?.hash === known.hash);
  if (!hash || written.contributions.length !== number || !kept || written.circuitHash !== record.circuitHash) {
    throw new CeremonyError('FILE_DIFFERS', `${basename(from)} holds other contributions than the record`);
  }
  const made = { number, name: step.name, hash, zkeySha256: sha256Hex(zkey) };
  const contribution = step.beacon ? { ...made, beacon: step.beacon } : made;
  directory.assertUnchanged(record);
  writeWhole(directory.key(number), zkey);
  directory.replaceRecord(record, { ...record, contributions: [...contributions, contribution] });
  return contribution;
}

function printable(check: () => string): string {
  try {
    return check();
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new CeremonyError('BAD_INPUT', cause.message, { cause });
  }
}
