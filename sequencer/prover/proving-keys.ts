import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CIRCUIT_NAMES, type CircuitInfo, type CircuitName, circuitInfo, loadR1cs } from '../../circuits/artifacts.ts';
import { hasDevelopmentMark } from '../../native/container.ts';
import { developmentSetup, NativeError, verifyingKeyBytes } from '../../native/index.ts';
import { type CeremonyTranscript, parseTranscript, provingKeyFile, transcriptFile } from '../../protocol/ceremony-transcript.ts';
import { keyWeakness } from '../../protocol/development-keys.ts';
import { CasinoError, messageOf } from '../errors.ts';
import { writeFileDurably } from '../operations/files.ts';

/** A circuit size with its proving key. */
export interface ProvingKey {
  circuit: CircuitInfo;
  /** The verifying key's number on chain. */
  vkId: number;
  /** The file of the proving key, up to 98 MB: read when it is loaded, not kept. */
  path: string;
  /** 576 bytes as the program stores them. */
  verifyingKey: Uint8Array;
}

/**
 * The proving keys of these sizes, smallest first: from `directory`, made there at first use. A size has the same number on chain
 * whichever others are loaded. They are **development keys**: their
 * secret is public, so their proofs convince nobody who does not trust the operator anyway.
 */
export async function loadDevelopmentKeys(
  directory: string,
  options: { circuits: readonly CircuitName[]; onProgress(message: string): void },
): Promise<ProvingKey[]> {
  const { circuits, onProgress } = options;
  mkdirSync(directory, { recursive: true });
  const keys: ProvingKey[] = [];
  for (const name of CIRCUIT_NAMES.filter((one) => circuits.includes(one))) {
    const circuit = circuitInfo(name);
    const path = join(directory, provingKeyFile(circuit));
    if (!existsSync(path)) {
      onProgress(
        `making the development proving key ${keys.length + 1} of ${circuits.length}: ${name}, ${circuit.constraints} constraints`,
      );
      writeFileDurably(path, await developmentSetup(loadR1cs(name)));
    }
    const verifyingKey = verifyingKeyOf(readFileSync(path), path);
    keys.push({ circuit, vkId: CIRCUIT_NAMES.indexOf(name) + 1, path, verifyingKey });
  }
  return keys;
}

/**
 * The proving keys of these sizes, smallest first, as a ceremony exported them: each must be the one of its transcript, for this circuit,
 * and no development key by its mark or by its bytes. `PROVING_KEY_INVALID` otherwise. That the transcript's ceremony took place as it
 * says is not looked at here: `casino keys ceremony verify` does that, with a tool that the service can not carry.
 */
export function loadCeremonyKeys(directory: string, circuits: readonly CircuitName[]): ProvingKey[] {
  return CIRCUIT_NAMES.filter((one) => circuits.includes(one)).map((name) => {
    const circuit = circuitInfo(name);
    const path = join(directory, provingKeyFile(circuit));
    const refuse = (reason: string) => {
      const way = 'put the files that the ceremony exported here, or leave the size out with --circuits';
      return new CasinoError('PROVING_KEY_INVALID', `${path}: ${reason}; ${way}`);
    };
    const transcript = readTranscript(join(directory, transcriptFile(circuit)), refuse);
    if (transcript.circuit !== name || transcript.r1csSha256 !== circuit.r1csSha256) {
      throw refuse(`the transcript is of a ceremony for another circuit than ${name} as it is now`);
    }
    if (!existsSync(path)) throw refuse('there is no such file');
    const zkey = readFileSync(path);
    const verifyingKey = verifyingKeyOf(zkey, path);
    if (hasDevelopmentMark(zkey)) throw refuse('this is a development key: its secret is public');
    if (sha256(zkey) !== transcript.zkeySha256) throw refuse("its SHA-256 is not that of the transcript's key");
    if (Buffer.from(verifyingKey).toString('hex') !== transcript.verifyingKey) {
      throw refuse("its verifying key is not the transcript's");
    }
    if (sha256(verifyingKey) !== transcript.verifyingKeySha256)
      throw refuse('the transcript contradicts itself in its verifying key');
    const weakness = keyWeakness(verifyingKey);
    if (weakness) throw refuse(`anyone can forge proofs under it (${weakness})`);
    return { circuit, vkId: CIRCUIT_NAMES.indexOf(name) + 1, path, verifyingKey };
  });
}

function readTranscript(path: string, refuse: (reason: string) => CasinoError): CeremonyTranscript {
  try {
    return parseTranscript(readFileSync(path, 'utf8'));
  } catch (error) {
    throw refuse(`its transcript can not be used (${messageOf(error)})`);
  }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function verifyingKeyOf(zkey: Uint8Array, path: string): Uint8Array {
  try {
    return verifyingKeyBytes(zkey);
  } catch (error) {
    throw keyFailure(path, error);
  }
}

/** What to say when a key does not load. A damaged file is never replaced by itself: it may be another key than a development key. */
export function keyFailure(path: string, error: unknown): CasinoError {
  const damaged = error instanceof NativeError && (error.code === 'MALFORMED_ZKEY' || error.code === 'UNSUPPORTED_FILE');
  if (!damaged)
    return new CasinoError('PROVER_FAILED', `the proving key ${path} does not load: ${messageOf(error)}`, { cause: error });
  const way = 'restore it from its copy; a development key may also be deleted, and is then made anew, the same';
  return new CasinoError('PROVING_KEY_INVALID', `${path} is damaged (${error.message}): ${way}`, { cause: error });
}
