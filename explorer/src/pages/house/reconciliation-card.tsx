import { ApiError, api } from '../../api.ts';
import type { Reconciliation } from '../../api-types.ts';
import { Problem } from '../../components/problem.tsx';
import { TableBox } from '../../components/table-box.tsx';
import { Fact, Facts, TimeAgo } from '../../components/values.tsx';
import { grouped } from '../../format.ts';
import { useResource } from '../../hooks/use-resource.ts';

/** The newest comparison of the service's ledger with the chain. */
export function ReconciliationCard() {
  const report = useResource('reconciliation', api.reconciliation);
  const { value, error } = report;
  const isNone = error instanceof ApiError && error.code === 'NOT_FOUND';
  return (
    <section class="card" aria-labelledby="reconciliation">
      <h2 id="reconciliation">Ledger against chain</h2>
      {isNone ? (
        <p>They have not been compared since the service started.</p>
      ) : error !== undefined && !value ? (
        <Problem title="The comparison can not be read" error={error} onRetry={report.reload} />
      ) : (
        value && <Report report={value} />
      )}
    </section>
  );
}

function Report({ report }: { report: Reconciliation }) {
  const differences = report.discrepancies.length + report.omitted;
  return (
    <>
      <p class={differences === 0 ? 'verdict verdict-good' : 'verdict verdict-bad'}>
        {differences === 0
          ? 'Nothing differs.'
          : `${grouped(differences)} ${differences === 1 ? 'difference' : 'differences'}${report.funds_differ ? ', of money' : ''}.`}
      </p>
      {report.discrepancies.length > 0 && <Differences report={report} />}
      <Facts>
        <Fact name="Compared">
          <TimeAgo timeMs={report.time} />, at slot {grouped(report.slot)}
        </Fact>
        <Fact name="Vaults">{grouped(report.vaults_checked)}</Fact>
        <Fact name="Batches" note={report.complete ? 'all stored signatures' : 'the newest, and some older ones'}>
          {grouped(report.batches_checked)}
        </Fact>
        <Fact name="Transfers">{grouped(report.transfers_checked)}</Fact>
      </Facts>
    </>
  );
}

function Differences({ report }: { report: Reconciliation }) {
  return (
    <TableBox caption="Differences">
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col">Where</th>
          <th scope="col">Expected</th>
          <th scope="col">Found</th>
        </tr>
      </thead>
      <tbody>
        {report.discrepancies.map(({ kind, subject, expected, found }) => (
          <tr key={`${kind} ${subject}`}>
            <td>{kind}</td>
            <td class="mono">{subject}</td>
            <td class="mono">{expected}</td>
            <td class="mono">{found}</td>
          </tr>
        ))}
      </tbody>
    </TableBox>
  );
}
