import type { BatchDetail, BatchState, BetDetail } from '../../api-types.ts';
import type { TimelineStep } from '../../components/timeline.tsx';

/** A bet's way: its answer, then what its batch has been through. */
export function stepsOf(bet: BetDetail, batch: BatchDetail | undefined): TimelineStep[] {
  const answered: TimelineStep = { state: 'acknowledged', timeMs: bet.time, note: 'Answered, with a signed receipt' };
  if (!batch) return [answered];
  return [answered, ...batchSteps(batch)];
}

/** Changes of a batch's state, oldest first; a state that is entered again without one between is one step. */
export function batchSteps({ history }: BatchDetail): TimelineStep[] {
  return history.flatMap(({ time, to, reason }) =>
    to === '' ? [] : [{ state: to as BatchState, timeMs: time, note: reason || undefined }],
  );
}
