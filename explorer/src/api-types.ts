/* What the API answers, as docs/reference/api.md has it. Amounts and 64-bit numbers stay the decimal strings that they arrive as. */

export type Side = 'heads' | 'tails';
export type BatchState = 'Pending' | 'Proving' | 'Proved' | 'Submitted' | 'Confirmed' | 'Finalized' | 'Failed';
export type BetState = 'acknowledged' | BatchState | 'Voided';

export interface SignedJson {
  message: string;
  signature: string;
}

export interface BetSummary {
  bet_id: string;
  user: string;
  vault: string;
  nonce: string;
  terms_id: number;
  amount: string;
  guess: Side;
  outcome: Side;
  won: boolean;
  payout: string;
  balance: string;
  /** Milliseconds since the epoch. */
  time: number;
  status: BetState;
  batch: string | null;
  l1_signature: string | null;
}

export interface BetDetail extends BetSummary {
  /** Null if the service learnt the bet from the chain. */
  receipt: SignedJson | null;
  failed_reason: string | null;
  void_reason: string | null;
  balance_before: string;
  head_before: string;
  client_seed: string;
  server_seed: string;
  session_key: string;
  sig: string | null;
  vrf: { path: string[]; commitment: SignedJson };
  blob_cid: string | null;
  finalized: boolean;
}

export interface BetsPage {
  bets: BetSummary[];
  next: string | null;
}

export interface BatchRun {
  vault: string;
  start: string;
  after: string;
  first_nonce: string;
  bets: number;
}

export interface BatchSummary {
  number: string;
  status: BatchState;
  terms_id: number;
  size: string;
  bets: number;
  /** How many of its bets came up heads. */
  heads: number;
  blob_hash: string;
  blob_cid: string;
  attempts: number;
  prove_ms: number | null;
  compute_units: number | null;
  signature: string | null;
  created_at: number;
  updated_at: number;
  confirmed_at: number | null;
  finalized_at: number | null;
  vaults: BatchRun[];
}

export interface BatchDetail extends BatchSummary {
  history: { time: number; from: string; to: string; reason: string; attempt: number; signature: string }[];
}

export interface BatchesPage {
  batches: BatchSummary[];
  next: string | null;
}

export interface VerifyingKey {
  id: number;
  max_bets: number;
  max_vaults: number;
  key_hash: string;
  active_from_slot: string;
  retired_from_slot: string | null;
  development: boolean;
}

export interface House {
  house: string;
  program: string;
  genesis_hash: string;
  receipt_key: string;
  terms: { id: number; profit_bps: number; vrf_commitment: string };
  max_stake: string;
  balance: string;
  exposure: string;
  open_bets: number;
  last_batch: string;
  development_keys: boolean;
  authority: string;
  settler: string;
  mint: string;
  paused: boolean;
  exit_delay_slots: string;
  change_delay_slots: string;
  /** Ever opened. */
  vaults: string;
  liabilities: string;
  reserved: string;
  /** Challenges past their delay. */
  overdue: string;
  withdrawal: { amount: string; payable_slot: string; lapses_after_slot: string } | null;
  pending_changes: Record<string, unknown>[];
  verifying_keys: VerifyingKey[];
}

export interface Notice {
  code: string;
  message: string;
}

export interface Health {
  status: 'ok' | 'degraded';
  ready: boolean;
  leading: boolean;
  problems: Notice[];
  notices: Notice[];
  chain: { slot: string; age_ms: number; answered_ms_ago: number | null };
}

export interface Reconciliation {
  time: number;
  slot: string;
  vaults_checked: number;
  batches_checked: number;
  transfers_checked: number;
  complete: boolean;
  funds_differ: boolean;
  discrepancies: { kind: string; subject: string; expected: string; found: string; funds: boolean }[];
  omitted: number;
}

export type BetFilters = {
  user?: string;
  outcome?: Side;
  won?: 'true' | 'false';
  status?: BetState;
  batch?: string;
  from?: string;
  to?: string;
};
