import { fieldToHex } from '../../protocol/bytes.ts';
import { STAKE_UNIT } from '../../protocol/constants.ts';
import { parseReceiptFile, type ReceiptFile } from '../../protocol/receipt-file.ts';
import type { BlobSource } from '../blob-source.ts';
import type { ChainRpc } from '../rpc.ts';
import { checkAccounts } from './chain-checks.ts';
import { BET_CHECKS, type BetCheck, type BetCheckName, BetChecks } from './checks.ts';
import { checkFile, type FileFacts, sideName } from './file-checks.ts';
import { type BetSettlement, checkSettled, SETTLED_CHECKS } from './settlement-checks.ts';

/**
 * What all checks come to.
 * `settled` all passed. `voided` all that can be checked passed; the vault left by a forced exit before the bet was settled. `pending` likewise,
 * and the bet is not settled yet. `incomplete` nothing failed, and something could not be looked at: no node, or no blob. `fraud` the house's own
 * signature contradicts itself or a proven batch. `invalid` something failed that proves nothing against the house.
 */
export type BetVerdict = 'settled' | 'voided' | 'pending' | 'incomplete' | 'fraud' | 'invalid';

/** What became of one bet, and of each check. Amounts in base units, time in ms since the epoch. */
export interface BetReport {
  verdict: BetVerdict;
  checks: BetCheck[];
  house: string;
  program: string;
  /** Whether the caller said which house is meant; else house and program are the file's word. */
  houseGiven: boolean;
  vault: string;
  owner: string;
  /** Head that the file's bet leads to, hex: the id by which the service knows the bet. */
  betId: string;
  bet: { betNumber: bigint; termsId: number; stake: bigint; choice: 'heads' | 'tails' };
  /** What the receipt says; undefined if it is none. */
  receipt: { outcome: 'heads' | 'tails'; won: boolean; payout: bigint; balanceAfter: bigint; time: bigint } | undefined;
  /** By the chain; undefined if it was not asked, or does not show it. */
  settlement: BetSettlement | undefined;
}

export interface VerifyBetInput {
  /** Text of the receipt file. */
  receiptFile: string;
  /** A node of the chain; without one, only what the file itself shows is checked. */
  rpc?: ChainRpc | undefined;
  /** Where blobs are kept; not needed if the file has the blob. */
  blobs?: BlobSource | undefined;
  /** The house that is meant; without it the file says which house this is. */
  house?: string | undefined;
  onProgress?: ((message: string) => void) | undefined;
  /** Hears of each check once it is decided, in the order in which they are made. */
  onCheck?: ((check: BetCheck) => void) | undefined;
}

/**
 * Checks one bet by its receipt file: what the house signed, and what the chain shows. Runs in a browser. Throws `ReceiptFileError` for a text
 * that is no receipt file, and `VerifierError` (`RPC_UNREACHABLE`, `BLOBS_UNREACHABLE`) where something does not answer.
 */
export async function verifyBet(input: VerifyBetInput): Promise<BetReport> {
  const file = parseReceiptFile(input.receiptFile);
  const checks = new BetChecks(input.onCheck);
  const facts = await checkFile(file, checks);
  const settlement = await checkChain(facts, input, checks);
  return {
    verdict: verdictOf(checks, settlement),
    checks: inOrder(checks.list),
    houseGiven: input.house !== undefined,
    ...{ house: file.house, program: file.program, vault: file.vault, owner: file.owner },
    betId: fieldToHex(facts.head),
    bet: betOf(file),
    receipt: receiptOf(facts),
    settlement,
  };
}

async function checkChain(facts: FileFacts, input: VerifyBetInput, checks: BetChecks): Promise<BetSettlement | undefined> {
  const { rpc, blobs, house } = input;
  const onProgress = input.onProgress ?? (() => {});
  const names: BetCheckName[] = ['chain', 'house', 'receipt-key', 'vault', 'terms', 'settlement', ...SETTLED_CHECKS];
  if (!rpc) {
    checks.skipRest(names, 'no node of the chain was given');
    return undefined;
  }
  onProgress('asking the chain for house, vault and terms');
  const vault = await checkAccounts(facts, { rpc, house, onProgress }, checks);
  const settlement = vault && (await checkSettled(facts, vault, { rpc, blobs, onProgress }, checks));
  checks.skipRest(names, 'what it rests on has failed');
  return settlement;
}

/** Checks that speak against the house only with the batch's proof behind them: a node can make up an account or an event. */
const NEEDS_PROOF: ReadonlySet<BetCheckName> = new Set(['batch-bet', 'blob-content', 'blob-bet']);

function verdictOf(checks: BetChecks, settlement: BetSettlement | undefined): BetVerdict {
  const failed = checks.list.filter(({ result }) => result === 'failed');
  if (failed.length > 0) {
    const isTheirs = checks.passed('receipt-message', 'receipt-place', 'receipt-signature', 'receipt-key');
    const isTold = !failed.some(({ blame }) => blame === 'node');
    // Nor does a proof convict that anyone could have made.
    const isProven = checks.passed('proof') && settlement?.state === 'settled' && settlement.keyWeakness === undefined;
    const convicts = ({ name, blame }: BetCheck) => blame === 'house' && (!NEEDS_PROOF.has(name) || isProven);
    return isTheirs && isTold && failed.some(convicts) ? 'fraud' : 'invalid';
  }
  if (settlement === undefined) return 'incomplete';
  if (settlement.state !== 'settled') return settlement.state;
  return checks.passed('blob', 'blob-content', 'blob-bet', 'proof') ? 'settled' : 'incomplete';
}

function inOrder(list: readonly BetCheck[]): BetCheck[] {
  const names = Object.keys(BET_CHECKS);
  return [...list].sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
}

function betOf({ bet }: ReceiptFile): BetReport['bet'] {
  const { betNumber, termsId, stakeUnits, choice } = bet;
  return { betNumber, termsId, stake: stakeUnits * STAKE_UNIT, choice: sideName(choice) };
}

function receiptOf({ file, receipt }: FileFacts): BetReport['receipt'] {
  if (!receipt) return undefined;
  const { outcome, payout, balanceAfter, time } = receipt;
  return { outcome: sideName(outcome), won: outcome === file.bet.choice, payout, balanceAfter, time };
}
