import { basename } from 'node:path';
import { hasDevelopmentMark } from '../native/container.ts';
import { NativeError } from '../native/errors.ts';
import { verifyingKeyBytes } from '../native/index.ts';
import type { CeremonyRecord, CeremonyTranscript, Contribution } from '../protocol/ceremony-transcript.ts';
import { keyWeakness } from '../protocol/development-keys.ts';
import type { CeremonyCircuit } from './circuit.ts';
import { type RecordedContribution, readContributions } from './contributions.ts';
import { CeremonyDirectory, readIfThere, sha256Hex } from './directory.ts';
import { CeremonyError } from './errors.ts';
import { describePowersOfTau } from './powers-of-tau.ts';
import type { Place } from './steps.ts';

/**
 * What does not hold, append only: `CIRCUIT` the ceremony is not for this circuit, `PTAU_DIFFERS` and `PTAU_INVALID` the powers of tau are
 * missing, others than recorded, or not sound, `KEY_DIFFERS` a key is missing, or not the one that the record names,
 * `CONTRIBUTION_MISSING` the key has fewer contributions than the record or more, `CONTRIBUTION_REPLACED` one of them is another,
 * `BEACON_DIFFERS` the beacon is not the one recorded, `CHAIN_INVALID` the key does not follow from circuit, powers of tau and
 * contributions, `DEVELOPMENT_KEY` its secret is public, `TRANSCRIPT_DIFFERS` the transcript says something else.
 */
export type FindingCode =
  | 'CIRCUIT'
  | 'PTAU_DIFFERS'
  | 'PTAU_INVALID'
  | 'KEY_DIFFERS'
  | 'CONTRIBUTION_MISSING'
  | 'CONTRIBUTION_REPLACED'
  | 'BEACON_DIFFERS'
  | 'CHAIN_INVALID'
  | 'DEVELOPMENT_KEY'
  | 'TRANSCRIPT_DIFFERS';

export interface Finding {
  code: FindingCode;
  message: string;
}

/** What a ceremony was found to be; it holds if nothing was found. */
export interface Verified {
  record: CeremonyRecord;
  /** Whether a beacon has ended it. */
  sealed: boolean;
  findings: Finding[];
  /** The last key's, as the program stores it; undefined if that key can not be read. */
  verifyingKey: Uint8Array | undefined;
}

export interface VerifyInput {
  circuit: CeremonyCircuit;
  transcript?: CeremonyTranscript;
  /** Takes the powers of tau for sound if they are the recorded ones: somebody else has verified the file with those hashes. */
  trustPowersOfTau?: boolean;
}

/** Recomputes everything that a ceremony's directory claims, from the circuit and the powers of tau to the last key. */
export async function verifyCeremony(place: Place, input: VerifyInput): Promise<Verified> {
  const directory = new CeremonyDirectory(place.directory);
  const record = directory.record();
  const findings: Finding[] = [];
  const found = (code: FindingCode, message: string) => findings.push({ code, message });
  const { circuit } = input;
  if (record.circuit !== circuit.name || record.r1csSha256 !== circuit.r1csSha256) {
    found('CIRCUIT', `the ceremony is for ${record.circuit} ${record.r1csSha256}, this is ${circuit.name} ${circuit.r1csSha256}`);
  }
  const ptau = readIfThere(directory.powersOfTau);
  findings.push(...(await checkPowersOfTau(place, { ptau, record, input })), ...checkFiles(directory, record));
  const path = directory.key(record.contributions.length);
  const zkey = readIfThere(path);
  const last = zkey ? checkLastKey(zkey, { name: basename(path), record }) : { findings: [] };
  findings.push(...last.findings);
  if (ptau && zkey && last.verifyingKey) {
    const { holds, reasons } = await place.snarkjs.verifyZkey({ r1cs: circuit.r1cs(), ptau, zkey });
    if (!holds) found('CHAIN_INVALID', `${basename(path)} does not verify: ${reasons.join('; ') || 'no reason given'}`);
  }
  const sealed = record.contributions.at(-1)?.beacon !== undefined;
  const { verifyingKey } = last;
  if (input.transcript) findings.push(...compareTranscript(input.transcript, record, verifyingKey));
  return { record, sealed, findings, verifyingKey };
}

async function checkPowersOfTau(
  place: Place,
  { ptau, record, input }: { ptau: Uint8Array | undefined; record: CeremonyRecord; input: VerifyInput },
): Promise<Finding[]> {
  const known = record.powersOfTau;
  if (!ptau) return [{ code: 'PTAU_DIFFERS', message: `the powers of tau are missing: ${known.name}, SHA-256 ${known.sha256}` }];
  try {
    const { power, sha256, blake2b512 } = describePowersOfTau(ptau, known.name);
    if (sha256 !== known.sha256 || blake2b512 !== known.blake2b512 || power !== known.power) {
      return [{ code: 'PTAU_DIFFERS', message: `the powers of tau have the SHA-256 ${sha256}, the record says ${known.sha256}` }];
    }
  } catch (error) {
    if (!(error instanceof CeremonyError)) throw error;
    return [{ code: 'PTAU_DIFFERS', message: error.message }];
  }
  if (input.trustPowersOfTau) return [];
  const { holds, reasons } = await place.snarkjs.verifyPowersOfTau(ptau);
  return holds ? [] : [{ code: 'PTAU_INVALID', message: `${known.name} does not verify: ${reasons.join('; ')}` }];
}

/** The last key has to be there; earlier ones need not be, since it carries every contribution. */
function checkFiles(directory: CeremonyDirectory, record: CeremonyRecord): Finding[] {
  const findings: Finding[] = [];
  const hashes = [record.initialZkeySha256, ...record.contributions.map(({ zkeySha256 }) => zkeySha256)];
  for (const [number, expected] of hashes.entries()) {
    const path = directory.key(number);
    const bytes = readIfThere(path);
    const sha256 = bytes && sha256Hex(bytes);
    if (sha256 === expected || (sha256 === undefined && number < hashes.length - 1)) continue;
    const message = `${basename(path)} ${sha256 ? `has the SHA-256 ${sha256}, the record says ${expected}` : 'is missing'}`;
    findings.push({ code: 'KEY_DIFFERS', message });
  }
  return findings;
}

function checkLastKey(
  zkey: Uint8Array,
  { name, record }: { name: string; record: CeremonyRecord },
): { findings: Finding[]; verifyingKey?: Uint8Array } {
  try {
    const { circuitHash, contributions } = readContributions(zkey);
    const verifyingKey = verifyingKeyBytes(zkey);
    const findings = [...compareContributions(record.contributions, contributions)];
    if (circuitHash !== record.circuitHash) {
      findings.push({ code: 'CIRCUIT', message: 'the key began as that of another circuit, or with other powers of tau' });
    }
    const weakness = weaknessOf(zkey, verifyingKey);
    if (weakness) findings.push({ code: 'DEVELOPMENT_KEY', message: `anyone can forge proofs under the key: ${weakness}` });
    return { findings, verifyingKey };
  } catch (error) {
    if (!(error instanceof NativeError || error instanceof CeremonyError)) throw error;
    return { findings: [{ code: 'KEY_DIFFERS', message: `${name} can not be read: ${error.message}` }] };
  }
}

/** Of keys with one public input, which all of this project are, more can be said than what the file says of itself. */
function weaknessOf(zkey: Uint8Array, verifyingKey: Uint8Array): string | undefined {
  if (hasDevelopmentMark(zkey)) return 'it carries the mark of a development key';
  const { contributions } = readContributions(zkey);
  // Before the first contribution every key is without a secret: that is what contributions are for.
  if (contributions.length === 0 || verifyingKey.length !== 576) return undefined;
  return keyWeakness(verifyingKey);
}

function compareContributions(recorded: readonly Contribution[], found: readonly RecordedContribution[]): Finding[] {
  const findings: Finding[] = [];
  if (recorded.length !== found.length) {
    const message = `the key has ${found.length} contributions, the record ${recorded.length}`;
    findings.push({ code: 'CONTRIBUTION_MISSING', message });
  }
  for (const [index, { number, name, hash, beacon }] of recorded.entries()) {
    const other = found[index];
    if (!other) continue;
    if (other.name !== name || other.hash !== hash) {
      const message = `contribution ${number} of ${name} (${hash.slice(0, 16)}…) is another one in the key: ${other.hash.slice(0, 16)}…`;
      findings.push({ code: 'CONTRIBUTION_REPLACED', message });
    }
    const same = beacon?.value === other.beacon?.value && beacon?.iterationsExponent === other.beacon?.iterationsExponent;
    if (!same) findings.push({ code: 'BEACON_DIFFERS', message: `the beacon of contribution ${number} is not the one recorded` });
  }
  return findings;
}

function compareTranscript(transcript: CeremonyTranscript, record: CeremonyRecord, key: Uint8Array | undefined): Finding[] {
  const { tools: _, ...claimed } = transcript;
  const actual = {
    ...record,
    zkeySha256: record.contributions.at(-1)?.zkeySha256,
    verifyingKey: key && Buffer.from(key).toString('hex'),
    verifyingKeySha256: key && sha256Hex(key),
  };
  const differing = Object.entries(claimed).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(actual[name as keyof typeof actual]),
  );
  return differing.map(([name]) => ({ code: 'TRANSCRIPT_DIFFERS', message: `the transcript's ${name} is not the ceremony's` }));
}
