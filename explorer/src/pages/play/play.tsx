import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../../components/icons.tsx';
import { usePage } from '../../hooks/use-page.ts';
import { saveText } from '../../save-text.ts';
import { Advanced } from './advanced.tsx';
import { OwnBets } from './bets-table.tsx';
import { Money } from './money.tsx';
import type { Player } from './player.ts';
import { type Activity, OPENING, type PlayerState, type Trouble } from './player-state.ts';
import { Table } from './table.tsx';
import { Welcome } from './welcome.tsx';
import '../../styles/forms.css';
import './play.css';

/** A person's own table: a wallet, a vault, bets that are checked as they come. */
export function Play() {
  usePage('Play');
  const { state, player } = usePlayer();
  const { stage, trouble, activity, bets } = state;
  const isSeated = stage === 'ready' || stage === 'closed';
  const unanswered = bets.some((bet) => bet.state === 'unanswered');
  const retry = () => (player ? void player.start() : location.reload());
  const save = (betNumber: bigint) => {
    player?.receipt(betNumber).then(
      (text) => saveText(`receipt-${betNumber}.json`, text),
      () => undefined,
    );
  };
  return (
    <>
      <h1>Play</h1>
      <div class="stack play" data-stage={stage} data-busy={activity !== undefined}>
        {state.developmentKeys && <DevelopmentKeys />}
        <div role="status" aria-live="polite" class="play-news">
          {stage === 'opening' && !activity && <p class="muted">Looking for the house, the chain and your wallet…</p>}
          {activity && <Steps activity={activity} />}
          {trouble && <TroubleBox trouble={trouble} onRetry={stage === 'cut-off' ? retry : undefined} />}
          {unanswered && !activity && (
            <div class="warning">
              <Icon name="warning" />
              <p>
                A bet is signed and has no answer. It stays the same bet, however often it is sent.{' '}
                <button class="button" type="button" onClick={() => void player?.resume()}>
                  Send it again
                </button>
              </p>
            </div>
          )}
        </div>
        {player && (stage === 'wallet' || stage === 'set-up') && (
          <Welcome
            state={state}
            onBegin={(deposit) => void player.begin(deposit)}
            onConnect={(index) => void player.connectApp(index)}
            onSetUp={(deposit) => void player.setUp(deposit)}
          />
        )}
        {player && isSeated && (
          <>
            <div class="seat">
              {stage === 'ready' ? <Table state={state} onBet={(bet) => void player.bet(bet)} /> : <Closed />}
              <Money
                state={state}
                onDeposit={(amount) => void player.deposit(amount)}
                onWithdraw={(amount) => void player.withdraw(amount)}
              />
            </div>
            <OwnBets bets={bets} onReceipt={save} />
            <Advanced state={state} onRotate={() => void player.rotateKey()} onForceExit={() => void player.forceExit()} />
          </>
        )}
      </div>
    </>
  );
}

/** The SDK comes with the player, once the page is there. */
function usePlayer() {
  const [state, setState] = useState<PlayerState>(OPENING);
  const [player, setPlayer] = useState<Player | undefined>();
  const opened = useRef<Player | undefined>(undefined);
  useEffect(() => {
    let isGone = false;
    const open = async () => {
      const [{ Player: Opened }, { troubleOf }] = await Promise.all([import('./player.ts'), import('./trouble.ts')]);
      try {
        const found = await Opened.open((next) => !isGone && setState(next));
        if (isGone) return found.close();
        opened.current = found;
        setPlayer(found);
      } catch (error) {
        if (!isGone) setState({ ...OPENING, stage: 'cut-off', trouble: troubleOf(error) });
      }
    };
    void open();
    return () => {
      isGone = true;
      opened.current?.close();
    };
  }, []);
  return { state, player };
}

function DevelopmentKeys() {
  return (
    <div class="warning">
      <Icon name="warning" />
      <p>This house takes proofs under a development key, whose secret is public: they protect nobody. Play money only.</p>
    </div>
  );
}

function Steps({ activity: { title, steps } }: { activity: Activity }) {
  return (
    <div class="card steps">
      <p class="steps-title">{title}…</p>
      <ol>
        {steps.map((step, index) => (
          <li key={step} class={index === steps.length - 1 ? 'step-now' : 'step-done'}>
            {step}
          </li>
        ))}
      </ol>
    </div>
  );
}

function TroubleBox({ trouble, onRetry }: { trouble: Trouble; onRetry: (() => void) | undefined }) {
  const { code, title, text, evidence } = trouble;
  return (
    <div class="problem" data-code={code}>
      <Icon name="warning" />
      <div>
        <h2>{title}</h2>
        <p>
          {text} <span class="problem-code">{code}</span>
        </p>
        <p class="actions">
          {evidence !== undefined && (
            <button class="button button-primary" type="button" onClick={() => saveText('evidence.json', evidence)}>
              <Icon name="download" /> Save the evidence
            </button>
          )}
          {onRetry && (
            <button class="button" type="button" onClick={onRetry}>
              Try again
            </button>
          )}
        </p>
      </div>
    </div>
  );
}

function Closed() {
  return (
    <section class="card" aria-labelledby="closed">
      <h2 id="closed">The vault is closed</h2>
      <p>It was left by a forced exit, and takes no bets any more. Bets that were not settled by then are void, win or loss.</p>
    </section>
  );
}
