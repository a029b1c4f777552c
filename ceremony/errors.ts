/**
 * A step of a ceremony that is not done. `code` is stable and append-only:
 * `BAD_INPUT` a name, a beacon, a file or a directory that can not be used, `NOT_A_CEREMONY` the directory holds no ceremony, or its
 * record is damaged, `ALREADY_STARTED` it holds one, `PTAU_UNUSABLE` the powers of tau are of another curve, too small, not prepared for
 * phase 2, or not what they claim, `FILE_DIFFERS` a key is not the one that the record names, `SEALED` the beacon has been put on top
 * already, `NOT_SEALED` it has not been yet, `CHANGED_MEANWHILE` another process has gone on with the same ceremony, `NOT_VERIFIED` what
 * would be exported does not hold, `TOOL_MISSING` snarkjs is not installed, `TOOL_FAILED` it has ended a step with an error.
 */
export class CeremonyError extends Error {
  readonly code: CeremonyErrorCode;

  constructor(code: CeremonyErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'CeremonyError';
    this.code = code;
  }
}

export type CeremonyErrorCode =
  | 'BAD_INPUT'
  | 'NOT_A_CEREMONY'
  | 'ALREADY_STARTED'
  | 'PTAU_UNUSABLE'
  | 'FILE_DIFFERS'
  | 'SEALED'
  | 'NOT_SEALED'
  | 'CHANGED_MEANWHILE'
  | 'NOT_VERIFIED'
  | 'TOOL_MISSING'
  | 'TOOL_FAILED';
