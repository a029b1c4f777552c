import type { BatchStatement } from '../../protocol/batch.ts';

/** What settlement asks of a prover: the proofs of one circuit size. */
export interface BatchProver {
  readonly circuit: { readonly name: string };
  /** `SETTLEMENT_REJECTED` if no proof exists, `PROVER_FAILED` if the attempt broke down. */
  prove(statement: BatchStatement, signal: AbortSignal): Promise<Proof>;
}

export interface Proof {
  /** 128 bytes, as `settle_batch` carries it. */
  compressed: Uint8Array;
  witnessMs: number;
  proveMs: number;
}
