/**
 * Why a verification cannot go on, which says nothing of the history. `retry`: trying again later may help.
 * `RPC_UNREACHABLE` the node gives no answer, or no whole one; `BLOBS_UNREACHABLE` where the blobs are kept does not answer;
 * `BAD_USAGE` what was asked for makes no sense for this chain; `CHECKPOINT_INVALID` the saved state is damaged or of another house.
 */
export type VerifierErrorCode = 'RPC_UNREACHABLE' | 'BLOBS_UNREACHABLE' | 'BAD_USAGE' | 'CHECKPOINT_INVALID';

export class VerifierError extends Error {
  readonly code: VerifierErrorCode;

  constructor(code: VerifierErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'VerifierError';
    this.code = code;
  }

  get retry(): boolean {
    return this.code === 'RPC_UNREACHABLE' || this.code === 'BLOBS_UNREACHABLE';
  }
}

/** The words of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
