import { BASE8, type Point } from '../protocol/babyjubjub.ts';
import type { PlayedBet } from '../protocol/batch.ts';
import { type BatchStatement, playRun, type Run } from '../protocol/batch.ts';
import { limbs, reduce } from '../protocol/field.ts';
import { rootOfSquare } from '../protocol/kernel.ts';
import { outcomeValue, vaultKeyOf } from '../protocol/outcome.ts';
import type { CircuitSize } from './artifacts.ts';
import { CircuitError } from './errors.ts';

/** The input signals of settlement.circom, by name. Lists have maxVaults (slots) or maxBets (rows) entries. */
export interface WitnessInput {
  batchNumber: bigint;
  termsId: bigint;
  profitBps: bigint;
  blobHash: bigint[];
  k: bigint;
  accountId: bigint[];
  start: bigint[];
  firstBet: bigint[];
  betCount: bigint[];
  headBefore: bigint[];
  sessionKey: bigint[][];
  signatureR8: bigint[][];
  signatureS: bigint[];
  stakeUnits: bigint[];
  choice: bigint[];
  clientSeed: bigint[];
  outcome: bigint[];
  root: bigint[];
}

/** The least non-square mod r; the circuit's y in an unused row, too. */
const NON_SQUARE = 5n;

/** The hint that shows an outcome: a root of y (heads) or of 5 y (tails); 0 if there is none, which no witness survives. */
export function rootOf({ y, outcome }: { y: bigint; outcome: bigint }): bigint {
  return rootOfSquare(reduce(outcome === 1n ? y : NON_SQUARE * y)) ?? 0n;
}

/** A slot without a run: zero, with points on the curve, which the circuit asks for in every slot. */
function emptySlot(): SlotSignals {
  const point = [BASE8.x, BASE8.y];
  const zeros = { accountId: 0n, start: 0n, firstBet: 0n, betCount: 0n, headBefore: 0n };
  return { ...zeros, sessionKey: point, signatureR8: point, signatureS: 0n };
}

/** A row without a bet. */
function emptyRow(): RowSignals {
  return { stakeUnits: 0n, choice: 0n, clientSeed: 0n, outcome: 0n, root: NON_SQUARE };
}

/**
 * The circuit's inputs for a batch. Plays every bet to find its outcome, but does not judge the batch: the circuit does.
 * `BATCH_TOO_LARGE` unless the batch has a bet and fits the size; a `ProtocolError` if a lane is out of range.
 */
export function witnessInputOf(statement: BatchStatement, size: CircuitSize): WitnessInput {
  const { runs, k } = statement;
  const betCount = runs.reduce((sum, run) => sum + run.bets.length, 0);
  if (betCount === 0 || betCount > size.maxBets || runs.length > size.maxVaults) {
    const fits = `from 1 to ${size.maxBets} bets of up to ${size.maxVaults} vaults`;
    throw new CircuitError('BATCH_TOO_LARGE', `the circuit takes ${fits}, got ${betCount} of ${runs.length}`);
  }
  const { termsId, profitBps } = statement;
  const slots = runs.map(slotOf);
  const rows = runs.flatMap((run) => {
    const vaultKey = vaultKeyOf({ k, accountId: run.accountId });
    return playRun({ run, vaultKey, termsId, profitBps }).bets.map(rowOf);
  });
  while (slots.length < size.maxVaults) slots.push(emptySlot());
  while (rows.length < size.maxBets) rows.push(emptyRow());
  return {
    batchNumber: statement.batchNumber,
    termsId: BigInt(termsId),
    profitBps: BigInt(profitBps),
    blobHash: limbs(statement.blobHash),
    k,
    ...columns(slots),
    ...columns(rows),
  };
}

type SlotKey = 'accountId' | 'start' | 'firstBet' | 'betCount' | 'headBefore' | 'sessionKey' | 'signatureR8' | 'signatureS';
type RowKey = 'stakeUnits' | 'choice' | 'clientSeed' | 'outcome' | 'root';
type SlotSignals = { [K in SlotKey]: WitnessInput[K][number] };
type RowSignals = { [K in RowKey]: WitnessInput[K][number] };

function slotOf(run: Run): SlotSignals {
  const { accountId, start, firstBet, headBefore, signature } = run;
  const coordinates = ({ x, y }: Point) => [x, y];
  return {
    accountId,
    start,
    firstBet,
    betCount: BigInt(run.bets.length),
    headBefore,
    sessionKey: coordinates(run.sessionKey),
    signatureR8: coordinates(signature.r8),
    signatureS: signature.s,
  };
}

function rowOf(bet: PlayedBet): RowSignals {
  const { stakeUnits, clientSeed } = bet;
  const outcome = BigInt(bet.outcome);
  return { stakeUnits, choice: BigInt(bet.choice), clientSeed, outcome, root: rootOf({ y: outcomeValue(bet), outcome }) };
}

/** From one record per slot or row to one list per signal. There is at least one record. */
function columns<Signals extends Record<string, unknown>>(records: Signals[]): { [K in keyof Signals]: Signals[K][] } {
  const names = Object.keys(records[0] ?? {}) as (keyof Signals)[];
  const lists = names.map((name) => [name, records.map((record) => record[name])]);
  return Object.fromEntries(lists);
}
