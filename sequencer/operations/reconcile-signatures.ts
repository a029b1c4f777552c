import type { LedgerReader } from '../ledger/reader.ts';
import { FINAL, type ReconciliationChain } from './reconcile-chain.ts';
import type { Discrepancy } from './reconcile-checks.ts';

/** Signatures of one call. */
const PAGE = 256;

/** How far the stored signatures have been gone through; both go down from the newest, and begin anew at the end. */
export interface SignatureCursor {
  batchesBelow: bigint | undefined;
  transfersBelow: bigint | undefined;
}

export const FROM_THE_NEWEST: SignatureCursor = { batchesBelow: undefined, transfersBelow: undefined };

export interface CheckedSignatures {
  batches: number;
  transfers: number;
  discrepancies: Discrepancy[];
  /** Where the next reconciliation goes on; at the newest once all have been asked for. */
  cursor: SignatureCursor;
}

/**
 * Asks the chain for the stored signatures of finalized batches and of transfers: the newest page of each always, and of older ones as many
 * pages as `maxPages` allows, from the cursor on.
 */
export async function checkSignatures(input: {
  chain: ReconciliationChain;
  read: LedgerReader;
  /** Transfers beyond it may never have landed. */
  lastTransfer: bigint;
  cursor: SignatureCursor;
  maxPages: number;
}): Promise<CheckedSignatures> {
  const { cursor, maxPages } = input;
  const batches = await goThrough({ below: cursor.batchesBelow, maxPages, page: (below) => batchesPage(input, below) });
  const transfers = await goThrough({ below: cursor.transfersBelow, maxPages, page: (below) => transfersPage(input, below) });
  return {
    batches: batches.checked,
    transfers: transfers.checked,
    discrepancies: [...batches.discrepancies, ...transfers.discrepancies],
    cursor: { batchesBelow: batches.below, transfersBelow: transfers.below },
  };
}

interface Page {
  checked: number;
  discrepancies: Discrepancy[];
  /** The lowest number that was looked at; undefined if there was none. */
  lowest: bigint | undefined;
}

async function goThrough(input: {
  below: bigint | undefined;
  maxPages: number;
  page(below: bigint | undefined): Promise<Page>;
}): Promise<{ checked: number; discrepancies: Discrepancy[]; below: bigint | undefined }> {
  const first = await input.page(undefined);
  let { checked } = first;
  const discrepancies = [...first.discrepancies];
  let below = input.below ?? first.lowest;
  for (let pages = 1; pages < input.maxPages && below !== undefined; pages += 1) {
    const page = await input.page(below);
    checked += page.checked;
    discrepancies.push(...page.discrepancies);
    below = page.lowest;
  }
  return { checked, discrepancies, below };
}

async function batchesPage(
  { chain, read }: { chain: ReconciliationChain; read: LedgerReader },
  below: bigint | undefined,
): Promise<Page> {
  const page = read.batches({ before: below ?? read.lastBatchNumber() + 1n, limit: PAGE });
  const settled = page.filter(({ state }) => state === 'Finalized');
  const states = await chain.signatures(settled.map(({ signature }) => signature as string));
  const discrepancies = settled.flatMap(({ signature, batchNumber }, index) => {
    const found = states[index] as string;
    return found === FINAL ? [] : [unknown(`${signature} of batch ${batchNumber}`, found)];
  });
  return { checked: settled.length, discrepancies, lowest: page.at(-1)?.batchNumber };
}

/** Of a transfer several signatures may be stored, after crashes: one of them has landed. */
async function transfersPage(
  input: { chain: ReconciliationChain; read: LedgerReader; lastTransfer: bigint },
  below: bigint | undefined,
): Promise<Page> {
  const { chain, read, lastTransfer } = input;
  const page = read.transfers({ before: below ?? lastTransfer + 1n, limit: PAGE });
  const discrepancies: Discrepancy[] = [];
  const states = new Map<string, string>();
  for (let offset = 0; offset < page.length; offset += PAGE) {
    const signatures = page.slice(offset, offset + PAGE).map(({ signature }) => signature);
    for (const [index, state] of (await chain.signatures(signatures)).entries()) states.set(signatures[index] as string, state);
  }
  for (const [transferNumber, tried] of Map.groupBy(page, (one) => one.transferNumber)) {
    const found = tried.map(({ signature }) => states.get(signature) as string);
    if (found.includes(FINAL)) continue;
    discrepancies.push(unknown(`${tried.at(-1)?.signature} of transfer ${transferNumber}`, found.join('; ')));
  }
  return { checked: page.length, discrepancies, lowest: page.at(-1)?.transferNumber };
}

function unknown(subject: string, found: string): Discrepancy {
  return { kind: 'signature', subject, expected: FINAL, found, funds: false };
}
