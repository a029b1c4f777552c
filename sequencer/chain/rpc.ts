import {
  createSolanaRpcFromTransport,
  isSolanaError,
  type Rpc,
  SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE,
  SOLANA_ERROR__TRANSACTION_ERROR__BLOCKHASH_NOT_FOUND,
  type SolanaRpcApi,
} from '@solana/kit';
import { programErrorOf } from '../../program/client/index.ts';
import { DEFAULTS } from '../config.ts';
import { CasinoError, messageOf } from '../errors.ts';
import { steadyTransport } from './transport.ts';

export type ChainRpc = Rpc<SolanaRpcApi>;
export type Commitment = 'confirmed' | 'finalized';

/** A node, reached through `steadyTransport`. `CONFIG_INVALID` if its address has a user or a password. */
export function connectRpc(url: string, timeoutMs = DEFAULTS.rpcTimeoutMs): ChainRpc {
  const { username, password } = new URL(url);
  if (username !== '' || password !== '') {
    // `fetch` refuses these, in words that hold the whole address.
    throw new CasinoError(
      'CONFIG_INVALID',
      "a node's address can have no user and no password: a provider's key goes into its path",
    );
  }
  return createSolanaRpcFromTransport(steadyTransport({ url, timeoutMs }));
}

/**
 * Makes one call. `CHAIN_UNREACHABLE` if the chain gives no answer, or no whole one; `SETTLEMENT_REJECTED`, with the program's own
 * words, if a dry run of a transaction fails.
 */
export async function call<T>(request: { send(): Promise<T> }): Promise<T> {
  try {
    const answer = await request.send();
    // Garbage that happens to be JSON has no result.
    if (answer === undefined) throw new Error('it answers with something else');
    return answer;
  } catch (error) {
    const failed = isSolanaError(error, SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE);
    // A node that is behind does not know a fresh blockhash: that says nothing of the transaction.
    if (failed && !isSolanaError(error.cause, SOLANA_ERROR__TRANSACTION_ERROR__BLOCKHASH_NOT_FOUND)) {
      throw new CasinoError('SETTLEMENT_REJECTED', `the dry run failed: ${describeFailure(error)}`, { cause: error });
    }
    throw new CasinoError('CHAIN_UNREACHABLE', `the chain does not answer: ${describeFailure(error)}`, { cause: error });
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
