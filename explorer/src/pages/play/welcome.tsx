import { useState } from 'preact/hooks';
import { Amount } from '../../components/values.tsx';
import { Coin } from './coin.tsx';
import type { PlayerState } from './player-state.ts';
import { lamportsOf } from './stake.ts';

/** Play money that a throw-away wallet begins with, in lamports. */
const FIRST_DEPOSIT = 5_000_000_000n;

interface WelcomeProps {
  state: PlayerState;
  onBegin(deposit: bigint): void;
  onConnect(index: number): void;
  onSetUp(deposit: bigint): void;
}

/** The way to the table: a wallet, a vault, a deposit. */
export function Welcome({ state, onBegin, onConnect, onSetUp }: WelcomeProps) {
  const { stage, hasFaucet, walletNames, wallet, activity } = state;
  const isOwn = wallet?.kind === 'app' && stage === 'set-up';
  if (isOwn) return <FirstDeposit state={state} onSetUp={onSetUp} />;
  return (
    <section class="card welcome" aria-labelledby="welcome">
      <div class="stack">
        {hasFaucet ? (
          <>
            <div>
              <h2 id="welcome">Play in three seconds</h2>
              <p>
                This chain gives away play money. A throw-away wallet is made in this browser, gets some, and opens a vault with{' '}
                <Amount lamports={FIRST_DEPOSIT} /> in it.
              </p>
              <p class="muted">
                <strong>Not for real money:</strong> the wallet’s key lies unprotected in this browser’s storage. Clear that, and
                the wallet is gone.
              </p>
            </div>
            <p class="actions">
              <button
                class="button button-primary"
                type="button"
                disabled={activity !== undefined}
                onClick={() => onBegin(FIRST_DEPOSIT)}
              >
                Start playing
              </button>
            </p>
          </>
        ) : (
          <div>
            <h2 id="welcome">Connect a wallet</h2>
            <p>
              On this chain money is money: there is no faucet, and no throw-away wallet. A wallet of this browser signs instead.
            </p>
          </div>
        )}
        {stage === 'wallet' && (
          <div>
            {hasFaucet && <h3>Or with a wallet of your own</h3>}
            {walletNames.length === 0 ? (
              <p class="muted">
                No wallet of the Wallet Standard is on this page. An extension such as Phantom, Solflare or Backpack is one.
              </p>
            ) : (
              <p class="actions">
                {walletNames.map((name, index) => (
                  <button
                    key={name}
                    class="button"
                    type="button"
                    disabled={activity !== undefined}
                    onClick={() => onConnect(index)}
                  >
                    {name}
                  </button>
                ))}
              </p>
            )}
          </div>
        )}
      </div>
      <Coin side={undefined} flip="" />
    </section>
  );
}

function FirstDeposit({ state, onSetUp }: { state: PlayerState; onSetUp(deposit: bigint): void }) {
  const [text, setText] = useState('0.1');
  const amount = lamportsOf(text);
  const { wallet, activity } = state;
  return (
    <section class="card stack" aria-labelledby="welcome">
      <div>
        <h2 id="welcome">Open a vault</h2>
        <p>
          Bets are paid from a vault on chain that only your wallet can take money out of. The wallet signs once for the vault,
          once for the deposit, and twice a text from which this browser’s betting key is made.
        </p>
      </div>
      <label class="field">
        <span>First deposit, SOL</span>
        <input
          inputMode="decimal"
          autocomplete="off"
          maxLength={20}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <span class="field-hint">
          {wallet?.lamports !== undefined && (
            <>
              The wallet has <Amount lamports={wallet.lamports} />.
            </>
          )}
        </span>
      </label>
      <p class="actions">
        <button
          class="button button-primary"
          type="button"
          disabled={!amount || activity !== undefined}
          onClick={() => amount && onSetUp(amount)}
        >
          Open and deposit
        </button>
      </p>
    </section>
  );
}
