import type { BetSummary } from '../api-types.ts';
import { Copyable } from './copyable.tsx';
import { SideMark, StateBadge, WonMark } from './states.tsx';
import { TableBox } from './table-box.tsx';
import { Amount, TimeAgo } from './values.tsx';

interface BetTableProps {
  bets: readonly BetSummary[];
  caption: string;
  /** Rows that are kept free while bets are fetched, so that nothing moves when they come. */
  waitingFor?: number;
}

/** Bets, one a row. */
export function BetTable({ bets, caption, waitingFor = 0 }: BetTableProps) {
  return (
    <TableBox caption={caption} busy={waitingFor > 0}>
      <thead>
        <tr>
          <th scope="col">Bet</th>
          <th scope="col" class="column-wide">
            Bettor
          </th>
          <th scope="col" class="number">
            Stake
          </th>
          <th scope="col" class="column-small">
            Choice
          </th>
          <th scope="col">Outcome</th>
          <th scope="col" class="number column-small">
            Payout
          </th>
          <th scope="col" class="column-medium">
            Batch
          </th>
          <th scope="col" class="column-medium">
            Status
          </th>
          <th scope="col" class="number column-roomy">
            When
          </th>
        </tr>
      </thead>
      <tbody>
        {bets.map((bet) => (
          <BetRow key={bet.bet_id} bet={bet} />
        ))}
        <WaitingRows rows={waitingFor} columns={9} />
      </tbody>
    </TableBox>
  );
}

function BetRow({ bet }: { bet: BetSummary }) {
  return (
    <tr>
      <td>
        <Copyable text={bet.bet_id} what="bet id" href={`/bets/${bet.bet_id}`} />
      </td>
      <td class="column-wide">
        <Copyable text={bet.user} what="address" href={`/bets?user=${bet.user}`} head={4} />
      </td>
      <td class="number">
        <Amount lamports={bet.amount} />
      </td>
      <td class="column-small">
        <SideMark side={bet.guess} />
      </td>
      <td>
        <span class="outcome">
          <SideMark side={bet.outcome} /> <WonMark won={bet.won} />
        </span>
      </td>
      <td class="number column-small">{bet.won ? <Amount lamports={bet.payout} /> : <span class="muted">0</span>}</td>
      <td class="column-medium">
        {bet.batch ? <a href={`/batches/${bet.batch}`}>#{bet.batch}</a> : <span class="muted">none yet</span>}
      </td>
      <td class="column-medium">
        <StateBadge state={bet.status} />
      </td>
      <td class="number muted column-roomy">
        <TimeAgo timeMs={bet.time} />
      </td>
    </tr>
  );
}

/** Grey bars in the place of rows that are still fetched. */
export function WaitingRows({ rows, columns }: { rows: number; columns: number }) {
  return (
    <>
      {Array.from({ length: rows }, (_, index) => (
        <tr key={index} class="waiting-row">
          <td colSpan={columns}>
            <span class="waiting-bar" />
          </td>
        </tr>
      ))}
    </>
  );
}
