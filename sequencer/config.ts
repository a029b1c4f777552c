import type { Address } from '@solana/kit';
import { CIRCUIT_NAMES, type CircuitName } from '../circuits/artifacts.ts';

/** The program's address on a local chain. Elsewhere it is wherever it was deployed. */
export const LOCAL_PROGRAM_ADDRESS = 'ZKCasino11111111111111111111111111111111111' as Address;

/** All settings of the service. Times in milliseconds, amounts in base units. */
export interface Config {
  /** Everything that lasts: ledger, keys, proving keys, blobs. */
  dataDirectory: string;
  rpcUrl: string;
  /** Longest that one call to the chain may take, waiting for the node included. */
  rpcTimeoutMs: number;
  program: Address;
  host: string;
  port: number;
  /** Time of a slot, for limits that the chain counts in slots. */
  slotMs: number;
  /** How often the chain is looked at. */
  pollMs: number;
  batchWaitMs: number;
  batchThreshold: number;
  /** Whether batches are proven. Without proofs nothing settles: bets are answered, and owed. */
  proofs: boolean;
  /** Threads of one proof. */
  proverThreads: number;
  /** Most batches that are proven at a time. */
  parallelProofs: number;
  /** Where blobs are published, as `--blob-store` has it. */
  blobStores: readonly string[];
  /** Circuit sizes that batches are proven with. */
  circuits: readonly CircuitName[];
  /** Proving keys of a ceremony, with their transcripts. Undefined: development keys, which protect nobody, are made. */
  provingKeysDirectory?: string;
  maxStake: bigint;
  /** From one reconciliation to the next. */
  reconcileEveryMs: number;
  /** Below this many lamports the settler has to be paid. */
  settlerWarnLamports: bigint;
  /** How long a settled bet stays in the ledger before it moves to an archive file; 0: for ever. */
  archiveAfterMs: number;
  requestsPerMinute: number;
  /** Origins whose pages may use the API from a browser, `https://play.example` say; `*`: all. */
  corsOrigins: readonly string[];
  maxOpenBetsPerVault: number;
  /** What a house that is made at the first start gets. */
  profitBps: number;
  bankroll: bigint;
  exitDelaySlots: bigint;
  changeDelaySlots: bigint;
}

export const DEFAULTS: Omit<Config, 'dataDirectory' | 'rpcUrl'> = {
  program: LOCAL_PROGRAM_ADDRESS,
  rpcTimeoutMs: 10_000,
  host: '127.0.0.1',
  port: 8787,
  slotMs: 400,
  pollMs: 200,
  batchWaitMs: 100,
  batchThreshold: 50,
  proofs: true,
  proverThreads: 2,
  parallelProofs: 2,
  blobStores: ['files'],
  circuits: CIRCUIT_NAMES,
  maxStake: 1_000_000_000n,
  reconcileEveryMs: 60_000,
  settlerWarnLamports: 100_000_000n,
  archiveAfterMs: 30 * 86_400_000,
  requestsPerMinute: 600_000,
  corsOrigins: ['*'],
  maxOpenBetsPerVault: 500,
  profitBps: 9_800,
  bankroll: 1_000_000_000_000n,
  exitDelaySlots: 21_600n,
  changeDelaySlots: 43_200n,
};
