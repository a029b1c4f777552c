/** Every code that the service answers or stops with, append-only; GET /v1/errors lists them, docs/reference/errors.md says what to do. */
export const ERROR_CODES = {
  BAD_REQUEST: { status: 400, retry: false, meaning: 'malformed: the message names the field' },
  BAD_SIGNATURE: { status: 400, retry: false, meaning: "the signature does not fit this bet on the vault's last head" },
  WRONG_SESSION_KEY: { status: 403, retry: false, meaning: 'not the key that the vault registered, or not valid at this slot' },
  NOT_FOUND: { status: 404, retry: false, meaning: 'no such route, bet, batch or blob' },
  UNKNOWN_VAULT: { status: 404, retry: true, meaning: 'no finalized vault of this owner: open one, or wait for finality' },
  BET_CONFLICT: { status: 409, retry: false, meaning: 'this number holds another bet' },
  BET_GAP: { status: 409, retry: true, meaning: 'an earlier number is missing' },
  BODY_TOO_LARGE: { status: 413, retry: false, meaning: 'the body is over 4,096 bytes' },
  REFUSED: { status: 422, retry: false, meaning: "refused for good, with the house's signed refusal" },
  RATE_LIMITED: { status: 429, retry: true, meaning: 'too many requests from this address' },
  INTERNAL: { status: 500, retry: true, meaning: 'the service failed' },
  BUSY: { status: 503, retry: true, meaning: 'bankroll, capacity, load or an open request: not a refusal' },
  NOT_LEADING: {
    status: 503,
    retry: true,
    meaning: 'another process leads the house, or the chain has not been seen for too long',
  },
  CONFIG_INVALID: { status: 500, retry: false, meaning: 'a setting is wrong' },
  CHAIN_UNREACHABLE: { status: 503, retry: true, meaning: 'the chain gives no answer' },
  CHAIN_MISMATCH: { status: 500, retry: false, meaning: 'house, keys or ledger belong to another chain or operator' },
  LEDGER_STALE: {
    status: 503,
    retry: false,
    meaning: 'this ledger has lost commits, or the chain shows something that it has missed',
  },
  LEDGER_FAILED: { status: 500, retry: true, meaning: 'the disk failed; the process restarts and reads the truth from it' },
  LEDGER_LOCKED: { status: 500, retry: false, meaning: 'another process has the data directory' },
  PROVER_FAILED: { status: 500, retry: true, meaning: 'a prover does not start, or does not end' },
  BLOB_CORRUPT: { status: 500, retry: false, meaning: 'a stored blob is not what its name says' },
  SETTLEMENT_REJECTED: { status: 500, retry: false, meaning: 'the chain refuses a set-up step' },
  LEDGER_CORRUPT: { status: 500, retry: false, meaning: 'a row of the ledger is not what was written' },
  BLOB_FAILED: { status: 500, retry: true, meaning: 'a blob can not be written' },
  HEADERS_TOO_LARGE: { status: 431, retry: false, meaning: 'over 8,192 bytes of headers' },
  REQUEST_TIMEOUT: { status: 408, retry: true, meaning: 'the request did not arrive in time' },
  VAULT_CLOSED: { status: 410, retry: false, meaning: 'the owner has left by a forced exit: the vault takes no bet ever again' },
  PROVING_KEY_INVALID: {
    status: 500,
    retry: false,
    meaning: "a proving key's file is damaged, or is not the one that the house or its transcript has",
  },
  BLOB_STORE_FAILED: { status: 503, retry: true, meaning: 'a store where blobs are published does not do what it is asked' },
  ARCHIVE_MISSING: { status: 503, retry: true, meaning: 'the bet is in an archive file that can not be read now' },
  ARCHIVE_CORRUPT: { status: 500, retry: false, meaning: 'the bet is in an archive file that is not what was written' },
  EXPORT_FAILED: { status: 500, retry: true, meaning: 'a file of an export can not be written' },
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
