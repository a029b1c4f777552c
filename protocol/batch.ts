import { sessionKeyHashOf } from './account.ts';
import type { Point } from './babyjubjub.ts';
import { type Bet, betPack, type CoinSide, deltaOf, nextHead } from './bet.ts';
import { GAME_COIN_FLIP, MAX_BATCH_BETS } from './constants.ts';
import type { SessionSignature } from './eddsa.ts';
import { ProtocolError } from './errors.ts';
import { limbs } from './field.ts';
import { poseidon } from './kernel.ts';
import { outcomeOf, serverSeedOf, vaultKeyOf, vrfCommitmentOf } from './outcome.ts';
import { pack } from './pack.ts';

/** A contiguous run of one vault's next bets, with what proves it. */
export interface Run {
  /** Address of the vault, 32 bytes. */
  vault: Uint8Array;
  accountId: bigint;
  sessionKey: Point;
  /** Balance before the run, deposits consumed by this batch included, in base units. */
  start: bigint;
  /** Number of the first bet. */
  firstBet: bigint;
  headBefore: bigint;
  /** Signature on the head of the run's last bet. */
  signature: SessionSignature;
  bets: Bet[];
}

/** All that a batch's proof is about. `k` is the operator's secret. */
export interface BatchStatement {
  batchNumber: bigint;
  termsId: number;
  profitBps: number;
  blobHash: Uint8Array;
  k: bigint;
  runs: Run[];
}

/** A bet as it was played. */
export interface PlayedBet extends Bet {
  betNumber: bigint;
  head: bigint;
  serverSeed: bigint;
  outcome: CoinSide;
  delta: bigint;
}

/** One slot of the public data. */
export interface PublicRun {
  accountId: bigint;
  sessionKeyHash: bigint;
  start: bigint;
  after: bigint;
  firstBet: bigint;
  betCount: number;
}

/** The public data of a batch, in the order of layouts.md section 2. */
export interface PublicBatch {
  batchNumber: bigint;
  termsId: number;
  profitBps: number;
  vrfCommitment: bigint;
  blobHash: Uint8Array;
  /** One a bet, runs in slot order. */
  outcomes: CoinSide[];
  runs: PublicRun[];
}

/** Plays a run with the vault's key: heads, seeds, outcomes and deltas of each bet, and the balance after the last. */
export function playRun(input: {
  run: Pick<Run, 'accountId' | 'start' | 'firstBet' | 'headBefore' | 'bets'>;
  vaultKey: bigint;
  termsId: number;
  profitBps: number;
}): { bets: PlayedBet[]; after: bigint } {
  const { run, vaultKey, termsId, profitBps } = input;
  let head = run.headBefore;
  let balance = run.start;
  const bets = run.bets.map((bet, index) => {
    const betNumber = run.firstBet + BigInt(index);
    const packed = betPack({ ...bet, game: GAME_COIN_FLIP, betNumber, termsId });
    head = nextHead({ headBefore: head, packed, clientSeed: bet.clientSeed, accountId: run.accountId });
    const serverSeed = serverSeedOf({ vaultKey, betNumber });
    const outcome = outcomeOf({ serverSeed, head });
    const delta = deltaOf({ stakeUnits: bet.stakeUnits, won: outcome === bet.choice, profitBps });
    balance += delta;
    return { ...bet, betNumber, head, serverSeed, outcome, delta };
  });
  return { bets, after: balance };
}

/** The public data that the statement's secrets lead to. Does not judge them: the circuit does. */
export function publicBatchOf(statement: BatchStatement): PublicBatch {
  const { k, termsId, profitBps } = statement;
  const outcomes: CoinSide[] = [];
  const runs = statement.runs.map((run) => {
    const vaultKey = vaultKeyOf({ k, accountId: run.accountId });
    const { bets, after } = playRun({ run, vaultKey, termsId, profitBps });
    outcomes.push(...bets.map((bet) => bet.outcome));
    const sessionKeyHash = sessionKeyHashOf(run.sessionKey);
    return { accountId: run.accountId, sessionKeyHash, start: run.start, after, firstBet: run.firstBet, betCount: bets.length };
  });
  const { batchNumber, blobHash } = statement;
  return { batchNumber, termsId, profitBps, vrfCommitment: vrfCommitmentOf(k), blobHash, outcomes, runs };
}

/** The fields that are hashed, `5 + 3 * maxVaults` of them. */
export function publicFields(batch: PublicBatch, maxVaults: number): bigint[] {
  if (batch.runs.length > maxVaults) throw new ProtocolError('BAD_VALUE', `${batch.runs.length} runs in ${maxVaults} slots`);
  if (batch.outcomes.length > MAX_BATCH_BETS) throw new ProtocolError('BAD_VALUE', `${batch.outcomes.length} bets in one batch`);
  const header = pack([
    { name: 'batchNumber', value: batch.batchNumber, bits: 64 },
    { name: 'termsId', value: BigInt(batch.termsId), bits: 32 },
    { name: 'profitBps', value: BigInt(batch.profitBps), bits: 32 },
  ]);
  const outcomes = batch.outcomes.reduce((sum, bit, row) => sum | (BigInt(bit) << BigInt(row)), 0n);
  const fields = [header, batch.vrfCommitment, ...limbs(batch.blobHash), outcomes];
  for (const run of batch.runs) {
    const packed = pack([
      { name: 'start', value: run.start, bits: 64 },
      { name: 'after', value: run.after, bits: 64 },
      { name: 'firstBet', value: run.firstBet, bits: 64 },
      { name: 'betCount', value: BigInt(run.betCount), bits: 16 },
    ]);
    fields.push(run.accountId, run.sessionKeyHash, packed);
  }
  while (fields.length < 5 + 3 * maxVaults) fields.push(0n);
  return fields;
}

/** The one public input of a proof: the fields absorbed eleven at a time, `state_{i+1} = P12(state_i, ...)` from `P1(1)`. */
export function publicInput(batch: PublicBatch, maxVaults: number): bigint {
  const fields = publicFields(batch, maxVaults);
  let state = poseidon([1n]);
  for (let offset = 0; offset < fields.length; offset += 11) {
    const chunk = fields.slice(offset, offset + 11);
    while (chunk.length < 11) chunk.push(0n);
    state = poseidon([state, ...chunk]);
  }
  return state;
}
