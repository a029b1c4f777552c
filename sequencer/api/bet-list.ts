import type { CoinSide } from '../../protocol/bet.ts';
import type { VaultBook } from '../admission/book.ts';
import { CasinoError } from '../errors.ts';
import { addressOf } from '../ledger/addresses.ts';
import type { BetPosition } from '../ledger/lists.ts';
import type { LedgerReader } from '../ledger/reader.ts';
import type { BetRecord } from '../ledger/records.ts';
import { numberCursor, readNumberCursor, readRowCursor, readTimeCursor, rowCursor, timeCursor } from './cursor.ts';
import { betSummaryJson } from './json.ts';
import { Standings } from './standings.ts';

/** What one page may read, so that it holds up the bets for a few milliseconds at most (bench/bet-lists.ts): rows, */
const MAX_SCANNED = 200;
/** and of these from archives, where each may lie in a block of its own, which is read and unpacked for it. */
const MAX_ARCHIVED_SCANNED = 32;
/** Rows of a read after the first, which is as long as the page. */
const ROWS_A_READ = 50;
const ARCHIVED_ROWS_A_READ = 8;
/** How far back the machine's clock may be set between two bets of a vault without a list by time passing over one. */
const CLOCK_SLACK_MS = 60_000n;
const MAX_TIME_MS = (1n << 63n) - 1n;

export type BetSummary = ReturnType<typeof betSummaryJson>;

/** Which bets are asked for. Times in ms since the epoch, both included. */
export interface BetQuery {
  vault?: Uint8Array | undefined;
  batch?: bigint | undefined;
  outcome?: CoinSide | undefined;
  won?: boolean | undefined;
  status?: BetSummary['status'] | undefined;
  fromMs: bigint;
  toMs: bigint;
  cursor?: string | undefined;
  limit: number;
}

interface Parts {
  read: LedgerReader;
  book: VaultBook;
}

/** A bet in its list's order; `cursor` is where the page after it begins. */
interface Listed {
  bet: BetRecord;
  archived: boolean;
  cursor(): string;
}

/**
 * A page of bets, newest first, all of one moment. Of a batch: its rows from the last to the first, so that of each vault the newest comes first.
 * `NOT_FOUND` for a batch that is not there; `ARCHIVE_MISSING` and `ARCHIVE_CORRUPT` where a bet can not be read.
 */
export function betPage(parts: Parts, query: BetQuery): { bets: BetSummary[]; next: string | null } {
  return parts.read.together(() => {
    const source = query.batch !== undefined ? ofBatch(parts, query) : query.vault ? ofVault(parts, query) : ofAll(parts, query);
    return collect(source, { query, standings: new Standings(parts) });
  });
}

function collect(source: Iterable<Listed>, { query, standings }: { query: BetQuery; standings: Standings }) {
  const bets: BetSummary[] = [];
  const left = { rows: MAX_SCANNED, archived: MAX_ARCHIVED_SCANNED };
  let last: Listed | undefined;
  for (const listed of source) {
    if (bets.length === query.limit || left.rows === 0 || left.archived === 0) return { bets, next: last?.cursor() ?? null };
    last = listed;
    left.rows -= 1;
    if (listed.archived) left.archived -= 1;
    const summary = matching(listed.bet, query, standings);
    if (summary) bets.push(summary);
  }
  return { bets, next: null };
}

function matching(bet: BetRecord, query: BetQuery, standings: Standings): BetSummary | undefined {
  const { outcome, won, status, fromMs, toMs } = query;
  if (bet.timeMs < fromMs || bet.timeMs > toMs) return undefined;
  if (outcome !== undefined && bet.outcome !== outcome) return undefined;
  if (won !== undefined && (bet.outcome === bet.choice) !== won) return undefined;
  const found = standings.of(bet);
  if (!found) return undefined;
  const summary = betSummaryJson(bet, found.vault.owner, found.standing);
  return status === undefined || summary.status === status ? summary : undefined;
}

/** All bets of the ledger itself, by time. */
function* ofAll({ read }: Parts, { cursor, limit, fromMs, toMs }: BetQuery): Generator<Listed> {
  const newest: BetPosition = { timeMs: toMs < MAX_TIME_MS ? toMs + 1n : MAX_TIME_MS, vault: new Uint8Array(0), betNumber: 0n };
  let position = cursor === undefined ? newest : readTimeCursor(cursor);
  for (let rows = limit + 1; ; rows = ROWS_A_READ) {
    const bets = read.lists.betsBefore(position, rows);
    for (const bet of bets) {
      if (bet.timeMs < fromMs) return;
      yield { bet, archived: false, cursor: () => timeCursor(bet) };
    }
    const last = bets.at(-1);
    if (!last || bets.length < rows) return;
    position = last;
  }
}

/** A vault's bets from its last one down, wherever they lie. Their times only grow, but for what the clock is set back. */
function* ofVault({ read }: Parts, { vault, cursor, limit, fromMs, toMs }: BetQuery): Generator<Listed> {
  if (!vault) return;
  const lastBet = read.vault(vault)?.lastBet ?? 0n;
  const asked = cursor === undefined ? newestBefore(read, { vault, lastBet, toMs }) : readNumberCursor(cursor) - 1n;
  const last = asked < lastBet ? asked : lastBet;
  for (const listed of downward(read, { vault, first: 1n, last, rows: limit + 1 })) {
    if (listed.bet.timeMs + CLOCK_SLACK_MS < fromMs) return;
    yield { ...listed, cursor: () => numberCursor(listed.bet.betNumber) };
  }
}

/** A batch's bets, or those of one vault in it. */
function* ofBatch({ read }: Parts, { batch, vault, cursor, limit }: BetQuery): Generator<Listed> {
  if (batch === undefined || !read.lists.batch(batch)) throw new CasinoError('NOT_FOUND', `no batch ${batch}`);
  const runs = read.lists.runs(batch);
  const above = cursor === undefined ? Number.POSITIVE_INFINITY : readRowCursor(cursor);
  let end = runs.reduce((sum, { betCount }) => sum + betCount, 0);
  for (const run of runs.toReversed()) {
    const begin = end - run.betCount;
    const count = Math.min(end, above) - begin;
    if (count > 0 && (!vault || Buffer.compare(vault, run.vault) === 0)) {
      const last = run.firstBet + BigInt(count) - 1n;
      for (const listed of downward(read, { vault: run.vault, first: run.firstBet, last, rows: limit + 1 })) {
        yield { ...listed, cursor: () => rowCursor(begin + Number(listed.bet.betNumber - run.firstBet)) };
      }
    }
    end = begin;
  }
}

/** A vault's bets `last .. first`, so many at a time. `LEDGER_CORRUPT` if one is neither in the ledger nor in an archive. */
function* downward(
  read: LedgerReader,
  range: { vault: Uint8Array; first: bigint; last: bigint; rows: number },
): Generator<{ bet: BetRecord; archived: boolean }> {
  const { vault, first } = range;
  let next = range.last;
  const reach = (rows: number) => (next - BigInt(rows) + 1n > first ? next - BigInt(rows) + 1n : first);
  for (let rows = range.rows; next >= first; rows = ROWS_A_READ) {
    const before = next;
    for (const bet of read.hotBets(vault, { first: reach(rows), last: next }).toReversed()) {
      if (bet.betNumber !== next) break;
      next -= 1n;
      yield { bet, archived: false };
    }
    if (next < before) continue;
    for (const bet of read.archives.bets(vault, { first: reach(ARCHIVED_ROWS_A_READ), last: next }).toReversed()) {
      if (bet.betNumber !== next) break;
      next -= 1n;
      yield { bet, archived: true };
    }
    if (next === before) throw new CasinoError('LEDGER_CORRUPT', `bet ${next} of vault ${addressOf(vault)} is missing`);
  }
}

/** About the last bet of a vault up to a time: none that is up to it comes later. */
function newestBefore(
  read: LedgerReader,
  { vault, lastBet, toMs }: { vault: Uint8Array; lastBet: bigint; toMs: bigint },
): bigint {
  if (toMs === MAX_TIME_MS) return lastBet;
  let [known, beyond] = [0n, lastBet + 1n];
  while (beyond - known > 1n) {
    const middle = (known + beyond) / 2n;
    const bet = read.bet(vault, middle);
    if (bet && bet.timeMs <= toMs + CLOCK_SLACK_MS) known = middle;
    else beyond = middle;
  }
  return known;
}
