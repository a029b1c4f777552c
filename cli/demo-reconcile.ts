import { describeReport } from '../sequencer/operations/reconcile.ts';
import { reconcileData } from './reconcile.ts';

/** What a reconciliation found; `report` is for people. */
export interface DemoReconciliation {
  discrepancies: unknown[];
  report: string;
}

/** Compares the ledger on disk with the finalized chain, while the services run. */
export async function reconcileDemo(input: { dataDirectory: string; rpcUrl: string }): Promise<DemoReconciliation> {
  const report = await reconcileData(input);
  return { discrepancies: report.discrepancies, report: describeReport(report) };
}
