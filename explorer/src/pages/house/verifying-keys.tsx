import type { VerifyingKey } from '../../api-types.ts';
import { Copyable } from '../../components/copyable.tsx';
import { TableBox } from '../../components/table-box.tsx';
import { grouped } from '../../format.ts';

/** The keys under which the house's proofs are verified on chain. */
export function VerifyingKeys({ keys }: { keys: readonly VerifyingKey[] }) {
  return (
    <TableBox caption="Verifying keys">
      <thead>
        <tr>
          <th scope="col" class="number">
            Id
          </th>
          <th scope="col" class="number">
            Bets
          </th>
          <th scope="col" class="number">
            Vaults
          </th>
          <th scope="col">Hash</th>
          <th scope="col">Made by</th>
          <th scope="col" class="number">
            From slot
          </th>
          <th scope="col" class="number">
            Retired
          </th>
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => (
          <tr key={key.id}>
            <td class="number">{key.id}</td>
            <td class="number">{grouped(key.max_bets)}</td>
            <td class="number">{grouped(key.max_vaults)}</td>
            <td>
              <Copyable text={key.key_hash} what="key's hash" head={12} />
            </td>
            <td>{key.development ? <span class="badge badge-warn">Development key</span> : 'A ceremony'}</td>
            <td class="number">{grouped(key.active_from_slot)}</td>
            <td class="number">
              {key.retired_from_slot === null ? <span class="muted">no</span> : grouped(key.retired_from_slot)}
            </td>
          </tr>
        ))}
      </tbody>
    </TableBox>
  );
}
