/**
 * What the client itself refuses or gives up on, append-only.
 *
 * - `API_UNREACHABLE` no answer within the retry limit
 * - `BAD_ANSWER` an answer that is not of the documented shape
 * - `CHAIN_MISMATCH` the service names a house, terms or cluster that the chain does not show
 * - `CHAIN_FAILED` the chain's node could not be asked within the limit
 * - `NO_VAULT` the wallet has no vault in this house yet
 * - `NO_SIGNING_RECORD` the vault has bets that this store knows nothing of: signing here could sign a bet number twice
 * - `WRONG_SESSION_KEY` the vault is registered for another session key than this store makes
 * - `RECORD_CONFLICT` the service's or chain's next bet number or head is not the one recorded here
 * - `OUTSIDE_LIMIT` the bet is outside every limit that the house has signed; nothing was signed
 * - `INSUFFICIENT_BALANCE` the stake is above the balance; nothing was signed
 * - `TOO_MANY_REFUSALS` so many bets with one number were refused that no more are signed
 * - `TERMS_CHANGED` the house now takes bets under other terms than this client was connected with
 * - `TRANSACTION_FAILED`, `TRANSACTION_EXPIRED` the chain rejected the transaction, or never took it
 * - `TIMEOUT` a wait reached its limit
 * - `STORE_LOCKED`, `STORE_CORRUPT` another process has the store open; what it holds is not what was written
 * - `EVENTS_OVERFLOW` of earlier versions: a reader that is too slow is now told again what it missed, or of a `gap`
 * - `VAULT_CLOSED` the owner has left by a forced exit: nothing but a claim is left to do
 * - `REQUEST_OPEN`, `NO_REQUEST` a withdrawal request is open already; none is
 * - `EXIT_TOO_EARLY` the request's deadline has not passed: until then the house may pay it
 * - `NOTHING_TO_CLAIM` the vault holds nothing that was paid out and not claimed
 * - `BET_VOIDED` the bet was not settled before the vault's forced exit, and never will be
 * - `ROTATION_TOO_EARLY` the key before the present one is still valid: the next rotation has to wait for its end
 * - `NO_RECEIPT`, `RECEIPT_INCOMPLETE` the store has no receipt of the bet; it kept less of it than a receipt file needs
 * - `STORE_UNAVAILABLE` the browser gives no durable storage or no locks, or has closed the store
 * - `WALLET_FAILED` the wallet lacks a feature, its user declined, or it signed something else than asked
 * - `BET_PENDING` the bet is signed and stays pending, because an earlier one is not answered; the next call sends both again
 */
export type ClientErrorCode =
  | 'API_UNREACHABLE'
  | 'BAD_ANSWER'
  | 'CHAIN_MISMATCH'
  | 'CHAIN_FAILED'
  | 'NO_VAULT'
  | 'NO_SIGNING_RECORD'
  | 'WRONG_SESSION_KEY'
  | 'RECORD_CONFLICT'
  | 'OUTSIDE_LIMIT'
  | 'INSUFFICIENT_BALANCE'
  | 'TOO_MANY_REFUSALS'
  | 'TERMS_CHANGED'
  | 'TRANSACTION_FAILED'
  | 'TRANSACTION_EXPIRED'
  | 'TIMEOUT'
  | 'STORE_LOCKED'
  | 'STORE_CORRUPT'
  | 'EVENTS_OVERFLOW'
  | 'VAULT_CLOSED'
  | 'REQUEST_OPEN'
  | 'NO_REQUEST'
  | 'EXIT_TOO_EARLY'
  | 'NOTHING_TO_CLAIM'
  | 'BET_VOIDED'
  | 'ROTATION_TOO_EARLY'
  | 'NO_RECEIPT'
  | 'RECEIPT_INCOMPLETE'
  | 'STORE_UNAVAILABLE'
  | 'WALLET_FAILED'
  | 'BET_PENDING';

/** Something that the client refuses to do or gave up on. */
export class ClientError extends Error {
  readonly code: ClientErrorCode;

  constructor(code: ClientErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'ClientError';
    this.code = code;
  }
}

/**
 * Every code that the service answers with; docs/reference/errors.md says what each means. `UNKNOWN` stands for an answer without a code, as
 * a proxy gives it, and for a code that this version does not know, which is then in `details.code`.
 */
export const API_ERROR_CODES = [
  'BAD_REQUEST',
  'BAD_SIGNATURE',
  'WRONG_SESSION_KEY',
  'NOT_FOUND',
  'UNKNOWN_VAULT',
  'BET_CONFLICT',
  'BET_GAP',
  'BODY_TOO_LARGE',
  'REFUSED',
  'RATE_LIMITED',
  'INTERNAL',
  'BUSY',
  'NOT_LEADING',
  'CONFIG_INVALID',
  'CHAIN_UNREACHABLE',
  'CHAIN_MISMATCH',
  'LEDGER_STALE',
  'LEDGER_FAILED',
  'LEDGER_LOCKED',
  'PROVER_FAILED',
  'BLOB_CORRUPT',
  'SETTLEMENT_REJECTED',
  'LEDGER_CORRUPT',
  'BLOB_FAILED',
  'HEADERS_TOO_LARGE',
  'REQUEST_TIMEOUT',
  'VAULT_CLOSED',
  'PROVING_KEY_INVALID',
  'BLOB_STORE_FAILED',
  'ARCHIVE_MISSING',
  'ARCHIVE_CORRUPT',
  'EXPORT_FAILED',
  'BACKUP_FAILED',
  'BACKUP_DAMAGED',
  'UNKNOWN',
] as const;

export type ApiErrorCode = (typeof API_ERROR_CODES)[number];

const isApiErrorCode = (code: string): code is ApiErrorCode => (API_ERROR_CODES as readonly string[]).includes(code);

/** A coded error of the service, as it answered it. */
export class CasinoApiError extends Error {
  readonly code: ApiErrorCode;
  readonly status: number;
  /** Whether the same bytes may succeed later. */
  readonly retry: boolean;
  /** Further fields of the error, JSON values. */
  readonly details: Readonly<Record<string, unknown>>;
  /** The wait that the service asked for, if it did. */
  readonly retryAfterMs: number | undefined;

  constructor(input: {
    code: string;
    message: string;
    status: number;
    retry: boolean;
    details: Record<string, unknown>;
    retryAfterMs?: number | undefined;
  }) {
    super(input.message);
    this.name = 'CasinoApiError';
    this.code = isApiErrorCode(input.code) ? input.code : 'UNKNOWN';
    this.status = input.status;
    this.retry = input.retry;
    this.details = this.code === input.code ? input.details : { ...input.details, code: input.code };
    this.retryAfterMs = input.retryAfterMs;
  }
}

/** What a fraud evidence is about, append-only. */
export type FraudKind =
  | 'receipt-signature'
  | 'receipt-of-another-bet'
  | 'seed-not-committed'
  | 'second-seed-root'
  | 'seed-commitment'
  | 'outcome'
  | 'payout'
  | 'balance'
  | 'answer-differs-from-receipt'
  | 'limit'
  | 'refusal'
  | 'refusal-within-limit'
  | 'refusal-after-receipt'
  | 'second-receipt';

/**
 * The service contradicted itself, the chain or the rules. `signedByHouse` tells whether the contradiction stands in bytes that the
 * house signed, so that it can be held against it; without it the answer is wrong, but only this client knows who sent it.
 */
export class FraudEvidenceError extends Error {
  readonly kind: FraudKind;
  readonly signedByHouse: boolean;
  /** The bytes, lower-case hex by name. */
  readonly evidence: Readonly<Record<string, string>>;

  constructor(kind: FraudKind, message: string, input: { signedByHouse: boolean; evidence: Record<string, string> }) {
    super(message);
    this.name = 'FraudEvidenceError';
    this.kind = kind;
    this.signedByHouse = input.signedByHouse;
    this.evidence = input.evidence;
  }
}

/** The house refused a bet for good, with its signature; the same bet number may be signed anew. */
export class BetRefusedError extends Error {
  /** Name of the refusal's code: `outside-limit`, `insufficient-balance` or `restored`. */
  readonly reason: string;
  readonly betNumber: bigint;
  /** Head of the refused bet, hex. */
  readonly head: string;

  constructor(input: { reason: string; betNumber: bigint; head: string }) {
    super(`bet ${input.betNumber} was refused: ${input.reason}`);
    this.name = 'BetRefusedError';
    this.reason = input.reason;
    this.betNumber = input.betNumber;
    this.head = input.head;
  }
}

/**
 * The bet was signed behind one that the house then refused. What it was built on is barred, so it can never count: place it anew.
 * `refused` is what befell the earlier one.
 */
export class BetDroppedError extends Error {
  readonly betNumber: bigint;
  /** Head of the dropped bet, hex. */
  readonly head: string;
  readonly refused: BetRefusedError;

  constructor(input: { betNumber: bigint; head: string; refused: BetRefusedError }) {
    super(`bet ${input.betNumber} was dropped, because bet ${input.refused.betNumber} before it was refused; place it anew`);
    this.name = 'BetDroppedError';
    this.betNumber = input.betNumber;
    this.head = input.head;
    this.refused = input.refused;
  }
}
