import type { VaultBook } from '../admission/book.ts';
import type { UnfinishedBatches } from '../settlement/batches.ts';
import type { Settlement } from '../settlement/settlement.ts';
import type { Gate } from './gate.ts';

/** What `GET /health` says. */
export function healthOf(input: {
  book: VaultBook;
  gate: Gate;
  settlement: Settlement;
  unfinished: UnfinishedBatches;
  startedAtMs: number;
  nowMs: number;
}) {
  const { book, gate, settlement, unfinished } = input;
  const view = book.view;
  const stopped = view ? gate.stopped(view)?.message : 'the chain has not been read yet';
  const problems = [stopped, ...settlement.problems].filter((problem) => problem !== undefined);
  return {
    status: problems.length === 0 ? ('ok' as const) : ('degraded' as const),
    leading: stopped === undefined,
    problems,
    chain: { slot: (view?.finalized.slot ?? 0n).toString(), age_ms: view ? gate.ageMs(view) : 0 },
    settlement: {
      unfinished_batches: unfinished.all.length,
      open_bets: book.openBets,
      last_finalized_batch: (view?.finalized.house.lastBatch ?? 0n).toString(),
    },
    uptime_ms: input.nowMs - input.startedAtMs,
  };
}
