import type { Address } from '@solana/kit';
import { sessionKeyHashOf } from '../protocol/account.ts';
import type { PlayedBet } from '../protocol/batch.ts';
import { type Bet, betPack, deltaOf, nextHead } from '../protocol/bet.ts';
import { type Blob, type BlobBet, type BlobRun, decodeBlob } from '../protocol/blob.ts';
import { fieldToHex } from '../protocol/bytes.ts';
import { GAME_COIN_FLIP, STAKE_UNIT } from '../protocol/constants.ts';
import { verifyEddsa } from '../protocol/eddsa.ts';
import { outcomeOf } from '../protocol/outcome.ts';
import { messageOf } from './errors.ts';
import type { SettledRun } from './layout/events.ts';
import { addressOf } from './layout/reader.ts';
import type { BatchOnChain, Report, VaultBefore } from './settlement.ts';

/** A bet as the blob tells it and the heads confirm. */
export interface CheckedBet extends PlayedBet {
  /** The vault's balance after it, in base units. */
  balanceAfter: bigint;
}

/** A run whose bets were recomputed. */
export interface CheckedRun {
  vault: Address;
  accountId: bigint;
  /** Hash of the session key in the blob. */
  sessionKeyHash: bigint;
  /** Of the last bet. */
  head: bigint;
  bets: CheckedBet[];
}

/**
 * Recomputes a batch from its blob, whose bytes are known to be those of the hash: heads, outcomes, deltas, balances and the signature of
 * each run, against what the chain has. Empty if the blob cannot be read.
 */
export function checkBlob(
  bytes: Uint8Array,
  batch: BatchOnChain & { house: Address; domain: bigint },
  report: Report,
): CheckedRun[] {
  let blob: Blob;
  try {
    blob = decodeBlob(bytes);
  } catch (error) {
    report('blob-malformed', `the blob is none: ${messageOf(error)}`);
    return [];
  }
  checkHeader(blob, batch, report);
  const { event } = batch;
  if (blob.runs.length !== event.runs.length) {
    report('blob-run', 'the blob has other runs than the batch', {
      expected: `${event.runs.length} runs`,
      found: `${blob.runs.length} runs`,
    });
  }
  let row = 0;
  return event.runs.flatMap((said, index) => {
    const firstRow = row;
    row += said.betCount;
    const run = blob.runs[index];
    const vault = batch.vaults.get(said.vault);
    if (!run || !vault) return [];
    const here: Report = (code, message, more) => report(code, message, { vault: said.vault, ...more });
    const outcomes = event.outcomes.slice(firstRow, row);
    return checkRun({ run, said, vault, outcomes, profitBps: batch.terms.profitBps, termsId: batch.terms.id }, here) ?? [];
  });
}

function checkHeader(
  blob: Blob,
  { event, terms, house, domain }: BatchOnChain & { house: Address; domain: bigint },
  report: Report,
) {
  const pairs = [
    ['domain', fieldToHex(domain), fieldToHex(blob.domain)],
    ['house', house, addressOf(blob.house)],
    ['batch number', `${event.batchNumber}`, `${blob.batchNumber}`],
    ['terms', `${terms.id}`, `${blob.termsId}`],
    ['odds', `${terms.profitBps}`, `${blob.profitBps}`],
    ['randomness commitment', fieldToHex(terms.vrfCommitment), fieldToHex(blob.vrfCommitment)],
  ] as const;
  for (const [name, expected, found] of pairs) {
    if (expected !== found) report('blob-header', `the blob's ${name} is not the batch's`, { expected, found });
  }
}

interface RunInput {
  run: BlobRun;
  said: SettledRun;
  vault: VaultBefore;
  /** Those of the batch for this run. */
  outcomes: readonly (0 | 1)[];
  profitBps: number;
  termsId: number;
}

function checkRun(input: RunInput, report: Report): CheckedRun | undefined {
  const { run, said, vault } = input;
  const pairs = [
    ['vault', said.vault, addressOf(run.vault)],
    ['starting balance', `${said.start}`, `${run.start}`],
    ['balance after', `${said.after}`, `${run.after}`],
    ['first bet', `${said.firstBet}`, `${run.firstBet}`],
    ['bet count', `${said.betCount}`, `${run.bets.length}`],
  ] as const;
  const wrong = pairs.filter(([, expected, found]) => expected !== found);
  for (const [name, expected, found] of wrong) report('blob-run', `the blob's ${name} is not the batch's`, { expected, found });
  if (wrong.some(([name]) => name === 'vault' || name === 'first bet' || name === 'bet count')) return undefined;
  const known = said.firstBet === 1n ? vault.accountId : vault.head;
  if (known !== undefined && known !== run.headBefore) {
    report('head-chain', "the run does not continue the vault's bets", {
      expected: fieldToHex(known),
      found: fieldToHex(run.headBefore),
    });
  }
  const bets = playBets(input, report);
  const head = bets.at(-1)?.head ?? run.headBefore;
  if (!verifyEddsa({ publicKey: run.sessionKey, signature: run.signature, message: head })) {
    report('session-signature', 'the bettor did not sign the head of these bets', { found: fieldToHex(head) });
  }
  return { vault: said.vault, accountId: vault.accountId, sessionKeyHash: sessionKeyHashOf(run.sessionKey), head, bets };
}

function playBets({ run, said, vault, outcomes, profitBps, termsId }: RunInput, report: Report): CheckedBet[] {
  const { accountId } = vault;
  let head = run.headBefore;
  let balance = said.start;
  const bets = run.bets.map((bet, index) => {
    const betNumber = said.firstBet + BigInt(index);
    const here: Report = (code, message, more) => report(code, message, { bet: `${betNumber}`, ...more });
    const packed = betPack({ ...bet, game: GAME_COIN_FLIP, betNumber, termsId });
    head = nextHead({ headBefore: head, packed, clientSeed: bet.clientSeed, accountId });
    if (bet.stakeUnits < 1n) here('stake', 'a bet without a stake');
    if (balance < bet.stakeUnits * STAKE_UNIT) {
      here('balance-negative', 'the stake is above what the vault has', {
        expected: `at most ${balance}`,
        found: `${bet.stakeUnits * STAKE_UNIT}`,
      });
    }
    const delta = checkPlay({ bet, head, settled: outcomes[index] as 0 | 1, profitBps }, here);
    balance += delta;
    return { ...pickBet(bet), betNumber, head, serverSeed: bet.serverSeed, outcome: bet.outcome, delta, balanceAfter: balance };
  });
  if (balance !== said.after) {
    report('run-balance', 'the bets do not add up to the balance after them', { expected: `${balance}`, found: `${said.after}` });
  }
  return bets;
}

const pickBet = ({ stakeUnits, choice, clientSeed }: Bet): Bet => ({ stakeUnits, choice, clientSeed });

/** The outcome and what it changes; returns the delta of the outcome that was settled. */
function checkPlay(
  { bet, head, settled, profitBps }: { bet: BlobBet; head: bigint; settled: 0 | 1; profitBps: number },
  report: Report,
): bigint {
  let outcome: 0 | 1 | undefined;
  try {
    outcome = outcomeOf({ serverSeed: bet.serverSeed, head });
  } catch {
    report('outcome', 'seed and head decide no outcome');
  }
  if (outcome !== undefined && outcome !== settled) {
    report('outcome', 'seed and head decide another outcome than was settled', { expected: `${outcome}`, found: `${settled}` });
  }
  if (bet.outcome !== settled) {
    report('blob-outcome', "the blob's outcome is not the settled one", { expected: `${settled}`, found: `${bet.outcome}` });
  }
  const delta = deltaOf({ stakeUnits: bet.stakeUnits, won: settled === bet.choice, profitBps });
  if (bet.delta !== delta) {
    report('blob-delta', "the blob's delta is not the bet's", { expected: `${delta}`, found: `${bet.delta}` });
  }
  return delta;
}
