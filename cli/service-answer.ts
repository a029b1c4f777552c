import { CasinoError, messageOf } from '../sequencer/errors.ts';

/** Longest that the service may take to answer. */
const TIMEOUT_MS = 10_000;

/** A JSON answer of the service; `CHAIN_UNREACHABLE` without one. */
export async function askService(apiUrl: string, path: string): Promise<Record<string, unknown>> {
  const url = `${apiUrl.replace(/\/+$/, '')}${path}`;
  if (!URL.canParse(url)) throw new CasinoError('CONFIG_INVALID', `${apiUrl} is not the address of a service`);
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return (await answer.json()) as Record<string, unknown>;
  } catch (error) {
    throw new CasinoError('CHAIN_UNREACHABLE', `the service at ${apiUrl} does not answer: ${messageOf(error)}`, { cause: error });
  }
}
