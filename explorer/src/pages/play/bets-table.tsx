import { Icon } from '../../components/icons.tsx';
import { SideMark, StateBadge, WonMark } from '../../components/states.tsx';
import { TableBox } from '../../components/table-box.tsx';
import { Amount, TimeAgo } from '../../components/values.tsx';
import { grouped } from '../../format.ts';
import type { PlayedBet } from './player-state.ts';

/** The bets of this browser, from its own store. */
export function OwnBets({ bets, onReceipt }: { bets: readonly PlayedBet[]; onReceipt(betNumber: bigint): void }) {
  if (bets.length === 0) return null;
  return (
    <div class="card card-table">
      <div class="card-head">
        <h2>Your bets in this browser</h2>
      </div>
      <TableBox caption="Your bets in this browser">
        <thead>
          <tr>
            <th scope="col">Bet</th>
            <th scope="col" class="number">
              Stake
            </th>
            <th scope="col">On</th>
            <th scope="col">Came up</th>
            <th scope="col" class="number">
              Payout
            </th>
            <th scope="col">State</th>
            <th scope="col">When</th>
            <th scope="col">Receipt</th>
          </tr>
        </thead>
        <tbody>
          {bets.map((bet) => (
            <Row key={bet.key} bet={bet} onReceipt={onReceipt} />
          ))}
        </tbody>
      </TableBox>
    </div>
  );
}

const OWN_STATES = { sending: 'Sending', unanswered: 'No answer yet', dropped: 'Not taken' } as const;

function Row({ bet, onReceipt }: { bet: PlayedBet; onReceipt(betNumber: bigint): void }) {
  const { betNumber, id, guess, amount, outcome, payout, state, time, recovered, trouble } = bet;
  const number = betNumber === undefined ? '–' : grouped(betNumber);
  return (
    <tr data-bet={betNumber?.toString()} data-state={state}>
      <td>{id === undefined ? number : <a href={`/bets/${id}`}>{number}</a>}</td>
      <td class="number">
        <Amount lamports={amount} />
      </td>
      <td>
        <SideMark side={guess} />
      </td>
      <td>
        {outcome === undefined ? (
          '–'
        ) : (
          <>
            <SideMark side={outcome} />, <WonMark won={outcome === guess} />
          </>
        )}
      </td>
      <td class="number">{outcome === undefined ? '–' : <Amount lamports={payout} />}</td>
      <td>
        {state === 'sending' || state === 'unanswered' || state === 'dropped' ? (
          <span class="badge" title={trouble?.title}>
            {OWN_STATES[state]}
          </span>
        ) : (
          <StateBadge state={state} />
        )}
        {recovered && <span class="badge"> recovered</span>}
      </td>
      <td>
        <TimeAgo timeMs={time} />
      </td>
      <td>
        {betNumber !== undefined && (
          <button
            class="icon-button"
            type="button"
            aria-label={`Save the receipt of bet ${number}`}
            onClick={() => onReceipt(betNumber)}
          >
            <Icon name="download" />
          </button>
        )}
      </td>
    </tr>
  );
}
