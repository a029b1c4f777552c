import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type CeremonyTranscript, ceremonyJson, provingKeyFile, transcriptFile } from '../protocol/ceremony-transcript.ts';
import { CeremonyDirectory, readIfThere, sha256Hex, writeWhole } from './directory.ts';
import { CeremonyError } from './errors.ts';
import { Snarkjs } from './snarkjs.ts';
import type { Place } from './steps.ts';
import { type VerifyInput, verifyCeremony } from './verify.ts';

/** What was written, by its path. */
export interface Exported {
  transcript: CeremonyTranscript;
  files: { provingKey: string; verifyingKey: string; verifyingKeyJson: string; transcript: string };
}

/**
 * Verifies a finished ceremony in full, and writes what a service and an auditor need of it into `out`, the transcript last. Ceremonies of
 * several circuits may share `out`. `NOT_SEALED`, `NOT_VERIFIED` with all that was found.
 */
export async function exportCeremony(place: Place, input: Pick<VerifyInput, 'circuit'> & { out: string }): Promise<Exported> {
  const { circuit, out } = input;
  const { record, sealed, findings, verifyingKey } = await verifyCeremony(place, { circuit });
  if (findings.length > 0 || !verifyingKey) {
    const reasons = findings.map(({ code, message }) => `${code}: ${message}`);
    throw new CeremonyError('NOT_VERIFIED', `the ceremony does not hold:\n${reasons.join('\n')}`);
  }
  const last = record.contributions.at(-1);
  if (!sealed || !last) throw new CeremonyError('NOT_SEALED', 'no beacon has ended the ceremony yet');
  const zkey = readIfThere(new CeremonyDirectory(place.directory).key(record.contributions.length));
  if (!zkey || sha256Hex(zkey) !== last.zkeySha256) {
    throw new CeremonyError('FILE_DIFFERS', 'the last key was changed while it was verified');
  }
  const transcript = {
    ...record,
    zkeySha256: last.zkeySha256,
    verifyingKey: Buffer.from(verifyingKey).toString('hex'),
    verifyingKeySha256: sha256Hex(verifyingKey),
    tools: { snarkjs: Snarkjs.version(), node: process.versions.node },
  };
  mkdirSync(out, { recursive: true });
  const files = {
    provingKey: join(out, provingKeyFile(circuit)),
    verifyingKey: join(out, `${circuit.name}.verifying-key.bin`),
    verifyingKeyJson: join(out, `${circuit.name}.verifying-key.json`),
    transcript: join(out, transcriptFile(circuit)),
  };
  writeWhole(files.provingKey, zkey);
  writeWhole(files.verifyingKey, verifyingKey);
  const json = await place.snarkjs.verificationKey(zkey);
  writeWhole(files.verifyingKeyJson, new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`));
  writeWhole(files.transcript, new TextEncoder().encode(ceremonyJson(transcript)));
  return { transcript, files };
}
