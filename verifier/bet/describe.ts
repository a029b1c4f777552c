import { WEAKNESSES, WORTHLESS_PROOFS } from '../describe.ts';
import type { BetCheck } from './checks.ts';
import type { BetReport, BetVerdict } from './verify-bet.ts';

const VERDICTS: Record<BetVerdict, string> = {
  settled: 'Everything holds: the bet was played as signed, and settled on chain as the receipt says.',
  voided:
    'Everything that can be checked holds. The owner left by a forced exit before the bet was settled: it is void, win or loss.',
  pending: 'Everything that can be checked so far holds. The bet is not settled on chain yet.',
  incomplete: 'Nothing is wrong with what could be checked, and something could not be.',
  fraud: 'What the house signed contradicts itself, or what it settled and published.',
  invalid: 'Something does not hold, and it proves nothing against the house.',
};

const ADVICE: Record<BetVerdict, readonly string[]> = {
  settled: [],
  voided: [],
  pending: [
    "Check again later. Keep the file: if the bet stays unsettled, its receipt is what the program's `challenge` takes from the owner,",
    'before a forced exit. It then reserves in the house what the receipt promises.',
  ],
  incomplete: ['See what was skipped, give what is missing (--rpc, --blobs), and check again.'],
  fraud: [
    "Keep the file as it is, with a copy elsewhere: the house's signature in it is evidence that anyone can check.",
    "Run this again with a node of another operator, so that no node's word stands between you and the chain; then publish both.",
    'While the bet is not settled, `challenge` with this receipt reserves in the house what the receipt promises.',
  ],
  invalid: [
    "If the file was sent on or edited, fetch it anew: from your own client's store, or GET /v1/bets/:id/receipt of the service.",
    'If a check that asks the chain failed, ask a node of another operator. Keep the file.',
    'If the blob was not looked at, give it: what was settled convicts the house only with the proof of its batch.',
  ],
};

const MARKS = { passed: '✓', failed: '✗', skipped: '–' } as const;

/** The report for people: the bet in their words, each check on a line, what it comes to, and what to do. */
export function describeBet(report: BetReport): string {
  const { bet, receipt } = report;
  const width = Math.max(...report.checks.map(({ name }) => name.length));
  const checks = report.checks.map((check) => `  ${MARKS[check.result]} ${check.name.padEnd(width)}  ${detailOf(check)}`);
  return [
    `Bet ${bet.betNumber} of vault ${report.vault}`,
    `  owner    ${report.owner}`,
    `  house    ${report.house}, program ${report.program}`,
    `  bet      ${bet.stake} base units on ${bet.choice}, under terms ${bet.termsId}`,
    receipt
      ? `  receipt  ${receipt.outcome}: ${receipt.won ? 'won' : 'lost'}, payout ${receipt.payout}; ${timeOf(receipt.time)}`
      : '  receipt  not readable',
    `  settled  ${settlementOf(report)}`,
    '',
    ...checks,
    '',
    ...warningsOf(report),
    VERDICTS[report.verdict],
    ...ADVICE[report.verdict],
  ].join('\n');
}

/** What a verdict rests on and can not show. */
function warningsOf({ houseGiven, settlement }: BetReport): string[] {
  const warnings: string[] = [];
  if (settlement?.state === 'settled' && settlement.keyWeakness !== undefined) {
    warnings.push(`${WORTHLESS_PROOFS} Here the key is ${WEAKNESSES[settlement.keyWeakness]}.`);
  }
  if (!houseGiven) {
    warnings.push(
      '! House and program are the ones that the file names, and anyone can make up both: give the house with --house.',
    );
  }
  return warnings;
}

/** The report as one JSON value: 64-bit numbers as decimal strings. */
export function betReportJson(report: BetReport) {
  const { bet, receipt, settlement } = report;
  return {
    verdict: report.verdict,
    failed: report.checks.filter(({ result }) => result === 'failed').map(({ name }) => name),
    house: report.house,
    program: report.program,
    house_given: report.houseGiven,
    vault: report.vault,
    owner: report.owner,
    bet: { bet_number: `${bet.betNumber}`, terms_id: bet.termsId, stake: `${bet.stake}`, choice: bet.choice },
    receipt: receipt
      ? {
          ...{ outcome: receipt.outcome, won: receipt.won, payout: `${receipt.payout}` },
          ...{ balance_after: `${receipt.balanceAfter}`, time: `${receipt.time}` },
        }
      : null,
    settlement:
      settlement?.state === 'settled'
        ? {
            ...{ state: settlement.state, batch: `${settlement.batchNumber}`, signature: settlement.signature },
            ...{ slot: `${settlement.slot}`, blob_cid: settlement.blobCid },
            key_weakness: settlement.keyWeakness ?? null,
          }
        : (settlement ?? null),
    checks: report.checks.map(({ name, result, detail, blame }) => ({ name, result, detail, blame: blame ?? null })),
  };
}

function detailOf({ result, detail, blame }: BetCheck): string {
  if (result === 'passed') return detail;
  return result === 'skipped' ? `not checked: ${detail}` : `FAILED (${blame}): ${detail}`;
}

function settlementOf({ settlement }: BetReport): string {
  if (!settlement) return 'not known';
  if (settlement.state === 'pending') return 'not yet';
  if (settlement.state === 'voided') return 'never: void by a forced exit';
  return `in batch ${settlement.batchNumber}, transaction ${settlement.signature}`;
}

function timeOf(timeMs: bigint): string {
  const date = new Date(Number(timeMs));
  return Number.isNaN(date.getTime()) ? `time ${timeMs}` : date.toISOString();
}
