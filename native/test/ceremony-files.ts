/** The files of a ceremony that was not held, for tests of those who take them: only the key's own bytes are real. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CeremonyTranscript, ceremonyJson, provingKeyFile, transcriptFile } from '../../protocol/ceremony-transcript.ts';
import { verifyingKeyBytes } from '../index.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const LONG = '11'.repeat(64);

/** A transcript that names this key. */
export function transcriptFor(zkey: Uint8Array, circuit: { name: string; r1csSha256: string }): CeremonyTranscript {
  const [zkeySha256, verifyingKey] = [sha256(zkey), verifyingKeyBytes(zkey)];
  const beacon = { value: 'c0ffee'.repeat(11).slice(0, 64), iterationsExponent: 10, source: 'a test' };
  return {
    circuit: circuit.name,
    r1csSha256: circuit.r1csSha256,
    powersOfTau: { name: 'test.ptau', power: 13, sha256: '22'.repeat(32), blake2b512: LONG },
    circuitHash: LONG,
    initialZkeySha256: '33'.repeat(32),
    contributions: [
      { number: 1, name: 'Ada', hash: LONG, zkeySha256: '44'.repeat(32) },
      { number: 2, name: 'beacon', hash: LONG, zkeySha256, beacon },
    ],
    zkeySha256,
    verifyingKey: Buffer.from(verifyingKey).toString('hex'),
    verifyingKeySha256: sha256(verifyingKey),
    tools: {},
  };
}

/** Writes a key and a transcript where the service looks for them. */
export function writeCeremonyFiles(
  directory: string,
  input: { circuit: { name: string; r1csSha256: string }; zkey: Uint8Array; transcript?: CeremonyTranscript },
): { key: string; transcript: string } {
  const { circuit, zkey } = input;
  mkdirSync(directory, { recursive: true });
  const paths = { key: join(directory, provingKeyFile(circuit)), transcript: join(directory, transcriptFile(circuit)) };
  writeFileSync(paths.key, zkey);
  writeFileSync(paths.transcript, ceremonyJson(input.transcript ?? transcriptFor(zkey, circuit)));
  return paths;
}
