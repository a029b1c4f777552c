import type { ChainReader } from '../chain/reader.ts';
import type { LedgerReader } from '../ledger/reader.ts';
import { type ReconciliationChain, SolanaReconciliationChain } from './reconcile-chain.ts';
import { checkCounters, checkHouse, checkVaults, type Discrepancy, knownBefore } from './reconcile-checks.ts';
import { checkSignatures, FROM_THE_NEWEST, type SignatureCursor } from './reconcile-signatures.ts';

/** Time after which a difference is looked at once more: what the service has just done may not be on both sides yet. */
const SECOND_LOOK_AFTER_MS = 1_500;
/** Differences that a report names; of more it tells the number. */
const MAX_NAMED = 1_000;

export interface ReconciliationReport {
  timeMs: number;
  slot: bigint;
  vaultsChecked: number;
  batchesChecked: number;
  transfersChecked: number;
  /** Whether every stored signature has been asked for, and not the newest and some of the older ones. */
  complete: boolean;
  discrepancies: Discrepancy[];
  /** Further differences, not named. */
  omitted: number;
  /** Whether money is wrong, and not records alone. */
  fundsDiffer: boolean;
}

export interface ReconcileInput {
  chain: ReconciliationChain;
  read: LedgerReader;
  nowMs(): number;
  sleep(durationMs: number): Promise<void>;
  cursor: SignatureCursor;
  /** Pages of 256 stored signatures, of batches and of transfers each. */
  maxSignaturePages: number;
}

/** Compares everything, every stored signature included, with the finalized chain. */
export async function reconcile(input: {
  reader: ChainReader;
  read: LedgerReader;
  nowMs(): number;
}): Promise<ReconciliationReport> {
  const sleep = (durationMs: number) => new Promise<void>((resolve) => setTimeout(resolve, durationMs));
  const chain = new SolanaReconciliationChain(input.reader);
  const whole = { cursor: FROM_THE_NEWEST, maxSignaturePages: Number.POSITIVE_INFINITY };
  return (await reconcileChain({ ...input, ...whole, chain, sleep })).report;
}

/**
 * Compares every vault, the house, the escrow, the last batch and a bounded number of stored signatures with the finalized chain. A
 * difference counts if a second look shows it too.
 */
export async function reconcileChain(input: ReconcileInput): Promise<{ report: ReconciliationReport; cursor: SignatureCursor }> {
  const first = await look(input);
  if (first.discrepancies.length === 0) return { report: reportOf(first, input.nowMs()), cursor: first.cursor };
  await input.sleep(SECOND_LOOK_AFTER_MS);
  const second = await look(input);
  const seen = new Set(first.discrepancies.map(nameOf));
  const discrepancies = second.discrepancies.filter((one) => seen.has(nameOf(one)));
  return { report: reportOf({ ...second, discrepancies }, input.nowMs()), cursor: second.cursor };
}

interface Look extends Pick<ReconciliationReport, 'slot' | 'vaultsChecked' | 'batchesChecked' | 'transfersChecked' | 'complete'> {
  discrepancies: Discrepancy[];
  cursor: SignatureCursor;
}

async function look({ chain, read, cursor, maxSignaturePages }: ReconcileInput): Promise<Look> {
  const before = knownBefore(read);
  const snapshot = await chain.snapshot();
  const { house } = snapshot;
  const discrepancies = [
    ...(await checkVaults({ chain, read, snapshot }, before)),
    ...checkHouse(snapshot),
    ...checkCounters(house, read, before),
  ];
  const { lastTransfer } = house;
  const signatures = await checkSignatures({ chain, read, lastTransfer, cursor, maxPages: maxSignaturePages });
  return {
    slot: snapshot.slot,
    vaultsChecked: snapshot.vaults.size,
    batchesChecked: signatures.batches,
    transfersChecked: signatures.transfers,
    complete:
      cursor === FROM_THE_NEWEST &&
      signatures.cursor.batchesBelow === undefined &&
      signatures.cursor.transfersBelow === undefined,
    discrepancies: [...discrepancies, ...signatures.discrepancies],
    cursor: signatures.cursor,
  };
}

const nameOf = ({ kind, subject }: Discrepancy): string => `${kind} ${subject}`;

function reportOf({ cursor: _, discrepancies, ...counted }: Look, timeMs: number): ReconciliationReport {
  const ranked = discrepancies.toSorted((a, b) => Number(b.funds) - Number(a.funds));
  return {
    timeMs,
    ...counted,
    discrepancies: ranked.slice(0, MAX_NAMED),
    omitted: Math.max(0, ranked.length - MAX_NAMED),
    fundsDiffer: ranked.some(({ funds }) => funds),
  };
}

/** The report for programs: the same in the file, on the command line and in the API. */
export function reportJson(report: ReconciliationReport) {
  return {
    time: report.timeMs,
    slot: report.slot.toString(),
    vaults_checked: report.vaultsChecked,
    batches_checked: report.batchesChecked,
    transfers_checked: report.transfersChecked,
    complete: report.complete,
    funds_differ: report.fundsDiffer,
    discrepancies: report.discrepancies,
    omitted: report.omitted,
  };
}

/** The report for people. */
export function describeReport(report: ReconciliationReport): string {
  const { slot, vaultsChecked, batchesChecked, transfersChecked, discrepancies, omitted } = report;
  const signatures = `the signatures of ${batchesChecked} batches and ${transfersChecked} transfers`;
  const head = `Reconciled at slot ${slot}: ${vaultsChecked} vaults, the house, its escrow, and ${signatures}.`;
  if (discrepancies.length === 0) return `${head} Nothing differs.`;
  const lines = discrepancies.map(
    ({ kind, subject, expected, found, funds }) =>
      `  ${funds ? 'FUNDS ' : ''}${kind} ${subject}: expected ${expected}, found ${found}`,
  );
  if (omitted > 0) lines.push(`  and ${omitted} more`);
  return [`${head} ${discrepancies.length + omitted} differences:`, ...lines].join('\n');
}
