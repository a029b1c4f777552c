/**
 * The stable error codes of this folder; append only. All but `NATIVE_UNSUPPORTED` come from `src/error.rs`.
 *
 * - `INVALID_ARGUMENT`: wrong type, wrong number of bytes, or an option out of its range.
 * - `NOT_CANONICAL`: a field element is not below its modulus.
 * - `TOO_LARGE`: well formed, but above a documented limit.
 * - `BUSY`: the queue is full; the same call may succeed later.
 * - `MALFORMED_R1CS`, `MALFORMED_ZKEY`, `MALFORMED_WITNESS`, `MALFORMED_VERIFYING_KEY`: the file or key cannot be used.
 * - `UNSUPPORTED_FILE`: another curve, another protocol, or custom gates.
 * - `WITNESS_UNSATISFIED`: no proof of this witness exists.
 * - `ABORTED`: the caller's signal ended the job.
 * - `NO_ENTROPY`: the operating system gave no randomness.
 * - `INTERNAL`: a broken invariant of the kernel.
 * - `NATIVE_UNSUPPORTED`: this machine cannot load the binary; the message names what is missing and the way on.
 */
export const NATIVE_ERROR_CODES = [
  'INVALID_ARGUMENT',
  'NOT_CANONICAL',
  'TOO_LARGE',
  'BUSY',
  'MALFORMED_R1CS',
  'MALFORMED_ZKEY',
  'MALFORMED_WITNESS',
  'MALFORMED_VERIFYING_KEY',
  'UNSUPPORTED_FILE',
  'WITNESS_UNSATISFIED',
  'ABORTED',
  'NO_ENTROPY',
  'INTERNAL',
  'NATIVE_UNSUPPORTED',
] as const;

export type NativeErrorCode = (typeof NATIVE_ERROR_CODES)[number];

/** Every error that this folder throws or rejects with. */
export class NativeError extends Error {
  readonly code: NativeErrorCode;

  constructor(code: NativeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'NativeError';
    this.code = code;
  }
}

/** Turns what the binary throws (`CODE: message`) into a `NativeError`; anything else becomes `INTERNAL`. */
export function toNativeError(cause: unknown): NativeError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const [, prefix, message] = /^([A-Z0-9_]+): (.*)$/s.exec(text) ?? [];
  const code = NATIVE_ERROR_CODES.find((known) => known === prefix);
  if (code === undefined || message === undefined) return new NativeError('INTERNAL', text, { cause });
  return new NativeError(code, message, { cause });
}
