/** Every code that the service answers or stops with, append-only; docs/reference/errors.md lists them for readers. */
export const ERROR_CODES = {
  BAD_REQUEST: { status: 400, retry: false },
  BAD_SIGNATURE: { status: 400, retry: false },
  WRONG_SESSION_KEY: { status: 403, retry: false },
  NOT_FOUND: { status: 404, retry: false },
  UNKNOWN_VAULT: { status: 404, retry: true },
  BET_CONFLICT: { status: 409, retry: false },
  BET_GAP: { status: 409, retry: true },
  BODY_TOO_LARGE: { status: 413, retry: false },
  REFUSED: { status: 422, retry: false },
  RATE_LIMITED: { status: 429, retry: true },
  INTERNAL: { status: 500, retry: true },
  BUSY: { status: 503, retry: true },
  NOT_LEADING: { status: 503, retry: true },
  CONFIG_INVALID: { status: 500, retry: false },
  CHAIN_UNREACHABLE: { status: 503, retry: true },
  CHAIN_MISMATCH: { status: 500, retry: false },
  LEDGER_STALE: { status: 503, retry: false },
  LEDGER_FAILED: { status: 500, retry: true },
  LEDGER_LOCKED: { status: 500, retry: false },
  PROVER_FAILED: { status: 500, retry: true },
  BLOB_CORRUPT: { status: 500, retry: false },
  SETTLEMENT_REJECTED: { status: 500, retry: false },
  LEDGER_CORRUPT: { status: 500, retry: false },
  BLOB_FAILED: { status: 500, retry: true },
  HEADERS_TOO_LARGE: { status: 431, retry: false },
  REQUEST_TIMEOUT: { status: 408, retry: true },
  VAULT_CLOSED: { status: 410, retry: false },
  PROVING_KEY_INVALID: { status: 500, retry: false },
  BLOB_STORE_FAILED: { status: 503, retry: true },
  ARCHIVE_MISSING: { status: 503, retry: true },
  ARCHIVE_CORRUPT: { status: 500, retry: false },
  EXPORT_FAILED: { status: 500, retry: true },
  BACKUP_FAILED: { status: 500, retry: true },
  BACKUP_DAMAGED: { status: 500, retry: false },
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** An operating error: what went wrong, whether the same request may be sent again, and what the reader can do. */
export class CasinoError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  /** Whether the same bytes may succeed later. */
  readonly retry: boolean;
  /** Further fields of the answer, JSON values only. */
  readonly details: Record<string, unknown>;

  constructor(code: ErrorCode, message: string, options: { details?: Record<string, unknown>; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'CasinoError';
    this.code = code;
    this.status = ERROR_CODES[code].status;
    this.retry = ERROR_CODES[code].retry;
    this.details = options.details ?? {};
  }
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
