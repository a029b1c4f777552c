import type { BatchSummary } from '../api-types.ts';
import { duration, grouped, percent } from '../format.ts';
import { WaitingRows } from './bet-table.tsx';
import { StateBadge } from './states.tsx';
import { TableBox } from './table-box.tsx';
import { TimeAgo } from './values.tsx';

interface BatchTableProps {
  batches: readonly BatchSummary[];
  caption: string;
  /** Rows that are kept free while batches are fetched. */
  waitingFor?: number;
}

/** Batches, one a row. */
export function BatchTable({ batches, caption, waitingFor = 0 }: BatchTableProps) {
  return (
    <TableBox caption={caption} busy={waitingFor > 0}>
      <thead>
        <tr>
          <th scope="col">Batch</th>
          <th scope="col">State</th>
          <th scope="col" class="number">
            Bets
          </th>
          <th scope="col" class="number column-medium">
            Vaults
          </th>
          <th scope="col" class="number column-wide">
            Heads
          </th>
          <th scope="col" class="number column-small">
            Proved in
          </th>
          <th scope="col" class="number column-medium">
            Compute units
          </th>
          <th scope="col" class="number">
            Final after
          </th>
          <th scope="col" class="number">
            Formed
          </th>
        </tr>
      </thead>
      <tbody>
        {batches.map((batch) => (
          <tr key={batch.number}>
            <td>
              <a href={`/batches/${batch.number}`}>#{batch.number}</a>
            </td>
            <td>
              <StateBadge state={batch.status} />
            </td>
            <td class="number">{grouped(batch.bets)}</td>
            <td class="number column-medium">{batch.vaults.length}</td>
            <td class="number column-wide">{percent(batch.heads / Math.max(1, batch.bets))}</td>
            <td class="number column-small">{batch.prove_ms === null ? <Nothing /> : duration(batch.prove_ms)}</td>
            <td class="number column-medium">{batch.compute_units === null ? <Nothing /> : grouped(batch.compute_units)}</td>
            <td class="number">{batch.finalized_at === null ? <Nothing /> : duration(batch.finalized_at - batch.created_at)}</td>
            <td class="number muted">
              <TimeAgo timeMs={batch.created_at} />
            </td>
          </tr>
        ))}
        <WaitingRows rows={waitingFor} columns={9} />
      </tbody>
    </TableBox>
  );
}

function Nothing() {
  return <span class="muted">not yet</span>;
}
