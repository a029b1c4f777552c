import type { ComponentChildren } from 'preact';
import type { BetState } from '../api-types.ts';
import { duration, exactTime, isoTime } from '../format.ts';
import { StateBadge } from './states.tsx';

export interface TimelineStep {
  state: BetState;
  timeMs: number;
  /** What is to be said of it beside. */
  note?: string | undefined;
}

/** Changes of state, oldest first, with the time that each took. */
export function Timeline({ steps, children }: { steps: readonly TimelineStep[]; children?: ComponentChildren }) {
  const first = steps[0];
  return (
    <ol class="timeline">
      {steps.map((step, index) => {
        const before = steps[index - 1];
        return (
          <li key={`${step.timeMs}-${step.state}-${index}`} class={`timeline-step step-${step.state.toLowerCase()}`}>
            <div class="timeline-head">
              <StateBadge state={step.state} />
              {before && <span class="timeline-took">after {duration(step.timeMs - before.timeMs)}</span>}
            </div>
            <time class="timeline-time" dateTime={isoTime(step.timeMs)}>
              {exactTime(step.timeMs)}
              {first && before && <span> · {duration(step.timeMs - first.timeMs)} in all</span>}
            </time>
            {step.note && <p class="timeline-note">{step.note}</p>}
          </li>
        );
      })}
      {children}
    </ol>
  );
}
