import { NOTICES } from '../sequencer/operations/problems.ts';

/** Longest that the service may take to answer. */
const TIMEOUT_MS = 10_000;

/** Flags of the sequencer for the keys of a ceremony; none for development keys. */
export const provingKeyFlags = (directory: string | undefined): string[] =>
  directory === undefined ? [] : ['--proving-keys', directory];

/** What to say, loudly, of a house that takes proofs under development keys; undefined if it does not. */
export async function keyNotice(apiUrl: string): Promise<string | undefined> {
  const answer = await fetch(`${apiUrl}/v1/house`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  const { development_keys: developmentKeys } = (await answer.json()) as { development_keys?: boolean };
  return developmentKeys === false ? undefined : `!!! ${NOTICES.DEVELOPMENT_KEYS} !!!`;
}
