import { useState } from 'preact/hooks';
import { Copyable } from '../../components/copyable.tsx';
import { Amount, Fact, Facts } from '../../components/values.tsx';
import type { PlayerState } from './player-state.ts';
import { lamportsOf } from './stake.ts';

interface MoneyProps {
  state: PlayerState;
  onDeposit(amount: bigint): void;
  onWithdraw(amount: bigint | 'all'): void;
}

/** What is in the vault and in the wallet, and the ways between them. */
export function Money({ state, onDeposit, onWithdraw }: MoneyProps) {
  const { wallet, vault, balance, claimable, request } = state;
  return (
    <section class="card stack" aria-labelledby="money">
      <h2 id="money">Your money</h2>
      <Facts>
        <Fact name="To bet with" note="in your vault">
          <strong data-balance={balance?.toString()}>{balance === undefined ? '…' : <Amount lamports={balance} />}</strong>
        </Fact>
        <Fact name="Wallet" note={wallet?.kind === 'throw-away' ? 'throw-away, in this browser' : 'your own'}>
          {wallet?.lamports === undefined ? '…' : <Amount lamports={wallet.lamports} />}
          <br />
          {wallet && <Copyable text={wallet.address} what="wallet address" />}
        </Fact>
        {vault && (
          <Fact name="Vault">
            <Copyable text={vault} what="vault address" />
          </Fact>
        )}
        {request && (
          <Fact name="Withdrawal" note="not paid yet">
            everything up to <Amount lamports={request.amount > (balance ?? 0n) ? (balance ?? 0n) : request.amount} />
          </Fact>
        )}
        {claimable > 0n && (
          <Fact name="Paid out" note="not taken yet">
            <Amount lamports={claimable} />
          </Fact>
        )}
      </Facts>
      <Ways state={state} onDeposit={onDeposit} onWithdraw={onWithdraw} />
    </section>
  );
}

/** What can be done with it now: one thing at a time. */
function Ways({ state, onDeposit, onWithdraw }: MoneyProps) {
  const { balance, claimable, request, activity, stage } = state;
  const isBusy = activity !== undefined;
  if (claimable > 0n && !request) {
    return (
      <p class="actions">
        <button class="button button-primary" type="button" disabled={isBusy} onClick={() => onWithdraw('all')}>
          Take it into the wallet
        </button>
      </p>
    );
  }
  if (stage !== 'ready') return null;
  if (request) {
    return (
      <p class="actions">
        <button class="button" type="button" disabled={isBusy} onClick={() => onWithdraw('all')}>
          Go on with the withdrawal
        </button>
      </p>
    );
  }
  return <InAndOut isBusy={isBusy} isEmpty={balance === 0n} onDeposit={onDeposit} onWithdraw={onWithdraw} />;
}

function InAndOut({ isBusy, isEmpty, onDeposit, onWithdraw }: Omit<MoneyProps, 'state'> & { isBusy: boolean; isEmpty: boolean }) {
  const [text, setText] = useState('1');
  const amount = lamportsOf(text);
  const isWrong = amount === undefined || amount === 0n;
  return (
    <>
      <div class="field">
        <label for="amount">Amount, SOL</label>
        <input
          id="amount"
          inputMode="decimal"
          autocomplete="off"
          maxLength={20}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        {isWrong && <span class="field-error">Enter an amount of SOL, such as 1.5.</span>}
      </div>
      <p class="actions">
        <button class="button" type="button" disabled={isBusy || isWrong} onClick={() => amount && onDeposit(amount)}>
          Deposit
        </button>
        <button class="button" type="button" disabled={isBusy || isWrong} onClick={() => amount && onWithdraw(amount)}>
          Withdraw
        </button>
        <button class="button" type="button" disabled={isBusy || isEmpty} onClick={() => onWithdraw('all')}>
          Withdraw all
        </button>
      </p>
    </>
  );
}
