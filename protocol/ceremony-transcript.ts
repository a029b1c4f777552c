import { fromHex } from './bytes.ts';
import { ProtocolError } from './errors.ts';

/** Of a transcript, and of the record that a ceremony keeps while it lasts. */
export const TRANSCRIPT_FORMAT = 'zk-casino ceremony 1';
/** SHA-256 hashes have 64 hex digits, BLAKE2b-512 hashes 128, a verifying key of one public input has 576 bytes. */
const [SHORT_HASH, LONG_HASH, VERIFYING_KEY] = [64, 128, 1_152];
const MAX_CONTRIBUTIONS = 1_000;
const MAX_NAME_LENGTH = 64;
const MAX_TEXT_LENGTH = 500;
/** Letters, digits, marks, signs and spaces: nothing that a terminal would act on. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]+$/u;

/** The powers of tau that a ceremony starts from; hashes are of the whole file, in hex. */
export interface PowersOfTau {
  /** The file's name, for people. */
  name: string;
  /** The file is for circuits of up to 2^power rows. */
  power: number;
  sha256: string;
  blake2b512: string;
}

/** A public value that nobody could know when the last contribution was made, hashed 2^iterationsExponent times. */
export interface Beacon {
  /** Hex. */
  value: string;
  iterationsExponent: number;
  /** Where the value is from, so that others can look it up. */
  source: string;
}

export interface Contribution {
  /** From 1. */
  number: number;
  name: string;
  /** BLAKE2b-512 as snarkjs shows it to the participant. */
  hash: string;
  /** Of the proving key that came out. */
  zkeySha256: string;
  /** Of the last one only, which is nobody's. */
  beacon?: Beacon;
}

/** What a ceremony has come to. */
export interface CeremonyRecord {
  circuit: string;
  r1csSha256: string;
  powersOfTau: PowersOfTau;
  /** snarkjs's hash of the circuit's key before the first contribution, BLAKE2b-512. */
  circuitHash: string;
  initialZkeySha256: string;
  contributions: Contribution[];
}

/** What is published of a finished ceremony: it ends with a beacon, after at least one contribution. */
export interface CeremonyTranscript extends CeremonyRecord {
  zkeySha256: string;
  /** Hex of the bytes as the program stores them: 576 for a key of one public input. */
  verifyingKey: string;
  verifyingKeySha256: string;
  tools: Record<string, string>;
}

/** Reads the record of a ceremony that may still go on. `BAD_VALUE` names the field. */
export function parseCeremonyRecord(text: string): CeremonyRecord {
  const fields = new Fields(parseJson(text), 'the ceremony');
  const record = recordOf(fields);
  fields.finish();
  return record;
}

/** Reads a transcript: `BAD_VALUE` names the field that is missing, malformed, left over, or contradicts another. */
export function parseTranscript(text: string): CeremonyTranscript {
  const fields = new Fields(parseJson(text), 'the transcript');
  const record = recordOf(fields);
  const verifyingKey = fields.text('verifyingKey', /^([0-9a-f]{2})+$/);
  const transcript = {
    ...record,
    zkeySha256: fields.hash('zkeySha256', SHORT_HASH),
    verifyingKey,
    verifyingKeySha256: fields.hash('verifyingKeySha256', SHORT_HASH),
    tools: fields.object('tools').texts(),
  };
  fields.finish();
  const last = record.contributions.at(-1);
  if (!last?.beacon || record.contributions.length < 2)
    refuse('contributions do not end with a beacon after at least one of a person');
  if (last.zkeySha256 !== transcript.zkeySha256) refuse('zkeySha256 is not that of the last contribution');
  return transcript;
}

/** The verifying key of a transcript as the program stores it, 576 bytes. `BAD_LENGTH` if it is of another number of public inputs. */
export function transcriptKey(transcript: CeremonyTranscript): Uint8Array {
  if (transcript.verifyingKey.length !== VERIFYING_KEY) {
    throw new ProtocolError('BAD_LENGTH', 'the verifying key of the transcript is not one of 576 bytes');
  }
  return fromHex(transcript.verifyingKey, VERIFYING_KEY / 2);
}

/** The name of a circuit's proving key in a directory of keys. */
export function provingKeyFile(circuit: { name: string; r1csSha256: string }): string {
  return `${circuit.name}-${circuit.r1csSha256.slice(0, 16)}.zkey`;
}

/** The name of its transcript beside it. */
export function transcriptFile(circuit: { name: string }): string {
  return `${circuit.name}.transcript.json`;
}

/** The JSON of a record or transcript. */
export function ceremonyJson(record: CeremonyRecord): string {
  return `${JSON.stringify({ format: TRANSCRIPT_FORMAT, ...record }, null, 2)}\n`;
}

/** A participant's or file's name, or where a beacon is from; `BAD_VALUE` unless it prints as it is. */
export function assertPrintable(text: string, what: string, maxLength = MAX_NAME_LENGTH): string {
  if (text.length > maxLength || !PRINTABLE.test(text)) {
    refuse(`${what} must be 1 to ${maxLength} printable characters`);
  }
  return text;
}

/** Where a beacon is from, in words. */
export const assertSource = (text: string): string => assertPrintable(text, "the beacon's source", MAX_TEXT_LENGTH);

function recordOf(fields: Fields): CeremonyRecord {
  if (fields.text('format', /^.*$/) !== TRANSCRIPT_FORMAT) refuse(`format is not ${TRANSCRIPT_FORMAT}`);
  const tau = fields.object('powersOfTau');
  const powersOfTau = {
    name: tau.name('name'),
    power: tau.count('power', 28),
    sha256: tau.hash('sha256', SHORT_HASH),
    blake2b512: tau.hash('blake2b512', LONG_HASH),
  };
  tau.finish();
  const contributions = fields.list('contributions').map((entry, index) => contributionOf(entry, index + 1));
  if (contributions.slice(0, -1).some(({ beacon }) => beacon)) refuse('contributions go on after the beacon');
  return {
    circuit: fields.text('circuit', /^[a-z]{1,32}$/),
    r1csSha256: fields.hash('r1csSha256', SHORT_HASH),
    powersOfTau,
    circuitHash: fields.hash('circuitHash', LONG_HASH),
    initialZkeySha256: fields.hash('initialZkeySha256', SHORT_HASH),
    contributions,
  };
}

function contributionOf(fields: Fields, number: number): Contribution {
  if (fields.count('number', MAX_CONTRIBUTIONS) !== number) refuse(`contribution ${number} has another number`);
  const name = fields.name('name');
  const hash = fields.hash('hash', LONG_HASH);
  const contribution = { number, name, hash, zkeySha256: fields.hash('zkeySha256', SHORT_HASH) };
  const beacon = fields.has('beacon') ? beaconOf(fields.object('beacon')) : undefined;
  fields.finish();
  return beacon ? { ...contribution, beacon } : contribution;
}

function beaconOf(fields: Fields): Beacon {
  const value = fields.text('value', /^([0-9a-f]{2}){16,255}$/);
  const beacon = {
    value,
    iterationsExponent: fields.count('iterationsExponent', 63),
    source: assertSource(fields.text('source')),
  };
  fields.finish();
  return beacon;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return refuse('it is not JSON');
  }
}

/** The fields of a JSON object, each read once: what is left over is refused. */
class Fields {
  readonly #fields: Map<string, unknown>;
  readonly #what: string;

  constructor(value: unknown, what: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(`${what} is not an object`);
    this.#fields = new Map(Object.entries(value as object));
    this.#what = what;
  }

  has(name: string): boolean {
    return this.#fields.has(name);
  }

  text(name: string, shape = /^.{1,500}$/s): string {
    const value = this.#take(name);
    return typeof value === 'string' && shape.test(value) ? value : refuse(`${this.#what}: ${name} is missing or malformed`);
  }

  name(name: string): string {
    return assertPrintable(this.text(name), `${this.#what}: ${name}`);
  }

  hash(name: string, digits: number): string {
    return this.text(name, new RegExp(`^[0-9a-f]{${digits}}$`));
  }

  /** A whole number from 1. */
  count(name: string, max: number): number {
    const value = this.#take(name);
    const fits = typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= max;
    return fits ? value : refuse(`${this.#what}: ${name} is not a whole number from 1 to ${max}`);
  }

  object(name: string): Fields {
    return new Fields(this.#take(name), `${this.#what}: ${name}`);
  }

  list(name: string): Fields[] {
    const value = this.#take(name);
    if (!Array.isArray(value) || value.length > MAX_CONTRIBUTIONS)
      refuse(`${this.#what}: ${name} is not a list of up to ${MAX_CONTRIBUTIONS}`);
    return (value as unknown[]).map((entry, index) => new Fields(entry, `${this.#what}: ${name}[${index}]`));
  }

  texts(): Record<string, string> {
    return Object.fromEntries([...this.#fields.keys()].map((name) => [name, this.text(name)]));
  }

  finish(): void {
    const [left] = this.#fields.keys();
    if (left !== undefined) refuse(`${this.#what} has an unknown field ${left.slice(0, MAX_NAME_LENGTH)}`);
  }

  #take(name: string): unknown {
    const value = this.#fields.get(name);
    this.#fields.delete(name);
    return value;
  }
}

function refuse(message: string): never {
  throw new ProtocolError('BAD_VALUE', message);
}
