import { address } from '@solana/kit';
import { type VerifyReport, verifyChain } from '../verifier/chain.ts';
import { messageOf, VerifierError } from '../verifier/errors.ts';
import { Fairness, type FairnessReport } from '../verifier/fairness/fairness.ts';
import { LOCAL_PROGRAM } from '../verifier/layout/constants.ts';
import { blobSourceAt } from './blob-directory.ts';
import type { Output } from './output.ts';

export interface HistoryFlags {
  rpc: string;
  blobs: string;
  program?: string;
  house?: string;
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
    rpc: flags.rpc,
    blobs: await blobSourceAt(flags.blobs),
    program: flags.program === undefined ? LOCAL_PROGRAM : addressOf(flags.program),
    house: flags.house === undefined ? undefined : addressOf(flags.house),
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

function addressOf(text: string) {
  try {
    return address(text);
  } catch (error) {
    throw new VerifierError('BAD_USAGE', messageOf(error), { cause: error });
  }
}
