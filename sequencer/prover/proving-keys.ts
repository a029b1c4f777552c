import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CIRCUIT_NAMES, type CircuitInfo, type CircuitName, circuitInfo, loadR1cs } from '../../circuits/artifacts.ts';
import { developmentSetup, verifyingKeyBytes } from '../../native/index.ts';
import { writeFileDurably } from '../operations/files.ts';

/** A circuit size with its proving key. */
export interface ProvingKey {
  circuit: CircuitInfo;
  /** The verifying key's number on chain. */
  vkId: number;
  /** The file of the key, up to 98 MB: read when it is loaded, not kept. */
  zkeyPath: string;
  /** 576 bytes as the program stores them. */
  verifyingKey: Uint8Array;
  verifyingKeySha256: Uint8Array;
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
    const verifyingKey = verifyingKeyBytes(readFileSync(path));
    const verifyingKeySha256 = new Uint8Array(createHash('sha256').update(verifyingKey).digest());
    keys.push({ circuit, vkId: CIRCUIT_NAMES.indexOf(name) + 1, zkeyPath: path, verifyingKey, verifyingKeySha256 });
  }
  return keys;
}
