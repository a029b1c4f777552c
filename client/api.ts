import type { CoinSide } from '../protocol/bet.ts';
import type { Clock } from './clock.ts';
import { CasinoApiError, ClientError } from './errors.ts';
import { hexField, JsonReader, parseJson, type SignedBytes } from './parse.ts';
import { isTransient, type RetryLimits, withRetries } from './retry.ts';
import type { HttpAnswer, HttpTransport } from './transport.ts';

/** `POST /v1/bet`'s answer, read but not checked. Amounts in base units. */
export interface BetAnswer {
  head: Uint8Array;
  betNumber: bigint;
  outcome: CoinSide;
  payout: bigint;
  balanceAfter: bigint;
  seed: { serverSeed: Uint8Array; path: Uint8Array[]; commitment: SignedBytes };
  limit: SignedBytes;
  receipt: SignedBytes;
}

/** Where a bet stands. `acknowledged` until it is in a batch, then the batch's state; `Voided` once its vault has left without it. */
export type BetState = 'acknowledged' | BatchState | 'Voided';
export type BatchState = 'Pending' | 'Proving' | 'Proved' | 'Submitted' | 'Confirmed' | 'Finalized' | 'Failed';

export interface BetStatus {
  /** Head of the bet, hex. */
  id: string;
  user: string;
  betNumber: bigint;
  state: BetState;
  /** Why it was voided, if it was. */
  voidReason: string | null;
  batchNumber: bigint | null;
  /** Signature of the settling transaction, base58. */
  signature: string | null;
}

export interface BatchStatus {
  number: bigint;
  state: BatchState;
  size: string;
  bets: number;
  /** Which bets of which vault it settles. */
  runs: { vault: string; firstBet: bigint; bets: number }[];
  proveMs: number | null;
  computeUnits: number | null;
  signature: string | null;
  /** CID of its blob: what it is fetched by. */
  blobCid: string;
  createdAtMs: number;
  confirmedAtMs: number | null;
  finalizedAtMs: number | null;
}

export interface VaultAnswer {
  vault: string;
  nextBet: bigint;
  head: Uint8Array;
  /** Why bets have to wait, if they do. */
  held: string | null;
  /** The owner has left by a forced exit. */
  frozen: boolean;
  /** Paid out and not claimed, in base units. */
  claimable: bigint;
  /** The open withdrawal request; `final` once the finalized chain shows it. */
  request: { amount: bigint; deadlineSlot: bigint; final: boolean } | null;
  /** Answered bets that the forced exit has ended unsettled. */
  voided: VoidedBets | null;
  limit: SignedBytes;
}

export interface VoidedBets {
  fromBet: bigint;
  throughBet: bigint;
  reason: string;
}

export interface BalanceAnswer {
  /** What can be staked next, in base units. */
  available: bigint;
  openBets: number;
}

const BATCH_STATES: readonly string[] = ['Pending', 'Proving', 'Proved', 'Submitted', 'Confirmed', 'Finalized', 'Failed'];
/** Code given to an error that came without one. */
const NO_CODE = 'UNKNOWN';
const MAX_BATCHES = 100;
const MAX_BATCH_VAULTS = 250;
const MAX_PATH = 64;

/** The service's HTTP routes, read strictly. Nothing here is checked against the chain. */
export class ApiClient {
  readonly #o: ApiOptions;

  constructor(options: ApiOptions) {
    this.#o = options;
  }

  /**
   * Sends a bet. Without an answer, and after errors that say so, the same bytes are sent again within the retry limit.
   */
  async postBet(body: string): Promise<BetAnswer> {
    return betAnswerOf(await this.#request('POST', '/v1/bet', { body }));
  }

  async house(): Promise<{ house: string; program: string }> {
    const reader = new JsonReader(await this.#request('GET', '/v1/house'), 'house');
    return { house: reader.text('house'), program: reader.text('program') };
  }

  async vault(user: string): Promise<VaultAnswer> {
    const reader = new JsonReader(await this.#request('GET', `/v1/vaults/${user}`), 'vault');
    return {
      vault: reader.text('vault'),
      nextBet: reader.u64('next_nonce'),
      head: reader.hex('head', 32),
      held: reader.has('held') ? reader.text('held') : null,
      frozen: reader.boolean('frozen'),
      claimable: reader.u64('claimable'),
      request: reader.has('request') ? requestOf(reader.object('request')) : null,
      voided: reader.has('voided') ? voidedOf(reader.object('voided')) : null,
      limit: reader.signed('limit'),
    };
  }

  async balance(user: string): Promise<BalanceAnswer> {
    const reader = new JsonReader(await this.#request('GET', `/v1/balance/${user}`), 'balance');
    return { available: reader.u64('available'), openBets: reader.integer('open_bets') };
  }

  async seedCommitment(user: string, rangeIndex: bigint): Promise<SignedBytes> {
    const answer = await this.#request('GET', `/v1/seed-commitments/${user}/${rangeIndex}`);
    return new JsonReader(answer, 'seed commitment').signed('commitment');
  }

  async bet(id: string): Promise<BetStatus> {
    const reader = new JsonReader(await this.#request('GET', `/v1/bets/${id}`), 'bet');
    const state = reader.text('status');
    return {
      id: reader.text('bet_id'),
      user: reader.text('user'),
      betNumber: reader.u64('nonce'),
      state: state === 'acknowledged' || state === 'Voided' ? state : batchStateOf(state),
      voidReason: reader.has('void_reason') ? reader.text('void_reason') : null,
      batchNumber: reader.has('batch') ? reader.u64('batch') : null,
      signature: reader.has('l1_signature') ? reader.text('l1_signature') : null,
    };
  }

  async batch(number: bigint): Promise<BatchStatus> {
    return batchStatusOf(await this.#request('GET', `/v1/batches/${number}`), 'batch');
  }

  /** Batches below `before`, newest first, at most `limit` (1 to 100). */
  async batches(options: { before?: bigint; limit?: number } = {}): Promise<BatchStatus[]> {
    const query = new URLSearchParams({ limit: String(options.limit ?? MAX_BATCHES) });
    if (options.before !== undefined) query.set('before', options.before.toString());
    const answer = await this.#request('GET', `/v1/batches?${query}`);
    return new JsonReader(answer, 'batches').list('batches', { most: MAX_BATCHES, read: batchStatusOf });
  }

  /** Slot of the chain up to which the service has counted deposits, and what is wrong if anything is. */
  async health(): Promise<{ slot: bigint; problems: { code: string; message: string }[] }> {
    const reader = new JsonReader(await this.#request('GET', '/health', { alsoStatus: 503 }), 'health');
    const problems = reader.list('problems', { most: 1_000, read: problemOf });
    return { slot: reader.object('chain').u64('slot'), problems };
  }

  /** `alsoStatus`: another status whose body is an answer, unless it carries an error. */
  #request(method: 'GET' | 'POST', path: string, options: { body?: string; alsoStatus?: number } = {}): Promise<unknown> {
    const { body, alsoStatus } = options;
    const { transport, apiUrl, clock, retry, timeoutMs } = this.#o;
    const url = `${apiUrl}${path}`;
    const attempt = async () => {
      const answer = await transport({ method, url, timeoutMs, ...(body === undefined ? {} : { body }) });
      const error = answer.status === 200 ? undefined : apiErrorOf(answer, `${method} ${path}`);
      if (error && !(answer.status === alsoStatus && error.code === NO_CODE && error.details.code === undefined)) throw error;
      return parseJson(answer.text, path);
    };
    return withRetries({ clock, limits: retry, attempt, mayRetry: isTransient });
  }
}

export interface ApiOptions {
  /** Without a slash at the end. */
  apiUrl: string;
  transport: HttpTransport;
  clock: Clock;
  retry: RetryLimits;
  /** For one attempt. */
  timeoutMs: number;
}

/** Reads `POST /v1/bet`'s answer; `BAD_ANSWER` if it is of another shape. */
export function betAnswerOf(value: unknown): BetAnswer {
  const reader = new JsonReader(value, 'bet');
  const vrf = reader.object('vrf');
  return {
    head: reader.hex('bet_id', 32),
    betNumber: reader.u64('nonce'),
    outcome: reader.side('outcome'),
    payout: reader.u64('payout'),
    balanceAfter: reader.u64('balance'),
    seed: {
      serverSeed: vrf.hex('server_seed', 32),
      path: vrf.list('path', { most: MAX_PATH, read: (hash, path) => hexField(hash, { length: 32, path }) }),
      commitment: vrf.signed('commitment'),
    },
    limit: reader.signed('limit'),
    receipt: reader.signed('receipt'),
  };
}

/** Reads a batch as `GET /v1/batches` and the event `batch_finalized` carry it. */
export function batchStatusOf(value: unknown, path: string): BatchStatus {
  const reader = new JsonReader(value, path);
  const optional = (name: string) => (reader.has(name) ? reader.integer(name) : null);
  return {
    number: reader.u64('number'),
    state: batchStateOf(reader.text('status')),
    size: reader.text('size'),
    bets: reader.integer('bets'),
    runs: reader.list('vaults', { most: MAX_BATCH_VAULTS, read: runOf }),
    proveMs: optional('prove_ms'),
    computeUnits: optional('compute_units'),
    signature: reader.has('signature') ? reader.text('signature') : null,
    blobCid: reader.text('blob_cid'),
    createdAtMs: reader.integer('created_at'),
    confirmedAtMs: optional('confirmed_at'),
    finalizedAtMs: optional('finalized_at'),
  };
}

function runOf(value: unknown, path: string): BatchStatus['runs'][number] {
  const reader = new JsonReader(value, path);
  return { vault: reader.text('vault'), firstBet: reader.u64('first_nonce'), bets: reader.integer('bets') };
}

function problemOf(value: unknown, path: string): { code: string; message: string } {
  const reader = new JsonReader(value, path);
  return { code: reader.text('code'), message: reader.text('message') };
}

function requestOf(reader: JsonReader): NonNullable<VaultAnswer['request']> {
  return { amount: reader.u64('amount'), deadlineSlot: reader.u64('deadline_slot'), final: reader.boolean('final') };
}

/** Which bets a forced exit has ended, as `GET /v1/vaults` and the event `vault_closed` carry it. */
export function voidedOf(reader: JsonReader): VoidedBets {
  return { fromBet: reader.u64('from_nonce'), throughBet: reader.u64('through_nonce'), reason: reader.text('reason') };
}

function batchStateOf(text: string): BatchState {
  if (!BATCH_STATES.includes(text)) throw new ClientError('BAD_ANSWER', `unknown batch state ${text}`);
  return text as BatchState;
}

/** The coded error of an answer; a proxy's error without a code counts as transient when its status does. */
export function apiErrorOf(answer: HttpAnswer, what: string): CasinoApiError {
  const { status } = answer;
  const retryAfterSeconds = Number(answer.retryAfter);
  const retryAfterMs = retryAfterSeconds > 0 ? 1_000 * retryAfterSeconds : undefined;
  try {
    const body = (JSON.parse(answer.text) as { error?: Record<string, unknown> }).error ?? {};
    const { code, message, retry, ...details } = body;
    if (typeof code === 'string' && typeof retry === 'boolean') {
      return new CasinoApiError({ code, message: String(message), status, retry, details, retryAfterMs });
    }
  } catch {}
  const retry = status === 429 || status >= 500;
  const message = `${what} was answered with status ${status} and no code`;
  return new CasinoApiError({ code: NO_CODE, message, status, retry, details: {}, retryAfterMs });
}
