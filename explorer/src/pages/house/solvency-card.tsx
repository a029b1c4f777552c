import type { House } from '../../api-types.ts';
import { Copyable } from '../../components/copyable.tsx';
import { Problem } from '../../components/problem.tsx';
import { Amount, Fact, Facts } from '../../components/values.tsx';
import { grouped } from '../../format.ts';
import { useResource } from '../../hooks/use-resource.ts';
import type { Solvency } from './escrow.ts';

/** What the house owes beside what it holds, read by this page from the chain. */
export function SolvencyCard({ house }: { house: House }) {
  const read = useResource(`solvency ${house.house}`, async (signal) => (await import('./escrow.ts')).solvency(house, signal));
  return (
    <section class="card" aria-labelledby="solvency">
      <h2 id="solvency">Solvency</h2>
      {read.error !== undefined && !read.value ? (
        <Problem title="The chain can not be read from here" error={read.error} onRetry={read.reload} />
      ) : read.value ? (
        <Books solvency={read.value} />
      ) : (
        <div class="solvency-waiting" aria-busy="true" />
      )}
    </section>
  );
}

function Books({ solvency }: { solvency: Solvency }) {
  const { liabilities, available, slot, escrow } = solvency;
  const spare = available - liabilities;
  return (
    <>
      <p class={spare >= 0n ? 'verdict verdict-good' : 'verdict verdict-bad'}>
        {spare >= 0n ? 'The escrow covers all that is owed.' : 'The escrow does not cover what is owed.'}
      </p>
      <Bar liabilities={liabilities} available={available} />
      <Facts>
        <Fact name="Owed" note="to bettors and to the house">
          <Amount lamports={liabilities} detailed />
        </Fact>
        <Fact name="In escrow" note="beyond the account's rent">
          <Amount lamports={available} detailed />
        </Fact>
        <Fact name={spare >= 0n ? 'To spare' : 'Missing'}>
          <Amount lamports={spare < 0n ? -spare : spare} detailed />
        </Fact>
        <Fact name="Escrow">
          <Copyable text={escrow} what="escrow" whole />
        </Fact>
        <Fact name="Read" note="by this page, from the node">
          Finalized slot {grouped(slot)}
        </Fact>
      </Facts>
    </>
  );
}

const PARTS = 1_000n;

function Bar({ liabilities, available }: { liabilities: bigint; available: bigint }) {
  const share = available <= 0n ? PARTS : (PARTS * liabilities) / available;
  return (
    <svg class="solvency-bar" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
      <rect class="bar-all" width="1000" height="10" />
      <rect class="bar-owed" width={String(share > PARTS ? PARTS : share)} height="10" />
    </svg>
  );
}
