import { sessionKeyHashOf } from '../../protocol/account.ts';
import { pointFromBytes } from '../../protocol/babyjubjub.ts';
import type { Run } from '../../protocol/batch.ts';
import type { CoinSide } from '../../protocol/bet.ts';
import type { Blob } from '../../protocol/blob.ts';
import { compareBytes } from '../../protocol/bytes.ts';
import { STAKE_UNIT, U64_LIMIT } from '../../protocol/constants.ts';
import { signatureFromBytes } from '../../protocol/eddsa.ts';
import { fieldFromBytes } from '../../protocol/field.ts';
import type { VaultView } from '../chain/view.ts';
import type { BetRecord, RunRecord, VaultRecord } from '../ledger/records.ts';

/** Capacity of one circuit size. */
export interface BatchSize {
  name: string;
  vkId: number;
  maxBets: number;
  maxVaults: number;
}

/** What decides whether a batch's transaction fits a packet. */
export interface BatchShape {
  size: BatchSize;
  termsId: number;
  /** By strictly ascending vault address. */
  runs: readonly RunRecord[];
}

/** A vault with durable bets that are in no batch. */
export interface WaitingVault {
  record: VaultRecord;
  /** Its next bets, in order, from `record.batchedThrough + 1`. */
  bets: BetRecord[];
  finalized: VaultView;
  confirmed: VaultView;
  /** Its runs in batches that the finalized view does not show yet, in order. */
  inFlight: RunRecord[];
  /** Its last admitted bet, which may not be durable yet. */
  lastAdmitted: bigint;
}

export interface PlannedRun {
  run: RunRecord;
  bets: BetRecord[];
}

/** A vault whose next bets can be in no batch. */
export interface ImpossibleRun {
  vault: Uint8Array;
  firstBet: bigint;
  reason: string;
}

export interface BatchPlan {
  size: BatchSize;
  termsId: number;
  /** By strictly ascending vault address. */
  runs: PlannedRun[];
  /** The vaults that the circuit had room for, if the packet had less; else none. */
  crowded: Uint8Array[];
}

/**
 * Chooses the next batch: vaults as given (the most urgent first), the terms of the first, the smallest size that takes all
 * that waits under them, else the largest, and of the vaults as many as fit the packet. No plan if no vault can be batched now. `impossible` lists the vaults whose next bets
 * the finalized chain can not settle as it stands.
 */
export function planBatch(
  waiting: readonly WaitingVault[],
  sizes: readonly BatchSize[],
  fitsPacket: (batch: BatchShape) => boolean,
): { plan: BatchPlan | undefined; impossible: ImpossibleRun[] } {
  const candidates: Candidate[] = [];
  const impossible: ImpossibleRun[] = [];
  for (const vault of waiting.filter(isPlannable)) {
    const bets = nextRun(vault);
    const reason = whyImpossible(vault, bets);
    if (reason === undefined) candidates.push({ vault, bets });
    else if (vault.inFlight.length === 0) {
      impossible.push({ vault: vault.record.vault, firstBet: vault.record.batchedThrough + 1n, reason });
    }
  }
  return { plan: choose(candidates, sizes, fitsPacket), impossible };
}

interface Candidate {
  vault: WaitingVault;
  /** Its next run: one terms, one session key. */
  bets: BetRecord[];
}

function choose(
  candidates: readonly Candidate[],
  sizes: readonly BatchSize[],
  fitsPacket: (batch: BatchShape) => boolean,
): BatchPlan | undefined {
  const termsId = candidates[0]?.bets[0]?.termsId;
  if (termsId === undefined) return undefined;
  const runs = candidates.filter(({ bets }) => bets[0]?.termsId === termsId);
  const size = smallestSize(runs, sizes) ?? sizes.at(-1);
  if (!size) return undefined;
  const taken: PlannedRun[] = [];
  let room = size.maxBets;
  for (const { vault, bets } of runs.slice(0, size.maxVaults)) {
    if (room === 0) break;
    const planned = planRun(vault, bets.slice(0, room));
    taken.push(planned);
    room -= planned.bets.length;
  }
  if (taken.length === 0) return undefined;
  let count = taken.length;
  while (count > 1 && !fitsPacket({ size, termsId, runs: inOrder(taken.slice(0, count)).map(({ run }) => run) })) count -= 1;
  const kept = inOrder(taken.slice(0, count));
  const crowded = count < taken.length ? taken.map(({ run }) => run.vault) : [];
  for (const [slot, planned] of kept.entries()) planned.run.slot = slot;
  return { size: smallestSize(kept, sizes) ?? size, termsId, runs: kept, crowded };
}

/** The smallest size that takes these runs. */
function smallestSize(runs: readonly { bets: readonly unknown[] }[], sizes: readonly BatchSize[]): BatchSize | undefined {
  const betCount = runs.reduce((total, { bets }) => total + bets.length, 0);
  return sizes.find((size) => runs.length <= size.maxVaults && betCount <= size.maxBets);
}

/** As the program wants them: by ascending vault address. */
function inOrder(runs: readonly PlannedRun[]): PlannedRun[] {
  return runs.toSorted((a, b) => compareBytes(a.run.vault, b.run.vault));
}

/** A vault with bets for a batch, whose state right before them is known. */
function isPlannable(vault: WaitingVault): boolean {
  return vault.bets.length > 0 && isContinuous(vault) && !vault.inFlight.some((run) => run.payRequest);
}

/**
 * Whether the finalized view and the runs in flight together reach up to the waiting bets. They do not for a moment when a batch is
 * known to be final and the vaults have not been read since: its balance would then be an old one.
 */
function isContinuous({ record, finalized, inFlight }: WaitingVault): boolean {
  let through = finalized.lastBet;
  for (const run of inFlight) {
    if (run.firstBet !== through + 1n) return false;
    through += BigInt(run.betCount);
  }
  return through === record.batchedThrough;
}

/** The longest run that one proof can hold: one terms, one session key. */
function nextRun(vault: WaitingVault): BetRecord[] {
  const first = vault.bets[0] as BetRecord;
  const end = vault.bets.findIndex(
    (bet) => bet.termsId !== first.termsId || compareBytes(bet.sessionKey, first.sessionKey) !== 0,
  );
  return end === -1 ? vault.bets : vault.bets.slice(0, end);
}

/** Why a run can not be a part of any batch; undefined if it can. */
function whyImpossible(vault: WaitingVault, bets: readonly BetRecord[]): string | undefined {
  if (keySlotOf(vault, bets[0] as BetRecord) === -1) return 'the session key that signed the bets is not registered any more';
  const { start, consume, after } = amountsOf(vault, bets);
  if (consume < 0n)
    return `the chain has ${vault.finalized.pendingDeposit} of deposits pending, ${-consume} less than are consumed`;
  if (start < 0n || after < 0n || after >= U64_LIMIT) return `the run would lead from ${start} to ${after} base units`;
  return undefined;
}

function keySlotOf(vault: WaitingVault, bet: BetRecord): number {
  const hash = sessionKeyHashOf(pointFromBytes(bet.sessionKey));
  return vault.confirmed.keys.findIndex((key) => key.hash === hash);
}

function amountsOf(vault: WaitingVault, bets: readonly BetRecord[]): { start: bigint; consume: bigint; after: bigint } {
  const [first, last] = [bets[0] as BetRecord, bets.at(-1) as BetRecord];
  const consumed = vault.inFlight.reduce((total, run) => total + run.consume, 0n);
  const consume = vault.finalized.pendingDeposit - consumed;
  const start = (vault.inFlight.at(-1)?.after ?? vault.finalized.balance) + consume;
  const firstDelta = first.payout - first.stakeUnits * STAKE_UNIT;
  const after = start + (last.cumulativeDelta - (first.cumulativeDelta - firstDelta));
  return { start, consume, after };
}

function planRun(vault: WaitingVault, bets: BetRecord[]): PlannedRun {
  const [first, last] = [bets[0] as BetRecord, bets.at(-1) as BetRecord];
  // Only a finalized request is paid: until it is, no finalized view can lack both the request and its payment.
  const payRequest = vault.finalized.requestAmount > 0n && last.betNumber === vault.lastAdmitted;
  const run: RunRecord = {
    slot: 0,
    vault: vault.record.vault,
    ...amountsOf(vault, bets),
    firstBet: first.betNumber,
    betCount: bets.length,
    keySlot: keySlotOf(vault, first) as 0 | 1,
    payRequest,
  };
  return { run, bets };
}

/** A batch's runs as the proof needs them. `headBefore` gives the head before a run's first bet. */
export function statementRuns(input: {
  runs: readonly PlannedRun[];
  accountId(vault: Uint8Array): bigint;
  headBefore(vault: Uint8Array, firstBet: bigint): bigint;
}): Run[] {
  return input.runs.map(({ run, bets }) => {
    const last = bets.at(-1) as BetRecord;
    return {
      vault: run.vault,
      accountId: input.accountId(run.vault),
      sessionKey: pointFromBytes(last.sessionKey),
      start: run.start,
      firstBet: run.firstBet,
      headBefore: input.headBefore(run.vault, run.firstBet),
      signature: signatureFromBytes(last.signature),
      bets: bets.map((bet) => ({ stakeUnits: bet.stakeUnits, choice: bet.choice, clientSeed: fieldFromBytes(bet.clientSeed) })),
    };
  });
}

/** The blob of a batch, from what the ledger holds: what was answered to the bettors, not what is computed anew. */
export function blobOf(input: { header: Omit<Blob, 'runs'>; planned: readonly PlannedRun[]; runs: readonly Run[] }): Blob {
  const runs = input.runs.map((run, index) => {
    const { run: record, bets } = input.planned[index] as PlannedRun;
    return {
      vault: run.vault,
      sessionKey: run.sessionKey,
      start: run.start,
      after: record.after,
      firstBet: run.firstBet,
      headBefore: run.headBefore,
      signature: run.signature,
      bets: bets.map((bet) => ({
        stakeUnits: bet.stakeUnits,
        choice: bet.choice,
        clientSeed: fieldFromBytes(bet.clientSeed),
        serverSeed: fieldFromBytes(bet.serverSeed),
        outcome: bet.outcome,
        delta: bet.payout - bet.stakeUnits * STAKE_UNIT,
      })),
    };
  });
  return { ...input.header, runs };
}

/** The outcomes of a batch of `betCount` bets, from the bits that `outcomeBytes` packs. */
export function outcomesOf(bits: Uint8Array, betCount: number): CoinSide[] {
  return Array.from({ length: betCount }, (_, row) => (((bits[row >> 3] as number) >> (row & 7)) & 1) as CoinSide);
}
