import type { CasinoClient } from '../client/client.ts';
import { ChainReader } from '../sequencer/chain/reader.ts';
import { connectRpc } from '../sequencer/chain/rpc.ts';
import { LedgerReader } from '../sequencer/ledger/reader.ts';
import { describeReport, reconcile } from '../sequencer/operations/reconcile.ts';
import { dataPaths } from '../sequencer/service.ts';

/** What a reconciliation found; `report` is for people. */
export interface DemoReconciliation {
  discrepancies: unknown[];
  report: string;
}

/** Compares the ledger on disk with the finalized chain, over connections of its own, while the services run. */
export async function reconcileData(input: {
  dataDirectory: string;
  rpcUrl: string;
  house: CasinoClient['house'];
}): Promise<DemoReconciliation> {
  const { program, house } = input.house;
  const reader = new ChainReader({ rpc: connectRpc(input.rpcUrl), program, house, nowMs: Date.now });
  const read = new LedgerReader(dataPaths(input.dataDirectory).ledger);
  try {
    const report = await reconcile({ reader, read, nowMs: Date.now });
    return { discrepancies: report.discrepancies, report: describeReport(report) };
  } finally {
    read.close();
  }
}
