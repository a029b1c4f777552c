import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BatchStatus } from '../client/api.ts';
import { receiptFileText, type SettlementHint } from '../protocol/receipt-file.ts';
import type { DemoBettor } from './demo-bettors.ts';
import type { DemoBet } from './demo-report.ts';

/** Writes the receipt file of the bet that was answered last into `<data>/receipts`; resolves to its path. */
export async function writeLastReceipt(input: {
  bettors: readonly DemoBettor[];
  answered: readonly DemoBet[];
  batches: readonly BatchStatus[];
  dataDirectory: string;
}): Promise<string> {
  const last = input.answered.reduce((one, other) => (other.answeredAtMs >= one.answeredAtMs ? other : one));
  const bettor = input.bettors.find(({ client }) => client.vaultAddress === last.vault);
  if (!bettor) throw new Error(`no bettor of this demo has vault ${last.vault}`);
  const file = await bettor.client.receiptFile(last.betNumber, settlementOf(last, input.batches));
  const directory = join(input.dataDirectory, 'receipts');
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${last.vault}-${last.betNumber}.json`);
  writeFileSync(path, receiptFileText(file));
  return path;
}

function settlementOf({ vault, betNumber }: DemoBet, batches: readonly BatchStatus[]): SettlementHint | undefined {
  const batch = batches.find(({ runs }) =>
    runs.some((run) => run.vault === vault && run.firstBet <= betNumber && betNumber < run.firstBet + BigInt(run.bets)),
  );
  if (!batch || batch.signature === null) return undefined;
  return { batchNumber: batch.number, signature: batch.signature, blobCid: batch.blobCid, blob: undefined };
}
