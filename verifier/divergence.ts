import type { TransactionFault } from './transaction.ts';

/**
 * What can be wrong, by a code that stays; docs/auditing/verify.md says what each means. Append-only.
 */
export type DivergenceCode =
  | TransactionFault
  // the history
  | 'history-incomplete'
  | 'transaction-duplicate'
  | 'transaction-order'
  | 'event-mismatch'
  // blobs
  | 'blob-missing'
  | 'blob-altered'
  | 'blob-malformed'
  | 'blob-header'
  | 'blob-run'
  | 'blob-outcome'
  | 'blob-delta'
  // a batch
  | 'batch-instruction'
  | 'batch-number'
  | 'batch-terms'
  | 'batch-key'
  | 'session-key'
  | 'head-chain'
  | 'session-signature'
  | 'outcome'
  | 'stake'
  | 'balance-negative'
  | 'run-balance'
  | 'proof'
  // the state
  | 'house-setup'
  | 'terms'
  | 'verifying-key'
  | 'vault-opened'
  | 'vault-unknown'
  | 'vault-frozen'
  | 'authority'
  | 'deposit'
  | 'withdrawal'
  | 'claim'
  | 'transfer-number'
  | 'transfer'
  | 'exit'
  | 'key-rotation'
  | 'challenge'
  | 'house-balance'
  | 'house-payment'
  | 'change'
  | 'liabilities'
  // the accounts
  | 'account-missing'
  | 'account-owner'
  | 'account-malformed'
  | 'house-account'
  | 'vault-account'
  | 'terms-account'
  | 'key-account'
  | 'vault-unlisted'
  | 'escrow';

/** One thing that is not as it must be. Values are in words: amounts in base units, hashes in hex, addresses in base58. */
export interface Divergence {
  code: DivergenceCode;
  message: string;
  transaction?: string;
  slot?: string;
  batch?: string;
  vault?: string;
  /** Number of the bet in its vault. */
  bet?: string;
  account?: string;
  expected?: string;
  found?: string;
}
