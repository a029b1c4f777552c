import {
  createSolanaRpc,
  isSolanaError,
  type Rpc,
  SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE,
  type SolanaRpcApi,
} from '@solana/kit';
import { programErrorOf } from '../../program/client/index.ts';
import { CasinoError, messageOf } from '../errors.ts';

/** Longest that one call to the chain may take. */
const CALL_TIMEOUT_MS = 15_000;

export type ChainRpc = Rpc<SolanaRpcApi>;
export type Commitment = 'confirmed' | 'finalized';

export function connectRpc(url: string): ChainRpc {
  return createSolanaRpc(url);
}

/**
 * Makes one call. `CHAIN_UNREACHABLE` if the chain gives no answer; `SETTLEMENT_REJECTED`, with the program's own words, if a dry run
 * of a transaction fails.
 */
export async function call<T>(request: { send(options: { abortSignal: AbortSignal }): Promise<T> }): Promise<T> {
  try {
    return await request.send({ abortSignal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
  } catch (error) {
    if (isSolanaError(error, SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE)) {
      throw new CasinoError('SETTLEMENT_REJECTED', `the dry run failed: ${describeFailure(error)}`, { cause: error });
    }
    throw new CasinoError('CHAIN_UNREACHABLE', `the chain does not answer: ${messageOf(error)}`, { cause: error });
  }
}

/** What a failed transaction's error says, by the program's error list where it is one of its codes. */
export function describeFailure(error: unknown): string {
  const known = programErrorOf(error);
  if (known) return `${known.name} (${known.code}): ${known.message}`;
  const cause = error instanceof Error && error.cause !== undefined ? `: ${messageOf(error.cause)}` : '';
  const text =
    error instanceof Error
      ? `${error.message}${cause}`
      : JSON.stringify(error, (_, v) => (typeof v === 'bigint' ? v.toString() : v));
  return text;
}
