import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CIRCUIT_NAMES, type CircuitInfo, type CircuitName, circuitInfo, loadR1cs } from '../../circuits/artifacts.ts';
import { developmentSetup, NativeError, verifyingKeyBytes } from '../../native/index.ts';
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
    const path = join(directory, `${name}-${circuit.r1csSha256.slice(0, 16)}.zkey`);
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
