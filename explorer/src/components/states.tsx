import type { BatchState, BetState, Side } from '../api-types.ts';

/** The states of a batch that goes well, in order, and what each means. */
export const BATCH_PATH: readonly { state: BatchState; meaning: string }[] = [
  { state: 'Pending', meaning: 'bets gathered, blob published' },
  { state: 'Proving', meaning: 'the proof is being computed' },
  { state: 'Proved', meaning: 'the proof is there' },
  { state: 'Submitted', meaning: 'sent to the chain' },
  { state: 'Confirmed', meaning: 'in a confirmed block' },
  { state: 'Finalized', meaning: 'final: it can not be undone' },
];

const MEANINGS: Record<BetState, string> = {
  ...(Object.fromEntries(BATCH_PATH.map(({ state, meaning }) => [state, meaning])) as Record<BatchState, string>),
  acknowledged: 'answered with a signed receipt, not in a batch yet',
  Failed: 'can not be settled for now; it is owed, and tried again',
  Voided: 'its vault has left by a forced exit without it',
};

/** A state as a word with its colour. */
export function StateBadge({ state }: { state: BetState }) {
  const word = state === 'acknowledged' ? 'Acknowledged' : state;
  return (
    <span class={`badge state-${state.toLowerCase()}`} title={MEANINGS[state]}>
      {word}
    </span>
  );
}

/** A side of the coin: a letter on a disc, and the word. */
export function SideMark({ side }: { side: Side }) {
  return (
    <span class={`side side-${side}`}>
      <span class="side-disc" aria-hidden="true">
        {side === 'heads' ? 'H' : 'T'}
      </span>
      <span class="side-word">{side}</span>
    </span>
  );
}

export function WonMark({ won }: { won: boolean }) {
  return <span class={won ? 'won' : 'lost'}>{won ? 'won' : 'lost'}</span>;
}
