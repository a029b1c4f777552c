import type { Logger } from 'pino';
import type { CircuitName } from '../../circuits/artifacts.ts';
import type { CasinoError } from '../errors.ts';
import type { BatchProver } from '../settlement/batch-prover.ts';
import { type LastProof, ProverPool } from './prover.ts';
import { loadCeremonyKeys, loadDevelopmentKeys, type ProvingKey } from './proving-keys.ts';

/** Where proofs come from: the keys, which the house must know, and what proves with them. */
export interface Proving {
  keys: readonly ProvingKey[];
  start(hooks: { log: Logger; onFatal(error: CasinoError): void }): RunningProvers;
}

export interface RunningProvers {
  /** Those that are loaded; more may come. */
  readonly provers: readonly BatchProver[];
  /** The newest proof of any size. */
  readonly lastProof: LastProof | undefined;
  stop(): Promise<void>;
}

/** What proves while proofs are off. */
export const NO_PROVERS: RunningProvers = { provers: [], lastProof: undefined, stop: async () => {} };

/** The native provers, with the keys of a ceremony if there is a directory of them, else with development keys, made at first use. */
export async function nativeProving(options: {
  paths: { provingKeys: string; tables: string };
  ceremonyKeys: string | undefined;
  circuits: readonly CircuitName[];
  threads: number;
  onProgress(message: string): void;
}): Promise<Proving> {
  const { paths, ceremonyKeys, circuits, threads, onProgress } = options;
  const keys = ceremonyKeys
    ? loadCeremonyKeys(ceremonyKeys, circuits)
    : await loadDevelopmentKeys(paths.provingKeys, { circuits, onProgress });
  return { keys, start: (hooks) => new ProverPool(keys, { threads, tableCache: paths.tables, ...hooks }) };
}
