import { CIRCUIT_NAMES } from '../../circuits/artifacts.ts';
import { verifyEddsaPoseidon } from '../../native/index.ts';
import { type BatchSettled, outcomeBytes, type SettledRun } from '../../program/client/index.ts';
import { accountIdOf, sessionKeyHashOf } from '../../protocol/account.ts';
import { pointToBytes } from '../../protocol/babyjubjub.ts';
import { betPack, deltaOf, nextHead, payoutOf } from '../../protocol/bet.ts';
import type { Blob, BlobRun } from '../../protocol/blob.ts';
import { compareBytes } from '../../protocol/bytes.ts';
import { GAME_COIN_FLIP } from '../../protocol/constants.ts';
import { signatureToBytes } from '../../protocol/eddsa.ts';
import { fieldFromBytes, fieldToBytes } from '../../protocol/field.ts';
import { outcomeOf, serverSeedOf, vaultKeyOf } from '../../protocol/outcome.ts';
import { NO_SIGNATURE } from '../admission/receipts.ts';
import type { Terms } from '../admission/seeds.ts';
import { newVaultRecord } from '../admission/vault-state.ts';
import type { VaultView } from '../chain/view.ts';
import { CasinoError } from '../errors.ts';
import { addressBytes, addressOf } from '../ledger/addresses.ts';
import type { LedgerReader } from '../ledger/reader.ts';
import type { BetRecord, LedgerEntry, RunRecord, VaultRecord } from '../ledger/records.ts';
import type { SettledStep } from './history.ts';

/** What learning reads beside the chain's events and the blobs. */
export interface Learner {
  read: LedgerReader;
  domain: bigint;
  house: Uint8Array;
  terms(id: number): Terms | undefined;
  /** A vault as the finalized chain shows it. */
  vault(address: string): VaultView | undefined;
}

/** A bet that the ledger lacks has no signature of its own bettor unless it ends its run. */
const NO_BET_SIGNATURE = new Uint8Array(96);

/**
 * The entries that bring a batch which has landed into a ledger that lacks it, every bet recomputed from the blob, the ledger's heads and
 * the secret of the terms. `LEDGER_STALE` if anything is not what it must be: the ledger is then of another line than the chain.
 */
export function learnBatch(step: SettledStep & { event: BatchSettled }, blob: Blob, learner: Learner): LedgerEntry[] {
  const { event, timeMs, signature } = step;
  const terms = learner.terms(event.termsId);
  if (!terms) throw otherLine(event, `its terms ${event.termsId} are unknown`);
  const sameHeader =
    blob.domain === learner.domain &&
    compareBytes(blob.house, learner.house) === 0 &&
    blob.batchNumber === event.batchNumber &&
    blob.termsId === terms.id &&
    blob.profitBps === terms.profitBps &&
    blob.vrfCommitment === terms.vrfCommitment &&
    blob.runs.length === event.runs.length;
  if (!sameHeader) throw otherLine(event, 'its blob is of another batch');
  const learnt = event.runs.map((run, slot) =>
    learnRun({ event, run, slot, blobRun: blob.runs[slot] as BlobRun }, terms, timeMs, learner),
  );
  const outcomes = learnt.flatMap((run) => run.outcomes);
  if (outcomes.join() !== event.outcomes.join()) throw otherLine(event, 'its outcomes are others');
  const times = { createdAtMs: timeMs, updatedAtMs: timeMs };
  const batch = {
    batchNumber: event.batchNumber,
    state: 'Pending' as const,
    termsId: terms.id,
    vkId: event.verifyingKeyId,
    size: CIRCUIT_NAMES[event.verifyingKeyId - 1] ?? `key ${event.verifyingKeyId}`,
    betCount: outcomes.length,
    blobHash: event.blobHash,
    outcomes: outcomeBytes(outcomes, outcomes.length),
    attempt: 0,
    ...times,
    runs: learnt.map(({ run }) => run),
  };
  return [
    ...learnt.flatMap(({ entries }) => entries),
    { kind: 'batch-created', batch },
    finalized({ batchNumber: event.batchNumber, from: 'Pending', attempt: 0 }, { signature, timeMs }),
    ...learnt.flatMap(({ run }) => settledEntries(run, learner.read)),
  ];
}

/** A batch of the ledger that the chain has settled: what was known only to the chain. */
export function finalized(
  batch: { batchNumber: bigint; from: Extract<LedgerEntry, { kind: 'batch-moved' }>['from']; attempt: number },
  landed: { signature: string; timeMs: number },
): LedgerEntry {
  const { signature, timeMs } = landed;
  const progress = { signature, confirmedAtMs: timeMs, finalizedAtMs: timeMs };
  return { kind: 'batch-moved', ...batch, to: 'Finalized', reason: 'learnt from the chain after a restore', timeMs, progress };
}

/** What a landed run ends, unless the ledger knew: its bets are settled, and nothing holds its vault any more. */
export function settledEntries(run: RunRecord, read: LedgerReader): LedgerEntry[] {
  const { vault } = run;
  const last = run.firstBet + BigInt(run.betCount) - 1n;
  const entries: LedgerEntry[] = [{ kind: 'quarantine-ended', vault }];
  if ((read.vault(vault)?.finalizedThrough ?? 0n) < last) entries.push({ kind: 'settled-through', vault, betNumber: last });
  return entries;
}

/** The ledger's record of a vault, or the one to begin with if it was opened after the backup. */
export function recordOf(address: string, learner: Learner): { record: VaultRecord; entries: LedgerEntry[] } {
  const view = learner.vault(address);
  if (!view) throw new CasinoError('CHAIN_UNREACHABLE', `the node shows no vault ${address}, which it has settled bets of`);
  const bytes = addressBytes(view.address);
  const record = learner.read.vault(bytes);
  if (record) return { record, entries: [] };
  if (view.accountId !== accountIdOf({ domain: learner.domain, vault: bytes })) {
    throw new CasinoError('CHAIN_MISMATCH', `vault ${address} was opened for another cluster`);
  }
  const fresh = newVaultRecord(view, fieldToBytes(view.accountId));
  return { record: fresh, entries: [{ kind: 'vault', vault: fresh }] };
}

interface LearntRun {
  entries: LedgerEntry[];
  run: RunRecord;
  outcomes: (0 | 1)[];
}

function learnRun(
  input: { event: BatchSettled; run: SettledRun; slot: number; blobRun: BlobRun },
  terms: Terms,
  timeMs: number,
  learner: Learner,
): LearntRun {
  const { event, run, slot, blobRun } = input;
  const { record, entries } = recordOf(run.vault, learner);
  const same =
    addressOf(blobRun.vault) === run.vault &&
    blobRun.start === run.start &&
    blobRun.after === run.after &&
    blobRun.firstBet === run.firstBet &&
    blobRun.bets.length === run.betCount;
  if (!same) throw otherLine(event, `its blob has another run of ${run.vault}`);
  if (record.lastBet < run.firstBet - 1n || headBefore(record, run.firstBet, learner.read) !== blobRun.headBefore) {
    throw otherLine(event, `bet ${run.firstBet} of ${run.vault} does not follow the ledger's`);
  }
  const bets = replay({ record, blobRun, terms, timeMs });
  const [last, sum] = [bets.at(-1) as BetRecord, bets.reduce((total, { delta }) => total + delta, 0n)];
  const signature = signatureToBytes(blobRun.signature);
  if (run.start + sum !== run.after) throw otherLine(event, `the run of ${run.vault} does not add up`);
  if (!verifyEddsaPoseidon({ publicKey: last.sessionKey, signature, message: last.head })) {
    throw otherLine(event, `the run of ${run.vault} is not signed`);
  }
  last.signature = signature;
  let cumulativeDelta = record.cumulativeDelta;
  for (const { delta, ...bet } of bets) {
    if (bet.betNumber <= record.lastBet) {
      const known = learner.read.bet(record.vault, bet.betNumber);
      if (known && compareBytes(known.head, bet.head) === 0) continue;
      throw otherLine(event, `bet ${bet.betNumber} of ${run.vault} is another one in the ledger`);
    }
    cumulativeDelta += delta;
    entries.push({
      kind: 'bet',
      bet: { ...bet, signature: bet.betNumber === last.betNumber ? signature : NO_BET_SIGNATURE, cumulativeDelta },
    });
  }
  const { start, after, firstBet, betCount, consumed: consume } = run;
  const [, second] = learner.vault(run.vault)?.keys ?? [];
  const keySlot = second?.hash === sessionKeyHashOf(blobRun.sessionKey) ? 1 : 0;
  const amounts = { start, consume, after, firstBet, betCount, keySlot: keySlot as 0 | 1, payRequest: run.paid > 0n };
  return { entries, run: { slot, vault: record.vault, ...amounts }, outcomes: bets.map(({ outcome }) => outcome) };
}

/** The run's bets as the secret of the terms and the heads make them; what the blob says otherwise shows in sums and outcomes. */
function replay(input: {
  record: VaultRecord;
  blobRun: BlobRun;
  terms: Terms;
  timeMs: number;
}): (BetRecord & { delta: bigint })[] {
  const { record, blobRun, terms, timeMs } = input;
  const accountId = fieldFromBytes(record.accountId);
  const vaultKey = vaultKeyOf({ k: terms.k, accountId });
  const sessionKey = pointToBytes(blobRun.sessionKey);
  let head = blobRun.headBefore;
  let balanceAfter = blobRun.start;
  return blobRun.bets.map(({ stakeUnits, choice, clientSeed }, index) => {
    const betNumber = blobRun.firstBet + BigInt(index);
    const packed = betPack({ stakeUnits, choice, game: GAME_COIN_FLIP, betNumber, termsId: terms.id });
    head = nextHead({ headBefore: head, packed, clientSeed, accountId });
    const serverSeed = serverSeedOf({ vaultKey, betNumber });
    const outcome = outcomeOf({ serverSeed, head });
    const stakes = { stakeUnits, won: outcome === choice, profitBps: terms.profitBps };
    const delta = deltaOf(stakes);
    balanceAfter += delta;
    return {
      ...{ vault: record.vault, betNumber, termsId: terms.id, stakeUnits, choice, clientSeed: fieldToBytes(clientSeed) },
      ...{ head: fieldToBytes(head), sessionKey, signature: NO_BET_SIGNATURE, serverSeed: fieldToBytes(serverSeed), outcome },
      ...{ payout: payoutOf(stakes), balanceAfter, cumulativeDelta: 0n, timeMs: BigInt(timeMs), receiptSignature: NO_SIGNATURE },
      delta,
    };
  });
}

function headBefore(record: VaultRecord, firstBet: bigint, read: LedgerReader): bigint | undefined {
  if (firstBet === 1n) return fieldFromBytes(record.accountId);
  if (firstBet - 1n === record.lastBet) return fieldFromBytes(record.head);
  const before = read.bet(record.vault, firstBet - 1n);
  return before && fieldFromBytes(before.head);
}

function otherLine({ batchNumber }: BatchSettled, reason: string): CasinoError {
  const way = 'restore another backup: docs/operating/recovery.md';
  return new CasinoError('LEDGER_STALE', `batch ${batchNumber} of the chain does not fit this ledger: ${reason}; ${way}`);
}
