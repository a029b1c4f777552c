import { type VerifyReport, verifyChain } from '../verifier/chain.ts';
import { Fairness, type FairnessReport } from '../verifier/fairness/fairness.ts';
import type { Output } from './output.ts';
import { type ReplayFlags, replayed } from './replay-flags.ts';

export interface HistoryFlags extends ReplayFlags {
  alpha: number;
  json?: boolean;
}

/**
 * The statistics of a house's settled bets, in the order in which they were settled, each as the verifier recomputed it. Rejects with a
 * `VerifierError` if the history can not be read to its end.
 */
export async function historyFairness(
  flags: HistoryFlags,
  output: Output,
): Promise<{ report: FairnessReport; verification: VerifyReport }> {
  const fairness = new Fairness();
  const verification = await verifyChain({
    ...(await replayed(flags)),
    hooks: {
      onBet: ({ run, bet }) => {
        const { outcome, choice, stakeUnits } = bet;
        fairness.add({ vault: run.vault, outcome, choice, stakeUnits });
      },
    },
    onProgress: ({ step, done, total, bets }) => {
      output.bar({ label: step === 'replaying' ? `replaying, ${bets} bets` : 'comparing accounts', done, total });
    },
  });
  return { report: fairness.report(flags.alpha), verification };
}

/** What a verification that did not pass means for the statistics; undefined if it passed. */
export function describeDoubt(
  { passed, divergenceCount, firstDivergence, bets }: VerifyReport,
  tested: number,
): string | undefined {
  if (passed) return undefined;
  const first = firstDivergence ? `, first ${firstDivergence.code}: ${firstDivergence.message}` : '';
  return [
    `The chain and the blobs do not bear this history out: ${divergenceCount} divergences${first}.`,
    `${tested} of its ${bets} bets are in the statistics. "casino verify chain" tells all of it.`,
  ].join('\n');
}
