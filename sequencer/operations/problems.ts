/**
 * What health can complain of, append-only; docs/reference/errors.md says what to do about each. `stopsBets`: no bet is taken while it
 * lasts, so that the service is not ready.
 */
export const PROBLEMS = {
  CHAIN_UNSEEN: { stopsBets: true },
  CHAIN_STALE: { stopsBets: true },
  NOT_LEADING: { stopsBets: true },
  FUNDS_DIFFER: { stopsBets: true },
  LEDGER_FAILED: { stopsBets: true },
  LEDGER_BEHIND: { stopsBets: true },
  CHAIN_SILENT: { stopsBets: false },
  RECORDS_DIFFER: { stopsBets: false },
  RECONCILIATION_LATE: { stopsBets: false },
  SETTLEMENT_STUCK: { stopsBets: false },
  SETTLEMENT_LATE: { stopsBets: false },
  SETTLER_LOW: { stopsBets: false },
  SETTLER_EMPTY: { stopsBets: false },
  PROOFS_OFF: { stopsBets: false },
  DISK_LOW: { stopsBets: false },
  NOT_RECONCILED: { stopsBets: true },
  BLOB_STORE_DOWN: { stopsBets: false },
  BLOB_STORE_CORRUPT: { stopsBets: false },
  ARCHIVE_DAMAGED: { stopsBets: false },
  ARCHIVING_FAILS: { stopsBets: false },
} as const;

/** What health says beside its problems: true of the house as it is set up, and no fault of the service. Append-only, as above. */
export const NOTICES = {
  DEVELOPMENT_KEYS:
    'the house takes proofs under DEVELOPMENT KEYS: their secret is public, so anyone could forge a settlement with the help of the settler key; no real money',
} as const;

export type NoticeCode = keyof typeof NOTICES;

export type ProblemCode = keyof typeof PROBLEMS;

export interface Problem {
  code: ProblemCode;
  /** In words, for people. */
  message: string;
}
