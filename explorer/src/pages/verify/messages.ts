import type { BetCheck } from '../../../../verifier/bet/checks.ts';
import type { BetReport } from '../../../../verifier/bet/verify-bet.ts';
import type { VerifyProgress, VerifyReport } from '../../../../verifier/chain.ts';

/** Where facts come from. None of them has to be the operator's. */
export interface Sources {
  /** JSON-RPC of a node of the chain. */
  rpcUrl: string;
  /** An address below which each blob has its CID. */
  blobsUrl: string;
}

/** What the page asks of the worker. */
export type Request =
  | { type: 'bet'; receiptFile: string; sources: Sources; house: string | undefined }
  | { type: 'house'; sources: Sources; program: string; house: string; fresh: boolean }
  | { type: 'stop' };

/** Why there is no result, which says nothing of the house: the verifier's code, or `UNEXPECTED`. */
export interface Failure {
  code: string;
  message: string;
}

/** What the worker answers; `report` and `failed` are the last. */
export type Answer =
  | { type: 'check'; check: BetCheck }
  | { type: 'bet'; report: BetReport }
  | { type: 'progress'; progress: VerifyProgress }
  /** Whether the state up to here is kept, so that a later run goes on from it. */
  | { type: 'kept'; kept: boolean }
  | { type: 'house'; report: VerifyReport }
  | { type: 'failed'; failure: Failure };
