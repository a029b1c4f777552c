import { createHash, randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type CeremonyRecord, ceremonyJson, parseCeremonyRecord } from '../protocol/ceremony-transcript.ts';
import { CeremonyError } from './errors.ts';

const RECORD = 'ceremony.json';
const POWERS_OF_TAU = 'powers-of-tau.ptau';
const PARTIAL = '.partial';

/** The directory of a ceremony: its record, the powers of tau, and the key after each contribution. A crash leaves no half file. */
export class CeremonyDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get powersOfTau(): string {
    return join(this.path, POWERS_OF_TAU);
  }

  /** Where the key after this many contributions is. */
  key(contributions: number): string {
    return join(this.path, `${String(contributions).padStart(4, '0')}.zkey`);
  }

  get hasCeremony(): boolean {
    return existsSync(join(this.path, RECORD));
  }

  /** `NOT_A_CEREMONY` if there is none that can be read. */
  record(): CeremonyRecord {
    try {
      return parseCeremonyRecord(readFileSync(join(this.path, RECORD), 'utf8'));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new CeremonyError('NOT_A_CEREMONY', `${this.path} holds no ceremony that can be read: ${reason}`, { cause });
    }
  }

  /** Adds to the record, unless it is no longer `known`: `CHANGED_MEANWHILE`. */
  replaceRecord(known: CeremonyRecord | undefined, next: CeremonyRecord): void {
    this.assertUnchanged(known);
    writeWhole(join(this.path, RECORD), new TextEncoder().encode(ceremonyJson(next)));
  }

  /** `CHANGED_MEANWHILE` unless the record is the `known` one, or none. */
  assertUnchanged(known: CeremonyRecord | undefined): void {
    const unchanged = known ? ceremonyJson(this.record()) === ceremonyJson(known) : !this.hasCeremony;
    if (!unchanged) throw new CeremonyError('CHANGED_MEANWHILE', `${RECORD} was changed while this step ran: do the step again`);
  }

  /** Removes what interrupted steps have left. */
  sweep(): void {
    for (const name of readdirSync(this.path)) if (name.endsWith(PARTIAL)) rmSync(join(this.path, name), { force: true });
  }
}

/** Writes a file whole or not at all: under another name, synced, renamed, and the folder synced. */
export function writeWhole(path: string, bytes: Uint8Array): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}${PARTIAL}`;
  try {
    const file = openSync(temporary, 'wx');
    try {
      for (let offset = 0; offset < bytes.length; ) offset += writeSync(file, bytes, offset);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    syncDirectory(dirname(path));
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** The bytes of a file; undefined if it is not there. */
export function readIfThere(path: string): Uint8Array | undefined {
  return existsSync(path) ? readFileSync(path) : undefined;
}

export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
