import { MAX_LEDGER_BACKLOG } from '../admission/admission.ts';
import type { VaultBook } from '../admission/book.ts';
import type { Archiver } from '../archive/archiver.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { LastProof } from '../prover/prover.ts';
import type { BlobPublisher } from '../settlement/publisher.ts';
import type { Settlement } from '../settlement/settlement.ts';
import type { Gate } from './gate.ts';
import { NOTICES, PROBLEMS, type Problem } from './problems.ts';
import type { Reconciler } from './reconciler.ts';
import { type SettlerFunds, settlerProblem } from './settler-balance.ts';
import type { Storage } from './storage.ts';

/** Below this much free disk an operator has to act. */
const LEAST_FREE_BYTES = 1_073_741_824;
/** Of what holds settlement up, and of damaged archives, so much is told: GET /v1/quarantine has all held vaults. */
const MAX_STUCK_SHOWN = 20;
/** A chain that has not answered for this long is silent. */
const SILENT_AFTER_MS = 15_000;

export interface HealthInput {
  book: VaultBook;
  gate: Pick<Gate, 'problem' | 'ageMs' | 'maxAgeMs'>;
  ledger: Pick<Ledger, 'writable' | 'backlog' | 'read'>;
  settlement: Pick<Settlement, 'problems' | 'betsPerSecond'>;
  publisher: Pick<BlobPublisher, 'problems'>;
  unfinishedBatches: number;
  reconciler: Pick<Reconciler, 'report' | 'overdue'>;
  developmentKeys: boolean;
  archiver: Pick<Archiver, 'failure'>;
  settler: SettlerFunds | undefined;
  settlerWarnLamports: bigint;
  prover: { proofs: boolean; sizes: readonly string[]; loaded: readonly string[]; lastProof: LastProof | undefined };
  storage: Storage;
  /** Since the chain last answered; undefined before it ever did. */
  chainSilentMs: number | undefined;
  startedAtMs: number;
  nowMs: number;
}

/** What `GET /health` says. */
export function healthOf(input: HealthInput) {
  const { book, gate, ledger, settlement, prover, storage, nowMs } = input;
  const { report } = input.reconciler;
  const view = book.view;
  const problems = problemsOf(input);
  const oldestBetMs = oldestOpenBet(book);
  const lastFinalized = ledger.read.lastFinalized();
  const { settler } = input;
  return {
    status: problems.length === 0 ? ('ok' as const) : ('degraded' as const),
    ready: isReady(problems),
    leading: view !== undefined && !problems.some(({ code }) => code === 'NOT_LEADING'),
    problems,
    notices: input.developmentKeys ? [{ code: 'DEVELOPMENT_KEYS' as const, message: NOTICES.DEVELOPMENT_KEYS }] : [],
    chain: {
      slot: (view?.finalized.slot ?? 0n).toString(),
      age_ms: view ? Math.round(gate.ageMs(view)) : 0,
      answered_ms_ago: input.chainSilentMs === undefined ? null : Math.round(input.chainSilentMs),
    },
    settler: settler ? { lamports: settler.lamports.toString(), batches_left: settler.batchesLeft.toString() } : null,
    prover: {
      proofs: prover.proofs,
      sizes: [...prover.sizes],
      loaded: [...prover.loaded],
      last_proof: prover.lastProof
        ? { size: prover.lastProof.size, age_ms: nowMs - prover.lastProof.atMs, took_ms: prover.lastProof.tookMs }
        : null,
      bets_per_second: settlement.betsPerSecond ?? null,
    },
    ledger: {
      writable: ledger.writable,
      backlog: ledger.backlog,
      bytes: storage.ledgerBytes,
      wal_bytes: storage.walBytes,
      disk_free_bytes: storage.diskFreeBytes,
    },
    settlement: {
      unfinished_batches: input.unfinishedBatches,
      open_bets: book.openBets,
      unbatched_bets: ledger.read.waitingBets(),
      oldest_open_bet_age_ms: oldestBetMs === undefined ? null : nowMs - oldestBetMs,
      last_finalized_batch: (view?.finalized.house.lastBatch ?? 0n).toString(),
      last_finalized_age_ms: lastFinalized ? nowMs - lastFinalized.atMs : null,
    },
    reconciliation: report
      ? { time: report.timeMs, funds_differ: report.fundsDiffer, differences: report.discrepancies.length + report.omitted }
      : null,
    uptime_ms: nowMs - input.startedAtMs,
  };
}

/** Whether bets are taken. */
export const isReady = (problems: readonly Problem[]): boolean => !problems.some(({ code }) => PROBLEMS[code].stopsBets);

function problemsOf(input: HealthInput): Problem[] {
  const { gate, book, ledger, settlement, storage, reconciler, settler, prover } = input;
  const { report } = reconciler;
  const silent = input.chainSilentMs !== undefined && input.chainSilentMs > SILENT_AFTER_MS;
  const records = report && report.discrepancies.length > 0 && !report.fundsDiffer;
  const when = (holds: boolean | undefined, problem: Problem) => (holds ? problem : undefined);
  const free = Math.floor(storage.diskFreeBytes / 1_048_576);
  const found = [
    gate.problem(book.view),
    when(!ledger.writable, { code: 'LEDGER_FAILED', message: 'the ledger can not be written' }),
    when(ledger.backlog > MAX_LEDGER_BACKLOG, { code: 'LEDGER_BEHIND', message: `${ledger.backlog} changes wait for the disk` }),
    when(silent, {
      code: 'CHAIN_SILENT',
      message: `the chain has not answered for ${Math.round((input.chainSilentMs ?? 0) / 1_000)} s`,
    }),
    when(records, {
      code: 'RECORDS_DIFFER',
      message: 'reconciliation found differences, of records alone: GET /v1/reconciliation',
    }),
    reconciler.overdue === undefined ? undefined : ({ code: 'RECONCILIATION_LATE', message: reconciler.overdue } as const),
    ...settlement.problems.slice(0, MAX_STUCK_SHOWN).map((message) => ({ code: 'SETTLEMENT_STUCK' as const, message })),
    ...input.publisher.problems,
    lateProblem(input),
    settler && settlerProblem(settler, input.settlerWarnLamports),
    when(!prover.proofs, { code: 'PROOFS_OFF', message: 'batches are not proven, so that nothing settles: bets are owed' }),
    ...archiveProblems(input),
    when(storage.diskFreeBytes < LEAST_FREE_BYTES, { code: 'DISK_LOW', message: `${free} MB of disk are left` }),
  ];
  return found.filter((problem) => problem !== undefined);
}

/** Bets in an archive that can not be read are not answered; nothing else depends on them. */
function archiveProblems({ ledger, archiver }: HealthInput): Problem[] {
  const found: Problem[] = ledger.read.archives.problems
    .slice(0, MAX_STUCK_SHOWN)
    .map((message) => ({ code: 'ARCHIVE_DAMAGED', message }));
  if (archiver.failure !== undefined)
    found.push({ code: 'ARCHIVING_FAILS', message: `settled bets stay in the ledger: ${archiver.failure}` });
  return found;
}

/** A bet that waits for a quarter of the exit delay could be outrun by its bettor's exit. */
function lateProblem({ book, gate, nowMs }: HealthInput): Problem | undefined {
  const oldestMs = oldestOpenBet(book);
  if (!book.view || oldestMs === undefined || nowMs - oldestMs <= gate.maxAgeMs(book.view)) return undefined;
  return { code: 'SETTLEMENT_LATE', message: `a bet has waited for ${Math.round((nowMs - oldestMs) / 1_000)} s to be settled` };
}

/** When the oldest bet that the finalized chain has not settled was answered. */
function oldestOpenBet(book: VaultBook): number | undefined {
  let oldest: number | undefined;
  for (const { openBets } of book.all()) {
    const timeMs = openBets[0] && Number(openBets[0].bet.timeMs);
    if (timeMs !== undefined && (oldest === undefined || timeMs < oldest)) oldest = timeMs;
  }
  return oldest;
}
