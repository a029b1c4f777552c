import type { ComponentChildren } from 'preact';
import { ago, exactTime, grouped, isoTime, roughSol, sol } from '../format.ts';
import { useNow } from '../hooks/use-now.ts';

/** Lamports shown in SOL, exactly; the lamports on hover, or beside it. */
export function Amount({ lamports, detailed = false }: { lamports: string | bigint; detailed?: boolean }) {
  const base = `${grouped(lamports)} lamports`;
  return (
    <span class="amount" title={detailed ? undefined : base}>
      {sol(lamports)} <span class="unit">SOL</span>
      {detailed && <span class="amount-base"> {base}</span>}
    </span>
  );
}

/** Lamports shown in SOL, cut off after three digits; all of it on hover. */
export function RoughAmount({ lamports }: { lamports: string }) {
  return (
    <span class="amount" title={`${sol(lamports)} SOL, ${grouped(lamports)} lamports`}>
      {roughSol(lamports)} <span class="unit">SOL</span>
    </span>
  );
}

/** How long ago, the exact time on hover. */
export function TimeAgo({ timeMs }: { timeMs: number }) {
  const nowMs = useNow();
  return (
    <time dateTime={isoTime(timeMs)} title={exactTime(timeMs)}>
      {ago(timeMs, nowMs)}
    </time>
  );
}

export function ExactTime({ timeMs }: { timeMs: number }) {
  const nowMs = useNow();
  return (
    <time dateTime={isoTime(timeMs)}>
      {exactTime(timeMs)} <span class="muted">({ago(timeMs, nowMs)})</span>
    </time>
  );
}

/** Names and what they stand for, in two columns where there is room. */
export function Facts({ children }: { children: ComponentChildren }) {
  return <dl class="facts">{children}</dl>;
}

export function Fact({ name, note, children }: { name: string; note?: string; children: ComponentChildren }) {
  return (
    <div class="fact">
      <dt>
        {name}
        {note && <span class="fact-note">{note}</span>}
      </dt>
      <dd>{children}</dd>
    </div>
  );
}
