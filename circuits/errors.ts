/**
 * A circuit, its artifact or its input is refused. `code` is stable and append-only:
 * `UNKNOWN_CIRCUIT` no such size in the manifest, `ARTIFACT_MISSING` and `ARTIFACT_CORRUPT` the committed file is absent or not
 * the recorded one, `BATCH_TOO_LARGE` the batch has more bets or vaults than the size takes, or none, `BAD_INPUT` an input signal is
 * missing, unknown, of another shape or not a field element, `WITNESS_REJECTED` the inputs break a constraint.
 */
export class CircuitError extends Error {
  readonly code: CircuitErrorCode;

  constructor(code: CircuitErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'CircuitError';
    this.code = code;
  }
}

export type CircuitErrorCode =
  | 'UNKNOWN_CIRCUIT'
  | 'ARTIFACT_MISSING'
  | 'ARTIFACT_CORRUPT'
  | 'BATCH_TOO_LARGE'
  | 'BAD_INPUT'
  | 'WITNESS_REJECTED';
