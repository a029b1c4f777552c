import type { KeyWeakness } from '../protocol/development-keys.ts';
import type { VerifyReport } from './chain.ts';
import type { Divergence } from './divergence.ts';

/** Divergences that the text shows; the JSON form has more. */
const MAX_SHOWN = 20;

/** A report in words: what was found first, then what was checked. */
export function describeVerification(report: VerifyReport): string {
  const { divergenceCount: count, divergences } = report;
  const lines = report.passed
    ? ['PASSED: everything recomputed is as the chain has it']
    : [`DIVERGES: ${count} found; the first:`];
  for (const divergence of divergences.slice(0, MAX_SHOWN)) lines.push(describeDivergence(divergence));
  if (count > MAX_SHOWN) lines.push(`  and ${count - Math.min(MAX_SHOWN, divergences.length)} more`);
  lines.push(...keyWarning(report));
  const { transactions, batches, bets, proofsVerified, blobs, vaultsCompared, seconds } = report;
  lines.push(
    `house ${report.house}`,
    `program ${report.program}, chain ${report.genesisHash}, compared in slot ${report.comparedSlot}`,
    `${transactions} transactions, ${batches} batches, ${bets} bets, ${proofsVerified} proofs verified, ${blobs} blobs`,
    `${vaultsCompared} vaults compared, with the house, its escrow, terms and keys`,
    ...report.verifyingKeys.map(({ id, maxBets, maxVaults, keyHash, weakness }) => {
      return `verifying key ${id} (${maxBets} bets, ${maxVaults} vaults): ${keyHash}${weakness ? `, ${WEAKNESSES[weakness]}` : ''}`;
    }),
    `${seconds.toFixed(1)} s${report.resumedAfter > 0 ? `, going on after ${report.resumedAfter} transactions` : ''}`,
  );
  return lines.join('\n');
}

/** What is wrong with a verifying key, for people. */
export const WEAKNESSES: Record<KeyWeakness, string> = {
  development: 'a DEVELOPMENT KEY',
  'derived-from-development': 'made from a DEVELOPMENT KEY',
  'no-contribution': 'one to which NOBODY HAS CONTRIBUTED',
};

/** Said wherever a check rests on a proof under such a key. */
export const WORTHLESS_PROOFS =
  '!!! THE PROOFS PROVE NOTHING: the secret of a verifying key is public, so anyone can forge them. No real money here !!!';

/** What a pass is worth under a key whose secret is known. */
function keyWarning({ verifyingKeys }: VerifyReport): string[] {
  if (verifyingKeys.every(({ weakness }) => weakness === undefined)) return [];
  return [WORTHLESS_PROOFS];
}

/** One divergence: its code, where it is, and what was expected. */
export function describeDivergence(divergence: Divergence): string {
  const { code, message, expected, found } = divergence;
  const places = (['transaction', 'slot', 'batch', 'vault', 'bet', 'account'] as const).flatMap((name) =>
    divergence[name] === undefined ? [] : [`${name} ${divergence[name]}`],
  );
  const values = [
    ...(expected === undefined ? [] : [`expected ${expected}`]),
    ...(found === undefined ? [] : [`found ${found}`]),
  ];
  const details = [places.join(', '), values.join(', ')].filter((text) => text !== '').map((text) => `\n    ${text}`);
  return `  ${code}: ${message}${details.join('')}`;
}
