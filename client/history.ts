import { type ApiClient, type BetState, betStateOf } from './api.ts';
import { ClientError } from './errors.ts';
import { JsonReader } from './parse.ts';

/** A bet as the service's lists show it: its word, unlike what `bet` returns. Amounts in base units. */
export interface BetSummary {
  /** Head of the bet, hex. */
  id: string;
  user: string;
  vault: string;
  betNumber: bigint;
  termsId: number;
  amount: bigint;
  guess: 'heads' | 'tails';
  outcome: 'heads' | 'tails';
  won: boolean;
  /** Stake included; 0 for a loss. */
  payout: bigint;
  /** Of the vault after the bet. */
  balance: bigint;
  /** Since the epoch. */
  timeMs: number;
  state: BetState;
  batchNumber: bigint | null;
  /** Signature of the settling transaction, base58. */
  signature: string | null;
}

export interface HistoryFilters {
  /** Whose bets: `everyone`, or the address of a wallet; left out, this client's own. */
  user?: string | undefined;
  outcome?: 'heads' | 'tails' | undefined;
  won?: boolean | undefined;
  state?: BetState | undefined;
  batchNumber?: bigint | undefined;
  fromMs?: number | undefined;
  toMs?: number | undefined;
}

export interface HistoryOptions {
  filters?: HistoryFilters;
  /** Most bets of one page, 1 to 100. */
  limit?: number;
  /** `next` of an earlier page with the same filters. */
  cursor?: string | undefined;
}

export interface HistoryPage {
  /** Newest first; may be fewer than the limit, even none, with more to come. */
  bets: BetSummary[];
  /** What the next page is asked for by; null on the last one. */
  next: string | null;
}

const MAX_PAGE = 100;

/** One page of the service's bets. */
export async function historyPage(
  api: Pick<ApiClient, 'bets'>,
  { filters = {}, limit = MAX_PAGE, cursor }: HistoryOptions,
): Promise<HistoryPage> {
  const { user, outcome, won, state, batchNumber, fromMs, toMs } = filters;
  const query = new URLSearchParams({ limit: String(limit) });
  const wanted = { user, outcome, won, status: state, batch: batchNumber, from: fromMs, to: toMs, cursor };
  for (const [name, value] of Object.entries(wanted)) if (value !== undefined) query.set(name, String(value));
  const reader = new JsonReader(await api.bets(query), 'bets');
  const next = reader.has('next') ? reader.text('next') : null;
  return {
    bets: reader.list('bets', { most: MAX_PAGE, read: (value, path) => betSummaryOf(new JsonReader(value, path)) }),
    next,
  };
}

/** All bets of the filters, newest first, fetched page by page as they are read. `BAD_ANSWER` from a service that goes in a circle. */
export async function* historyOf(
  api: Pick<ApiClient, 'bets'>,
  options: HistoryOptions,
): AsyncGenerator<BetSummary, void, undefined> {
  for (let { cursor } = options; ; ) {
    const { bets, next } = await historyPage(api, { ...options, cursor });
    yield* bets;
    if (next === null) return;
    if (next === cursor) throw new ClientError('BAD_ANSWER', 'the next page of bets is the same one again');
    cursor = next;
  }
}

/** Reads a bet as `GET /v1/bets` lists it, and `bet_result` tells of it. */
export function betSummaryOf(reader: JsonReader): BetSummary {
  const side = (name: string) => (reader.side(name) === 1 ? 'heads' : 'tails');
  return {
    id: reader.text('bet_id'),
    user: reader.text('user'),
    vault: reader.text('vault'),
    betNumber: reader.u64('nonce'),
    termsId: reader.integer('terms_id'),
    amount: reader.u64('amount'),
    guess: side('guess'),
    outcome: side('outcome'),
    won: reader.boolean('won'),
    payout: reader.u64('payout'),
    balance: reader.u64('balance'),
    timeMs: reader.integer('time'),
    state: betStateOf(reader.text('status')),
    batchNumber: reader.has('batch') ? reader.u64('batch') : null,
    signature: reader.has('l1_signature') ? reader.text('l1_signature') : null,
  };
}
