import type { BatchRun } from '../../api-types.ts';
import { Copyable } from '../../components/copyable.tsx';
import { TableBox } from '../../components/table-box.tsx';
import { Amount } from '../../components/values.tsx';
import { sol } from '../../format.ts';

/** What the batch makes of each vault's balance. */
export function BatchVaults({ runs }: { runs: readonly BatchRun[] }) {
  return (
    <TableBox caption="Vaults of the batch">
      <thead>
        <tr>
          <th scope="col">Vault</th>
          <th scope="col" class="number">
            Bets
          </th>
          <th scope="col" class="number">
            Before
          </th>
          <th scope="col" class="number">
            After
          </th>
          <th scope="col" class="number">
            Change
          </th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <tr key={run.vault}>
            <td>
              <Copyable text={run.vault} what="vault" />
            </td>
            <td class="number">
              {run.bets} <span class="muted">({numbersOf(run)})</span>
            </td>
            <td class="number">
              <Amount lamports={run.start} />
            </td>
            <td class="number">
              <Amount lamports={run.after} />
            </td>
            <td class="number">
              <Change lamports={BigInt(run.after) - BigInt(run.start)} />
            </td>
          </tr>
        ))}
      </tbody>
    </TableBox>
  );
}

function numbersOf({ first_nonce: first, bets }: BatchRun): string {
  return bets === 1 ? `no. ${first}` : `no. ${first} to ${BigInt(first) + BigInt(bets) - 1n}`;
}

function Change({ lamports }: { lamports: bigint }) {
  if (lamports === 0n) return <span class="muted">0</span>;
  return (
    <span class={`amount ${lamports > 0n ? 'won' : 'muted'}`} title={`${lamports} lamports`}>
      {lamports > 0n ? '+' : ''}
      {sol(lamports)} <span class="unit">SOL</span>
    </span>
  );
}
