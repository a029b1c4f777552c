import {
  type Address,
  type Base58EncodedBytes,
  createDefaultRpcTransport,
  createSolanaRpcFromTransport,
  getBase58Encoder,
  getBase64Encoder,
  isSolanaError,
  type Rpc,
  type RpcTransport,
  type Signature,
  SOLANA_ERROR__JSON_RPC__METHOD_NOT_FOUND,
  SOLANA_ERROR__RPC__TRANSPORT_HTTP_ERROR,
  type SolanaRpcApi,
} from '@solana/kit';
import { messageOf, VerifierError } from './errors.ts';
import { type Attempt, askAgain, retryAfterMs } from './retry.ts';

const DEFAULT_TIMEOUT_MS = 20_000;
const DEFAULT_TRIES = 8;
/** Entries of one page of signatures, and accounts of one call: what nodes allow. */
export const MAX_SIGNATURES_PAGE = 1_000;
export const MAX_ACCOUNTS_PAGE = 100;
/** `NodeUnhealthy`, `BlockNotAvailable`, `MinContextSlotNotReached` and rate limits: the node may have it soon. */
const TRY_LATER_CODES = new Set([-32004, -32005, -32016, 429, -32429]);

/** An entry of a house's list of transactions. */
export interface ListedSignature {
  signature: string;
  slot: bigint;
  failed: boolean;
}

export interface SignatureRange {
  before?: string | undefined;
  until?: string | undefined;
  minSlot?: bigint | undefined;
}

/** An instruction as a node tells it: indexes into the transaction's accounts. */
export interface RawInstruction {
  programIndex: number;
  accounts: readonly number[];
  data: Uint8Array;
}

/** A transaction as a node tells it, at finalized. */
export interface RawTransaction {
  slot: bigint;
  /** Seconds since the Unix epoch. */
  blockTime: number | undefined;
  failed: boolean;
  /** The signed bytes. */
  wire: Uint8Array;
  /** Undefined if the node does not have them. */
  logs: readonly string[] | undefined;
  /** Accounts that lookup tables added: the writable ones, then the readonly ones. */
  loaded: readonly Address[];
  /** By the index of the instruction that called them. Undefined if the node does not record them. */
  inner: ReadonlyMap<number, readonly RawInstruction[]> | undefined;
}

export interface RawAccount {
  address: Address;
  owner: Address;
  lamports: bigint;
  data: Uint8Array;
}

/**
 * What verification asks of a chain, at finalized and nothing else. Calls reject with a `VerifierError` (`RPC_UNREACHABLE`) when
 * there is no answer.
 */
export interface ChainRpc {
  genesisHash(): Promise<string>;
  /** One page, newest first: what is older than `before` and newer than `until`, of a node that has reached slot `minSlot`. */
  signatures(address: Address, range: SignatureRange): Promise<ListedSignature[]>;
  /** Undefined if the node does not have it. */
  transaction(signature: string): Promise<RawTransaction | undefined>;
  /** At most 100 accounts as one slot shows them, `minSlot` or later; undefined where there is none. */
  accounts(addresses: readonly Address[], minSlot?: bigint): Promise<{ slot: bigint; accounts: (RawAccount | undefined)[] }>;
  /** The program's accounts of this size whose bytes at an offset are an address's; undefined if the node does not answer that. */
  programAccounts(
    program: Address,
    filter: { bytes: number; memcmp?: { offset: number; address: Address } },
  ): Promise<{ slot: bigint; accounts: RawAccount[] } | undefined>;
  /** What an account of this size must keep, in lamports. */
  rentMinimum(bytes: number): Promise<bigint>;
}

/** A node's JSON-RPC over HTTP. A busy node (429, 503), a time-out or a broken connection is asked again, `tries` times in all. */
export function connectChain(options: { url: string; timeoutMs?: number; tries?: number; transport?: RpcTransport }): ChainRpc {
  if (!URL.canParse(options.url)) throw new VerifierError('BAD_USAGE', `${options.url} is not the address of a node`);
  const transport = options.transport ?? createDefaultRpcTransport({ url: options.url });
  return new HttpChain(createSolanaRpcFromTransport(transport), {
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    tries: options.tries ?? DEFAULT_TRIES,
  });
}

type Api = Rpc<SolanaRpcApi>;
interface Pending<T> {
  send(options?: { abortSignal?: AbortSignal }): Promise<T>;
}

class HttpChain implements ChainRpc {
  readonly #rpc: Api;
  readonly #limits: { timeoutMs: number; tries: number };

  constructor(rpc: Api, limits: { timeoutMs: number; tries: number }) {
    this.#rpc = rpc;
    this.#limits = limits;
  }

  genesisHash(): Promise<string> {
    return this.#call(this.#rpc.getGenesisHash());
  }

  async signatures(address: Address, range: SignatureRange): Promise<ListedSignature[]> {
    const config = {
      commitment: 'finalized',
      limit: MAX_SIGNATURES_PAGE,
      ...(range.before === undefined ? {} : { before: range.before as Signature }),
      ...(range.until === undefined ? {} : { until: range.until as Signature }),
      ...(range.minSlot === undefined ? {} : { minContextSlot: range.minSlot }),
    } as const;
    const page = await this.#call(this.#rpc.getSignaturesForAddress(address, config));
    return page.map(({ signature, slot, err }) => ({ signature, slot, failed: err !== null }));
  }

  async transaction(signature: string): Promise<RawTransaction | undefined> {
    // Anyone can name the house in a transaction of whatever version the chain takes: a node refuses to show what is not asked for.
    const config = { commitment: 'finalized', encoding: 'base64', maxSupportedTransactionVersion: 1 } as const;
    const found = await this.#call(this.#rpc.getTransaction(signature as Signature, config));
    if (!found?.meta) return undefined;
    const { meta, slot, blockTime } = found;
    const { writable = [], readonly = [] } = meta.loadedAddresses ?? {};
    const inner = meta.innerInstructions?.map(
      ({ index, instructions }) => [Number(index), instructions.map(rawInstruction)] as const,
    );
    return {
      slot,
      blockTime: blockTime === null ? undefined : Number(blockTime),
      failed: meta.err !== null,
      wire: bytesOf(found.transaction[0]),
      logs: meta.logMessages ?? undefined,
      loaded: [...writable, ...readonly],
      inner: inner && new Map(inner),
    };
  }

  async accounts(
    addresses: readonly Address[],
    minSlot?: bigint,
  ): Promise<{ slot: bigint; accounts: (RawAccount | undefined)[] }> {
    const least = minSlot === undefined ? {} : { minContextSlot: minSlot };
    const config = { commitment: 'finalized', encoding: 'base64', ...least } as const;
    const { context, value } = await this.#call(this.#rpc.getMultipleAccounts([...addresses], config));
    if (value.length !== addresses.length) {
      const message = `the node shows ${value.length} accounts where ${addresses.length} were asked for`;
      throw new VerifierError('RPC_UNREACHABLE', message);
    }
    const accounts = value.map((account, index) => account && rawAccount(addresses[index] as Address, account));
    return { slot: context.slot, accounts: accounts.map((account) => account ?? undefined) };
  }

  async programAccounts(
    program: Address,
    filter: { bytes: number; memcmp?: { offset: number; address: Address } },
  ): Promise<{ slot: bigint; accounts: RawAccount[] } | undefined> {
    const { memcmp } = filter;
    const named = memcmp && {
      memcmp: {
        offset: BigInt(memcmp.offset),
        bytes: memcmp.address as string as Base58EncodedBytes,
        encoding: 'base58' as const,
      },
    };
    const filters = [{ dataSize: BigInt(filter.bytes) }, ...(named ? [named] : [])];
    const config = { commitment: 'finalized', encoding: 'base64', withContext: true, filters } as const;
    try {
      const { context, value } = await this.#call(this.#rpc.getProgramAccounts(program, config));
      return { slot: context.slot, accounts: value.map(({ pubkey, account }) => rawAccount(pubkey, account)) };
    } catch (error) {
      const cause = (error as Error).cause;
      if (isSolanaError(cause, SOLANA_ERROR__JSON_RPC__METHOD_NOT_FOUND)) return undefined;
      throw error;
    }
  }

  rentMinimum(bytes: number): Promise<bigint> {
    return this.#call(this.#rpc.getMinimumBalanceForRentExemption(BigInt(bytes)));
  }

  #call<T>(request: Pending<T>): Promise<T> {
    return askAgain<T>({
      tries: this.#limits.tries,
      ask: () => this.#once(request),
      onGiveUp: (reason) => new VerifierError('RPC_UNREACHABLE', `the node does not answer: ${reason}`),
    });
  }

  async #once<T>(request: Pending<T>): Promise<Attempt<T>> {
    try {
      const answer = await request.send({ abortSignal: AbortSignal.timeout(this.#limits.timeoutMs) });
      // Garbage that happens to be JSON has no result.
      return answer === undefined ? { reason: 'it answers with something else' } : { answer };
    } catch (error) {
      if (isSolanaError(error, SOLANA_ERROR__RPC__TRANSPORT_HTTP_ERROR)) {
        const { statusCode, headers } = error.context;
        const reason = `HTTP status ${statusCode}`;
        if (statusCode === 429 || statusCode >= 500) return { reason, retryAfterMs: retryAfterMs(headers.get('retry-after')) };
        throw new VerifierError('RPC_UNREACHABLE', `the node refuses: ${reason}`, { cause: error });
      }
      const isAnswer = isSolanaError(error) && typeof error.context.__code === 'number' && error.context.__code < 0;
      if (!isAnswer || TRY_LATER_CODES.has(error.context.__code)) return { reason: messageOf(error) };
      throw new VerifierError('RPC_UNREACHABLE', `the node refuses: ${messageOf(error)}`, { cause: error });
    }
  }
}

function rawInstruction(instruction: object): RawInstruction {
  // What is parsed is not asked for.
  const raw = instruction as { programIdIndex: number; accounts: readonly number[]; data: string };
  const data = Uint8Array.from(getBase58Encoder().encode(raw.data));
  return { programIndex: Number(raw.programIdIndex), accounts: raw.accounts.map(Number), data };
}

function rawAccount(
  address: Address,
  account: { owner: Address; lamports: bigint; data: readonly [string, string] },
): RawAccount {
  return { address, owner: account.owner, lamports: account.lamports, data: bytesOf(account.data[0]) };
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(getBase64Encoder().encode(base64));
}
