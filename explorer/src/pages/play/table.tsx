import { useEffect, useState } from 'preact/hooks';
import type { Side } from '../../api-types.ts';
import { Amount } from '../../components/values.tsx';
import { duration, sol } from '../../format.ts';
import { Coin } from './coin.tsx';
import type { PlayedBet, PlayerState } from './player-state.ts';
import { lamportsOf, scaled, solText, wrongStake } from './stake.ts';

const FIRST_STAKE = '0.01';

/** Coin, stake and the two sides: h and t on the keyboard are their buttons. */
export function Table({ state, onBet }: { state: PlayerState; onBet(bet: { amount: bigint; guess: Side }): void }) {
  const [text, setText] = useState(FIRST_STAKE);
  const { balance, maxStake, activity, bets } = state;
  const stake = lamportsOf(text);
  const wrong = wrongStake(stake, { balance, maxStake });
  const isOpen = state.stage === 'ready' && !activity && !state.request;
  const bet = (guess: Side) => {
    if (isOpen && stake !== undefined && wrong === undefined) onBet({ amount: stake, guess });
  };
  useBetKeys(bet);
  const scale = (by: 'half' | 'double') => setText(solText(scaled(stake ?? 0n, by, maxStake)));
  const last = bets.find(({ outcome }) => outcome !== undefined);
  const isSending = bets.some(({ state: one }) => one === 'sending');
  return (
    <section class="card table" aria-labelledby="table">
      <h2 id="table" class="visually-hidden">
        Flip
      </h2>
      <Coin side={last?.outcome} flip={last?.key ?? ''} />
      <LastBet bet={last} isSending={isSending} />
      <div class="stake">
        <label for="stake">Stake, SOL</label>
        <div class="stake-row">
          <input
            id="stake"
            inputMode="decimal"
            autocomplete="off"
            maxLength={20}
            value={text}
            aria-invalid={wrong !== undefined}
            aria-describedby="stake-error"
            onInput={(event) => setText(event.currentTarget.value)}
          />
          <button class="button" type="button" aria-label="½, half the stake" onClick={() => scale('half')}>
            ½
          </button>
          <button class="button" type="button" aria-label="2×, double the stake" onClick={() => scale('double')}>
            2×
          </button>
        </div>
        <p id="stake-error" class="field-error">
          {wrong}
        </p>
      </div>
      <div class="sides">
        {(['heads', 'tails'] as const).map((side) => (
          <button
            key={side}
            class={`button side-button side-button-${side}`}
            type="button"
            aria-keyshortcuts={side[0] as string}
            disabled={!isOpen || wrong !== undefined}
            onClick={() => bet(side)}
          >
            {side === 'heads' ? 'Heads' : 'Tails'} <kbd>{side[0]}</kbd>
          </button>
        ))}
      </div>
    </section>
  );
}

function useBetKeys(bet: (guess: Side) => void): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (event.key === 'h' || event.key === 'H') bet('heads');
      else if (event.key === 't' || event.key === 'T') bet('tails');
    };
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  });
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]');
}

/** What the client checked before it believed an answer: one of them failing would be an error, not a line here. */
const CHECKED = [
  { name: 'signature', why: 'the house’s receipt key, as the chain shows it, signed the receipt of this very bet' },
  { name: 'seed', why: 'the revealed seed is the one that the house committed to before' },
  { name: 'outcome', why: 'recomputed here from the seed and the signed bet' },
  { name: 'balance', why: 'the one before, and what this bet changed by the odds on chain' },
];

function LastBet({ bet, isSending }: { bet: PlayedBet | undefined; isSending: boolean }) {
  return (
    <div class="last-bet">
      <p class="last-result" role="status" aria-live="polite" data-bet={bet?.id}>
        {bet?.outcome === undefined ? 'Choose a side.' : resultOf(bet)}
        {isSending && <span class="visually-hidden"> Sending.</span>}
      </p>
      {bet?.outcome !== undefined && (
        <p class="checked">
          Checked:{' '}
          {CHECKED.map(({ name, why }) => (
            <span key={name} class="checked-item" title={why}>
              <span aria-hidden="true">✓ </span>
              {name}
            </span>
          ))}
          {bet.ackMs !== undefined && <span class="muted">answered in {duration(bet.ackMs)}</span>}
        </p>
      )}
    </div>
  );
}

function resultOf({ outcome, guess, payout, amount }: PlayedBet) {
  const side = outcome === 'heads' ? 'Heads' : 'Tails';
  const won = outcome === guess;
  return won ? (
    <>
      {side}: you won{' '}
      <strong class="won">
        <Amount lamports={payout - amount} />
      </strong>
    </>
  ) : (
    `${side}: you lost ${sol(amount)} SOL`
  );
}
