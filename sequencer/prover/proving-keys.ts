import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CIRCUIT_NAMES, type CircuitInfo, circuitInfo, loadR1cs } from '../../circuits/artifacts.ts';
import { developmentSetup, NativeError, verifyingKeyBytes } from '../../native/index.ts';
import { CasinoError, messageOf } from '../errors.ts';
import { writeFileDurably } from '../operations/files.ts';

/** A circuit size with its proving key. */
export interface ProvingKey {
  circuit: CircuitInfo;
  /** The verifying key's number on chain. */
  vkId: number;
  zkey: Uint8Array;
  /** Where the proving key is from. */
  path: string;
  /** 576 bytes as the program stores them. */
  verifyingKey: Uint8Array;
}

/**
 * The proving keys of all sizes, smallest first: from `directory`, made there at first use. They are **development keys**: their
 * secret is public, so their proofs convince nobody who does not trust the operator anyway.
 */
export async function loadDevelopmentKeys(directory: string, onProgress: (message: string) => void): Promise<ProvingKey[]> {
  mkdirSync(directory, { recursive: true });
  const keys: ProvingKey[] = [];
  for (const [index, name] of CIRCUIT_NAMES.entries()) {
    const circuit = circuitInfo(name);
    const path = join(directory, `${name}-${circuit.r1csSha256.slice(0, 16)}.zkey`);
    if (!existsSync(path)) {
      onProgress(
        `making the development proving key ${index + 1} of ${CIRCUIT_NAMES.length}: ${name}, ${circuit.constraints} constraints`,
      );
      writeFileDurably(path, await developmentSetup(loadR1cs(name)));
    }
    const zkey = readFileSync(path);
    const verifyingKey = verifyingKeyOf(zkey, path);
    keys.push({ circuit, vkId: index + 1, zkey, path, verifyingKey });
  }
  return keys;
}

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
