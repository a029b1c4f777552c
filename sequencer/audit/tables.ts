import { CHAIN_CHANGES, DEPOSITS, WITHDRAWALS } from './chain-tables.ts';
import type { TableLayout } from './columns.ts';
import { BATCH_HISTORY, BATCH_RUNS, BATCHES, BETS, CONFIGURATIONS, RECONCILIATIONS, VOIDED } from './ledger-tables.ts';

export const LEDGER_TABLES: readonly TableLayout[] = [
  BETS,
  BATCHES,
  BATCH_RUNS,
  BATCH_HISTORY,
  VOIDED,
  RECONCILIATIONS,
  CONFIGURATIONS,
];

/** Of the finalized chain: absent from an export that was made without one. */
export const CHAIN_TABLES: readonly TableLayout[] = [DEPOSITS, WITHDRAWALS, CHAIN_CHANGES];

/** Every file of an export, in the manifest's order. */
export const TABLES: readonly TableLayout[] = [...LEDGER_TABLES, ...CHAIN_TABLES];
