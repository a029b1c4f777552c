/**
 * A value from outside that the protocol refuses. `code` is stable and append-only:
 * `NOT_CANONICAL` a field element, scalar or lane outside its range, `BAD_LENGTH` bytes missing or left over,
 * `BAD_VALUE` a value of the right size that the layout forbids, `BAD_TAG` a message of another kind.
 */
export class ProtocolError extends Error {
  readonly code: ProtocolErrorCode;

  constructor(code: ProtocolErrorCode, message: string) {
    super(message);
    this.name = 'ProtocolError';
    this.code = code;
  }
}

export type ProtocolErrorCode = 'NOT_CANONICAL' | 'BAD_LENGTH' | 'BAD_VALUE' | 'BAD_TAG';
