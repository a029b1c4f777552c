import {
  batchPages,
  betPages,
  configurationPages,
  historyPages,
  type Numbered,
  reconciliationPages,
  voidPages,
} from '../ledger/pages.ts';
import type { LedgerReader } from '../ledger/reader.ts';
import type {
  AuditRecord,
  BatchRecord,
  BetRecord,
  ConfigurationRecord,
  ReconciliationRecord,
  VoidRecord,
} from '../ledger/records.ts';

type Pages<T> = AsyncIterable<readonly T[]>;

/** Where an export's rows come from, a bounded page at a time. Each is read once, in this order. */
export interface LedgerSources {
  bets(): Pages<BetRecord>;
  batches(): Pages<BatchRecord>;
  batchHistory(): Pages<Numbered<AuditRecord>>;
  voided(): Pages<VoidRecord>;
  reconciliations(): Pages<Numbered<ReconciliationRecord>>;
  configurations(): Pages<Numbered<ConfigurationRecord>>;
}

/** Everything that a ledger holds. */
export const ledgerSources = (read: LedgerReader): LedgerSources => ({
  bets: () => steps(betPages(read)),
  batches: () => steps(batchPages(read)),
  batchHistory: () => steps(historyPages(read)),
  voided: () => steps(voidPages(read)),
  reconciliations: () => steps(reconciliationPages(read)),
  configurations: () => steps(configurationPages(read)),
});

/** Lets timers and signals have their turn between two pages. */
async function* steps<T>(pages: Generator<T[]>): AsyncGenerator<T[]> {
  for (const page of pages) {
    yield page;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
