import type { ProblemCode } from '../sequencer/operations/problems.ts';
import { inSol, money } from './amounts.ts';
import { printable } from './printable.ts';
import type { Size } from './screen.ts';
import type { HeardBet } from './status-meter.ts';

/** The service's answers at one moment, as docs/reference/api.md has them. */
export interface Look {
  timeMs: number;
  /** How long the answers took. */
  answeredMs: number;
  apiUrl: string;
  betting: { perSecond: number | undefined; newest: readonly HeardBet[] };
  health: {
    ready: boolean;
    problems: { code: ProblemCode; message: string }[];
    notices: { code: string; message: string }[];
    chain: { slot: string; age_ms: number };
    settler: { lamports: string; batches_left: string } | null;
    prover: {
      proofs: boolean;
      last_proof: { size: string; age_ms: number; took_ms: number } | null;
      bets_per_second: number | null;
    };
    settlement: {
      unfinished_batches: number;
      open_bets: number;
      unbatched_bets: number;
      oldest_open_bet_age_ms: number | null;
      last_finalized_batch: string;
    };
    reconciliation: { time: number; funds_differ: boolean; differences: number } | null;
    uptime_ms: number;
  };
  house: { house: string; balance: string; exposure: string; max_stake: string };
  batches: {
    number: string;
    status: string;
    size: string;
    bets: number;
    prove_ms: number | null;
    created_at: number;
    finalized_at: number | null;
  }[];
}

/** What to do about each problem, in a line; docs/reference/errors.md has the whole. */
const WHAT_TO_DO: Record<ProblemCode, string> = {
  CHAIN_UNSEEN: 'wait a moment; if it lasts, look at the node (--rpc)',
  CHAIN_STALE: 'look at the node: its slots stand still',
  NOT_LEADING: 'another process leads: stop one of the two',
  FUNDS_DIFFER: 'run casino reconcile, and do not take bets until you know why',
  LEDGER_FAILED: 'look at the disk; the process ends and is started again',
  LEDGER_BEHIND: 'the disk is too slow for the bets that come in',
  CHAIN_SILENT: 'look at the node and the way to it',
  RECORDS_DIFFER: 'run casino reconcile',
  RECONCILIATION_LATE: 'look at the node: it does not show the accounts',
  SETTLEMENT_STUCK: 'look at the log, and GET /v1/quarantine',
  SETTLEMENT_LATE: 'look at the prover and the settler; new bets are slowed down',
  SETTLER_LOW: 'pay the settler: casino keys list shows its address',
  SETTLER_EMPTY: 'pay the settler now: nothing settles',
  PROOFS_OFF: 'start with --proofs on',
  DISK_LOW: 'free space on the disk of the data directory',
  NOT_RECONCILED: 'wait for the first reconciliation; if it lasts, look at the node',
  BLOB_STORE_DOWN: 'look at the blob store: docs/operating/blobs.md',
  BLOB_STORE_CORRUPT: 'the store gives back other bytes: docs/operating/blobs.md',
  ARCHIVE_DAMAGED: 'run casino archive verify',
  ARCHIVING_FAILS: 'look at the disk: docs/operating/retention.md',
};

const STATES = ['Pending', 'Proving', 'Proved', 'Submitted', 'Confirmed', 'Finalized'];

/** A look as lines for a terminal of some size; `silentMs` if the service has not answered since. Bets and batches take what is left. */
export function statusLines(look: Look, { columns, rows }: Size, silentMs?: number): string[] {
  const { health, house, betting, batches } = look;
  const line = (name: string, text: string) => `${name.padEnd(columns < 60 ? 9 : 12)}${text}`;
  const amount = (text: string) => (columns < 80 ? `${inSol(BigInt(text))} SOL` : money(BigInt(text)));
  const { settlement, prover, settler } = health;
  const head = [
    silentMs === undefined
      ? `${look.apiUrl}  ${health.ready ? 'takes bets' : 'TAKES NO BETS'}, up ${age(health.uptime_ms)}, answers in ${look.answeredMs.toFixed(0)} ms`
      : `${look.apiUrl}  DOES NOT ANSWER for ${age(silentMs)}; what follows is of ${new Date(look.timeMs).toLocaleTimeString()}`,
    ...health.problems.flatMap(({ code, message }) => [
      `! ${code}: ${message}`,
      `    ${WHAT_TO_DO[code] ?? 'docs/reference/errors.md'}`,
    ]),
    ...health.notices.map(({ code, message }) => `! ${code}: ${message}`),
    '',
    line('bets', `${rate(betting)}${settlement.open_bets} open, ${settlement.unbatched_bets} in no batch yet${oldest(look)}`),
    line(
      'batches',
      `${statesOf(batches)}; ${settlement.unfinished_batches} on their way, final through ${settlement.last_finalized_batch}`,
    ),
    line('prover', proverText(prover)),
    line('bankroll', `${amount(house.balance)}, open bets can cost ${amount(house.exposure)}`),
    line('settler', settler ? `${amount(settler.lamports)}, pays for ${settler.batches_left} batches` : 'not seen yet'),
    line('books', booksText(look)),
    line('chain', `slot ${health.chain.slot}, seen ${age(health.chain.age_ms)} ago`),
  ];
  const shown = newestLines(look, rows - head.length - 2);
  return [...head, ...shown].map((text) => printable(text).slice(0, columns));
}

const rate = ({ perSecond }: Look['betting']): string => (perSecond === undefined ? '' : `${perSecond.toFixed(1)} a second, `);

const oldest = ({ health }: Look): string => {
  const { oldest_open_bet_age_ms: ageMs } = health.settlement;
  return ageMs === null ? '' : `, the oldest for ${age(ageMs)}`;
};

function proverText({ proofs, last_proof: last, bets_per_second: rate }: Look['health']['prover']): string {
  if (!proofs) return 'off: nothing settles';
  const lately = last ? `last proof (${last.size}) took ${last.took_ms} ms, ${age(last.age_ms)} ago` : 'no proof yet';
  return rate === null ? lately : `${lately}; sustains ${rate.toFixed(1)} bets a second`;
}

function booksText({ health, timeMs }: Look): string {
  const { reconciliation } = health;
  if (!reconciliation) return 'not compared with the chain yet';
  const when = `compared ${age(timeMs - reconciliation.time)} ago`;
  if (reconciliation.differences === 0) return `agree with the chain, ${when}`;
  return `${reconciliation.differences} differences${reconciliation.funds_differ ? ', MONEY among them' : ''}, ${when}`;
}

/** How many of the newest batches are in each state. */
const statesOf = (batches: Look['batches']): string =>
  STATES.flatMap((state) => {
    const count = batches.filter(({ status }) => status === state).length;
    return count === 0 ? [] : [`${count} ${state}`];
  }).join(', ') || 'none yet';

function newestLines({ batches, betting, timeMs }: Look, rows: number): string[] {
  const half = Math.floor(rows / 2);
  const bets = betting.newest.slice(0, Math.max(0, half - 1)).map(({ user, betNumber, outcome, payout }) => {
    return `  ${user.slice(0, 8)}… ${betNumber}: ${outcome}, ${payout > 0n ? `won ${inSol(payout)} SOL` : 'lost'}`;
  });
  const shown = batches.slice(0, Math.max(0, Math.min(8, rows - (bets.length > 0 ? bets.length + 2 : 0) - 1))).map((batch) => {
    const proven = batch.prove_ms === null ? '' : `, proven in ${batch.prove_ms} ms`;
    const state =
      batch.finalized_at === null
        ? `${batch.status} for ${age(timeMs - batch.created_at)}`
        : `final after ${age(batch.finalized_at - batch.created_at)}`;
    return `  ${batch.number}: ${batch.bets} bets (${batch.size}), ${state}${proven}`;
  });
  return [
    ...(shown.length > 0 ? ['', 'newest batches', ...shown] : []),
    ...(bets.length > 0 ? ['', 'newest bets', ...bets] : []),
  ];
}

/** A look in one line. */
export function statusLine(look: Look): string {
  const { health, house, betting } = look;
  const problems = health.problems.map(({ code }) => code).join(' ') || 'ok';
  const { open_bets: open, unfinished_batches: unfinished, last_finalized_batch: last } = health.settlement;
  const parts = [
    new Date(look.timeMs).toISOString(),
    problems,
    ...(betting.perSecond === undefined ? [] : [`${betting.perSecond.toFixed(1)} bets/s`]),
    `${open} open`,
    `${unfinished} batches on their way, final ${last}`,
    `bankroll ${inSol(BigInt(house.balance))} SOL`,
    `exposure ${inSol(BigInt(house.exposure))} SOL`,
  ];
  return printable(parts.join('  '));
}

/** A look for programs: the service's own answers, and what was counted. */
export function lookJson({ timeMs, health, house, batches, betting, answeredMs }: Look): object {
  const newest = betting.newest.map(({ user, betNumber, outcome, payout }) => ({ user, nonce: betNumber, outcome, payout }));
  const bets = { bets_per_second: betting.perSecond ?? null, newest_bets: newest };
  return { time: timeMs, answers: true, answered_ms: Math.round(answeredMs), ...bets, health, house, batches };
}

/** A duration for people. */
export function age(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.max(0, Math.round(durationMs))} ms`;
  const seconds = durationMs / 1_000;
  if (seconds < 90) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const minutes = seconds / 60;
  if (minutes < 90) return `${Math.round(minutes)} min`;
  return minutes < 2_880 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1_440)} d`;
}
