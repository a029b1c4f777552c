import type { ChainLog, LocalChain } from '../chain.ts';
import { RPC_ERROR, RpcError } from '../errors.ts';
import { type Json, parseJson, stringifyJson } from '../json.ts';
import { MAX_BATCH_REQUESTS } from '../limits.ts';
import { accountMethods } from './accounts.ts';
import { blockMethods } from './blocks.ts';
import { developmentMethods } from './development.ts';
import { historyMethods } from './history.ts';
import type { RpcMethod } from './params.ts';
import { sendingMethods } from './sending.ts';

const METHODS: ReadonlyMap<string, RpcMethod> = new Map(
  Object.entries({ ...blockMethods, ...accountMethods, ...historyMethods, ...sendingMethods, ...developmentMethods }),
);

/** A JSON-RPC request whose envelope is well formed. `id` is `undefined` on a notification. */
export type RpcRequest = { id: Json | undefined; method: string; params: readonly Json[] };

/** Reads a request's envelope; throws `RpcError` `Invalid request`. */
export function readRequest(value: Json): RpcRequest {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RpcError(RPC_ERROR.invalidRequest, 'Invalid request');
  }
  const { id, method, params, jsonrpc } = value;
  const validId = id === undefined || id === null || ['string', 'number', 'bigint'].includes(typeof id);
  if (jsonrpc !== '2.0' || typeof method !== 'string' || !validId) {
    throw new RpcError(RPC_ERROR.invalidRequest, 'Invalid request');
  }
  if (params !== undefined && params !== null && !Array.isArray(params)) {
    throw new RpcError(RPC_ERROR.invalidParams, '`params` should be an array');
  }
  return { id, method, params: params ?? [] };
}

/** The text of a successful answer. */
export function resultText(id: Json, result: unknown): string {
  return stringifyJson({ jsonrpc: '2.0', result, id });
}

/** The text of an error answer; an unexpected error is logged and shown without its details. */
export function errorText(id: Json, error: unknown, log: ChainLog): string {
  if (!(error instanceof RpcError)) log.warn({ err: error }, 'a request failed unexpectedly');
  const { code, message, data } =
    error instanceof RpcError ? error : { code: RPC_ERROR.internal, message: 'Internal error', data: undefined };
  return stringifyJson({ jsonrpc: '2.0', error: { code, message, data }, id });
}

/** Parses the text of a request or batch; throws `RpcError` `Parse error`. */
export function parseBody(text: string): Json {
  try {
    return parseJson(text);
  } catch {
    throw new RpcError(RPC_ERROR.parse, 'Parse error');
  }
}

/**
 * Answers the body of an HTTP request: one JSON-RPC request or an array of them. `null` when there is nothing to
 * answer, because all were notifications.
 */
export async function answerBody(chain: LocalChain, text: string, log: ChainLog): Promise<string | null> {
  let body: Json;
  try {
    body = parseBody(text);
    if (Array.isArray(body) && (body.length === 0 || body.length > MAX_BATCH_REQUESTS)) {
      throw new RpcError(RPC_ERROR.invalidRequest, `a batch holds 1 to ${MAX_BATCH_REQUESTS} requests`);
    }
  } catch (error) {
    return errorText(null, error, log);
  }
  if (!Array.isArray(body)) return answerOne(chain, body, log);
  const answers = await Promise.all(body.map((request) => answerOne(chain, request, log)));
  const texts = answers.filter((answer) => answer !== null);
  return texts.length === 0 ? null : `[${texts.join(',')}]`;
}

async function answerOne(chain: LocalChain, value: Json, log: ChainLog): Promise<string | null> {
  let id: Json | undefined = null;
  try {
    const request = readRequest(value);
    id = request.id;
    const method = METHODS.get(request.method);
    if (method === undefined) throw new RpcError(RPC_ERROR.methodNotFound, 'Method not found');
    const result = await method(chain, request.params);
    return id === undefined ? null : resultText(id, result);
  } catch (error) {
    return id === undefined ? null : errorText(id, error, log);
  }
}
