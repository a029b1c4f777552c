import type { Signature } from '@solana/kit';
import type { BatchSettled, TransfersSettled } from '../../program/client/index.ts';
import { compareBytes } from '../../protocol/bytes.ts';
import type { TermsBook } from '../admission/seeds.ts';
import type { ChainReader } from '../chain/reader.ts';
import { call } from '../chain/rpc.ts';
import type { Leader } from '../chain/settlement-chain.ts';
import type { ChainSnapshot } from '../chain/view.ts';
import { CasinoError } from '../errors.ts';
import { addressBytes } from '../ledger/addresses.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { BatchRecord, LedgerEntry } from '../ledger/records.ts';
import { type BlobPlaces, findBlob } from './blobs.ts';
import { type SettledStep, settledSteps } from './history.ts';
import { finalized, type Learner, learnBatch, recordOf, settledEntries } from './learning.ts';

export interface CatchUpOptions {
  reader: ChainReader;
  ledger: Ledger;
  blobs: BlobPlaces;
  terms: TermsBook;
  domain: bigint;
  /** This process's own pair, final: nothing that an earlier life signed can land any more. */
  leader: Leader;
  nowMs(): number;
  onProgress(message: string): void;
}

/** What a stale ledger did not know. */
export interface Learnt {
  batches: number;
  transfers: number;
  /** Batches of the ledger that had not landed, and never will. */
  takenBack: number;
}

/** Signatures of one transfer that are asked for at once. */
const MAX_SIGNATURES = 256;

/**
 * Brings a stale ledger to what the finalized chain shows: every settled batch with its bets, every transfer. Each step is one commit, so
 * that a crash loses none and the next start goes on. `LEDGER_STALE` if ledger and chain are of two lines, or a blob is missing;
 * `CHAIN_UNREACHABLE` if the node does not show enough.
 */
export async function catchUp(options: CatchUpOptions): Promise<Learnt> {
  const { ledger, leader, reader, domain, terms } = options;
  const snapshot = await reader.snapshot('finalized');
  const { house } = snapshot;
  const { read } = ledger;
  const lastFinal = read.lastFinalized()?.batchNumber ?? 0n;
  if (house.leaderEpoch !== leader.epoch || house.leaderNonce !== leader.nonce || house.lastBatch < lastFinal) {
    throw new CasinoError('CHAIN_UNREACHABLE', 'the node is behind what it has shown before');
  }
  const wanted = {
    batches: { from: lastFinal + 1n, to: house.lastBatch },
    transfers: { from: await firstUnknownTransfer(options), to: house.lastTransfer },
  };
  const steps = await settledSteps(reader, wanted, (transactions) =>
    options.onProgress(`reading the chain: ${transactions} transactions of the house`),
  );
  const takenBack = await resolveUnfinished(options, steps);
  const vaults = new Map<string, NonNullable<ReturnType<Learner['vault']>>>(snapshot.vaults);
  const learner: Learner = {
    read,
    domain,
    house: addressBytes(house.address),
    terms: (id) => terms.get(id),
    vault: (address) => vaults.get(address),
  };
  const learnt = { batches: 0, transfers: 0, takenBack };
  for (const [done, step] of steps.entries()) {
    const entries = await entriesOf(options, { step, learner });
    if (entries.length > 0) await ledger.commit(entries);
    if (entries.length > 0) learnt[step.event.name === 'BatchSettled' ? 'batches' : 'transfers'] += 1;
    options.onProgress(`learning from the chain: ${done + 1} of ${steps.length} settlements`);
  }
  await assertSameEnd(options, snapshot);
  return learnt;
}

async function entriesOf(
  { ledger, blobs }: CatchUpOptions,
  { step, learner }: { step: SettledStep; learner: Learner },
): Promise<LedgerEntry[]> {
  const { event } = step;
  if (event.name === 'TransfersSettled') return learnTransfer({ ...step, event }, learner);
  // A batch that the ledger knew as unfinished is final by now.
  if (ledger.read.batch(event.batchNumber)) return [];
  return learnBatch({ ...step, event }, await findBlob(blobs, event.blobHash), learner);
}

function learnTransfer(step: SettledStep & { event: TransfersSettled }, learner: Learner): LedgerEntry[] {
  const { event, signature } = step;
  const { transferNumber, transfers } = event;
  const known = learner.read.transfers({ before: transferNumber + 1n, limit: 1 });
  if (known.some((one) => one.transferNumber === transferNumber && one.signature === signature)) return [];
  const records = transfers.map(({ vault }) => recordOf(vault, learner));
  const vaults = records.map(({ record }) => ({ vault: record.vault, lastBet: record.finalizedThrough }));
  return [...records.flatMap(({ entries }) => entries), { kind: 'transfer-signed', signature, transferNumber, vaults }];
}

/** The ledger's last transfer may have landed by a signature that it has, or by a later one: those before it are known. */
async function firstUnknownTransfer({ reader, ledger }: CatchUpOptions): Promise<bigint> {
  const last = ledger.read.lastTransferNumber();
  const signatures = ledger.read
    .transfers({ before: last + 1n, limit: 1 })
    .filter(({ transferNumber }) => transferNumber === last)
    .map(({ signature }) => signature as Signature)
    .slice(0, MAX_SIGNATURES);
  if (signatures.length === 0) return last + 1n;
  const { value } = await call(reader.rpc.getSignatureStatuses(signatures, { searchTransactionHistory: true }));
  const landed = value.some((status) => status && !status.err && status.confirmationStatus === 'finalized');
  return landed ? last + 1n : last;
}

/**
 * What the ledger has as unfinished is final if the chain has settled the same bytes; from the first batch on that it has not, all are taken
 * back: their bets are owed as before. Returns how many.
 */
async function resolveUnfinished({ ledger, nowMs }: CatchUpOptions, steps: readonly SettledStep[]): Promise<number> {
  const { read } = ledger;
  const landed = new Map<bigint, SettledStep & { event: BatchSettled }>();
  for (const step of steps)
    if (step.event.name === 'BatchSettled') landed.set(step.event.batchNumber, { ...step, event: step.event });
  const unfinished = read.unfinishedBatches();
  const isLanded = ({ batchNumber, blobHash }: BatchRecord): boolean => {
    const step = landed.get(batchNumber);
    return step !== undefined && compareBytes(step.event.blobHash, blobHash) === 0;
  };
  const end = unfinished.findIndex((batch) => !isLanded(batch));
  const count = end < 0 ? unfinished.length : end;
  for (const { batchNumber, state: from, attempt, runs } of unfinished.slice(0, count)) {
    const step = landed.get(batchNumber) as SettledStep;
    await ledger.commit([finalized({ batchNumber, from, attempt }, step), ...runs.flatMap((run) => settledEntries(run, read))]);
  }
  const rest = unfinished.slice(count).reverse();
  const taken = { reason: 'the ledger was restored, and the chain has not settled it', timeMs: nowMs() };
  const entries = rest.map(({ batchNumber }): LedgerEntry => ({ kind: 'batch-withdrawn', batchNumber, ...taken }));
  if (entries.length > 0) await ledger.commit(entries);
  return rest.length;
}

/** After all that was learnt, ledger and chain end at the same batch, and at the same bet of each vault. */
async function assertSameEnd({ ledger, reader }: CatchUpOptions, { vaults }: ChainSnapshot): Promise<void> {
  const { read } = ledger;
  const house = await reader.houseAt('finalized');
  const last = read.lastFinalized()?.batchNumber ?? 0n;
  const sameBlob = last === 0n || compareBytes(read.batch(last)?.blobHash ?? new Uint8Array(0), house.lastBlobHash) === 0;
  if (house.lastBatch !== last || !sameBlob) {
    throw new CasinoError('LEDGER_STALE', `the chain ends at batch ${house.lastBatch}, and the ledger at another batch ${last}`);
  }
  for (const { address, lastBet } of vaults.values()) {
    const record = read.vault(addressBytes(address));
    const settled = record?.finalizedThrough ?? 0n;
    // Of a batch that was final before the backup the vault's row may not have heard yet.
    const isBatched = record !== undefined && settled < lastBet && lastBet <= record.batchedThrough;
    if (settled === lastBet || isBatched) continue;
    throw new CasinoError('LEDGER_STALE', `the chain ends at bet ${lastBet} of ${address}, the ledger at ${settled}`);
  }
}
