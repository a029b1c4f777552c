import type { ComponentChildren } from 'preact';
import { RoughAmount } from '../../components/values.tsx';
import { duration, grouped, percent } from '../../format.ts';
import type { Figures } from './live-state.ts';

/** The house in five figures. `all`: the known batches are all there are. */
export function FigureRow({
  figures,
  all,
  bankroll,
}: {
  figures: Figures | undefined;
  all: boolean;
  bankroll: string | undefined;
}) {
  const span = !figures ? '' : all ? 'in batches so far' : `in the last ${figures.batches} batches`;
  return (
    <dl class="figures">
      <Figure name="Bets" note={span}>
        {figures && grouped(figures.bets)}
      </Figure>
      <Figure name="Bets a minute" note="over the last minute">
        {figures && grouped(figures.betsPerMinute)}
      </Figure>
      <Figure name="Settlement" note="median, from batch to final">
        {figures?.medianSettlementMs !== undefined && duration(figures.medianSettlementMs)}
      </Figure>
      <Figure name="Heads" note={figures ? `of ${grouped(figures.bets)} bets` : ''}>
        {figures?.headsShare !== undefined && percent(figures.headsShare)}
      </Figure>
      <Figure name="Bankroll" note="final on chain">
        {bankroll !== undefined && <RoughAmount lamports={bankroll} />}
      </Figure>
    </dl>
  );
}

function Figure({ name, note, children }: { name: string; note: string; children: ComponentChildren }) {
  return (
    <div class="figure">
      <dt>{name}</dt>
      <dd>
        <span class="figure-value">{children || <span class="muted">–</span>}</span>
        <span class="figure-note">{note || ' '}</span>
      </dd>
    </div>
  );
}
