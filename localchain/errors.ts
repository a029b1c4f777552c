/** Stable codes of the failures that stop the local chain. Append-only. */
export type LocalChainErrorCode =
  | 'LOCALCHAIN_CONFIG_INVALID'
  | 'LOCALCHAIN_DATA_LOCKED'
  | 'LOCALCHAIN_GENESIS_INVALID'
  | 'LOCALCHAIN_GENESIS_MISSING'
  | 'LOCALCHAIN_PROGRAM_CHANGED'
  | 'LOCALCHAIN_PROGRAM_CORRUPT'
  | 'LOCALCHAIN_JOURNAL_CORRUPT'
  | 'LOCALCHAIN_SLOTS_CORRUPT'
  | 'LOCALCHAIN_REPLAY_DIVERGED'
  | 'LOCALCHAIN_WRITE_FAILED'
  | 'LOCALCHAIN_CLOSED'
  | 'LOCALCHAIN_START_FAILED';

/** An operating error of the local chain: the code is stable, the message says what the reader can do. */
export class LocalChainError extends Error {
  readonly code: LocalChainErrorCode;

  constructor(code: LocalChainErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LocalChainError';
    this.code = code;
  }
}

/** JSON-RPC error codes, as Solana's `rpc-custom-error` and the JSON-RPC 2.0 specification number them. */
export const RPC_ERROR = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  preflightFailure: -32002,
  signatureVerificationFailure: -32003,
  unsupportedTransactionVersion: -32015,
  minContextSlotNotReached: -32016,
  /** This chain's own: the queue before the journal is full, send the same bytes again later. */
  busy: -32099,
} as const;

/** An error answer of the JSON-RPC interface; `data` is the same object a Solana node would send. */
export class RpcError extends Error {
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.name = 'RpcError';
    this.code = code;
    this.data = data;
  }
}

/** Shorthand for the most frequent answer, `Invalid params`. */
export function invalidParams(message: string): RpcError {
  return new RpcError(RPC_ERROR.invalidParams, message);
}
