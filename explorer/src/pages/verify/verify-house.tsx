import { useEffect, useRef, useState } from 'preact/hooks';
import type { VerifyProgress, VerifyReport } from '../../../../verifier/chain.ts';
import { duration, grouped } from '../../format.ts';
import { NoResult } from './bet-result.tsx';
import { HouseReport } from './house-report.tsx';
import type { Failure } from './messages.ts';
import { type Running, runVerifier } from './run-verifier.ts';
import type { PlacesState } from './sources.ts';

interface HouseRun {
  phase: 'idle' | 'running' | 'stopping' | 'done' | 'failed';
  progress: VerifyProgress | undefined;
  /** Of the first progress of this run: what the time left is reckoned from. */
  since: { atMs: number; done: number } | undefined;
  kept: boolean;
  report: VerifyReport | undefined;
  failure: Failure | undefined;
}

const IDLE: HouseRun = {
  phase: 'idle',
  progress: undefined,
  since: undefined,
  kept: false,
  report: undefined,
  failure: undefined,
};

/** Replays the whole house here, with a bar that says how far it is. It can be stopped, and goes on where it was kept. */
export function VerifyHouse({ places: state }: { places: PlacesState }) {
  const [run, setRun] = useState(IDLE);
  const running = useRef<Running | undefined>(undefined);
  useEffect(() => () => running.current?.end(), []);
  const { places } = state;
  const { house, program } = places ?? {};
  const start = (fresh: boolean) => {
    if (!places || !house || !program) return;
    running.current?.end();
    setRun({ ...IDLE, phase: 'running' });
    const { rpcUrl, blobsUrl } = places;
    running.current = runVerifier({ type: 'house', sources: { rpcUrl, blobsUrl }, house, program, fresh }, (answer) => {
      if (answer.type === 'progress') setRun((before) => withProgress(before, answer.progress));
      else if (answer.type === 'kept') setRun((before) => ({ ...before, kept: answer.kept }));
      else if (answer.type === 'house') setRun((before) => ({ ...before, phase: 'done', report: answer.report }));
      else if (answer.type === 'failed') setRun((before) => ({ ...before, phase: 'failed', failure: answer.failure }));
    });
  };
  const stop = () => {
    running.current?.stop();
    setRun((before) => ({ ...before, phase: 'stopping' }));
  };
  const isBusy = run.phase === 'running' || run.phase === 'stopping';
  const isStopped = run.failure?.code === 'INTERRUPTED';
  return (
    <section class="card stack" aria-labelledby="verify-house">
      <div class="panel-head">
        <div>
          <h2 id="verify-house">The whole house</h2>
          <p class="muted">
            Recomputes every bet, every balance and every proof from the first transaction on, and compares each account with the
            result. Long histories take minutes; what is done is kept in this browser.
          </p>
        </div>
        {isBusy ? (
          <button class="button" type="button" disabled={run.phase === 'stopping'} onClick={stop}>
            {run.phase === 'stopping' ? 'Stopping…' : 'Stop'}
          </button>
        ) : (
          <button class="button button-primary" type="button" disabled={!house || !program} onClick={() => start(false)}>
            {isStopped ? 'Go on' : 'Verify the house'}
          </button>
        )}
      </div>
      {places && !house && <p class="field-error">Name house and program under “Sources”: the service does not say them.</p>}
      {isBusy && <Progress run={run} />}
      <div role="status" aria-live="polite">
        {run.report && <HouseReport report={run.report} />}
        {isStopped && <p class="running-line">Stopped{run.kept ? '; what is done is kept.' : '.'}</p>}
        {run.failure && !isStopped && (
          <NoResult failure={run.failure} onRetry={() => start(run.failure?.code === 'CHECKPOINT_INVALID')} />
        )}
      </div>
      {!isBusy && (run.report || isStopped) && (
        <p class="actions">
          <button class="button" type="button" onClick={() => start(true)}>
            Start over from the first transaction
          </button>
        </p>
      )}
    </section>
  );
}

function withProgress(before: HouseRun, progress: VerifyProgress): HouseRun {
  const since = before.progress?.step === progress.step ? before.since : undefined;
  return { ...before, progress, since: since ?? { atMs: performance.now(), done: progress.done } };
}

function Progress({ run: { progress, since } }: { run: HouseRun }) {
  if (!progress) return <p class="running-line">Asking for the list of transactions…</p>;
  const { step, done, total, batches, bets } = progress;
  const doneHere = since ? done - since.done : 0;
  const leftMs = since && doneHere > 0 ? ((performance.now() - since.atMs) / doneHere) * (total - done) : undefined;
  const what = step === 'replaying' ? 'Replaying transactions' : 'Comparing accounts';
  return (
    <div class="house-progress">
      <progress value={done} max={total} aria-label={what} />
      <p class="running-line">
        {what}: {grouped(done)} of {grouped(total)} · {grouped(batches)} batches, {grouped(bets)} bets
        {leftMs !== undefined && leftMs > 1_000 && ` · about ${duration(leftMs)} left`}
      </p>
    </div>
  );
}
