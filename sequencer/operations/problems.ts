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
  ARCHIVE_DAMAGED: { stopsBets: false },
  ARCHIVING_FAILS: { stopsBets: false },
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

export interface Problem {
  code: ProblemCode;
  /** In words, for people. */
  message: string;
}
