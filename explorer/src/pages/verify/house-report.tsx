import type { VerifyReport } from '../../../../verifier/chain.ts';
import { WEAKNESSES } from '../../../../verifier/describe.ts';
import type { Divergence, DivergenceCode } from '../../../../verifier/divergence.ts';
import { Copyable } from '../../components/copyable.tsx';
import { Icon } from '../../components/icons.tsx';
import { Fact, Facts } from '../../components/values.tsx';
import { duration, grouped } from '../../format.ts';
import { saveText } from '../../save-text.ts';

const MAX_SHOWN = 20;

/** Divergences that the node's word makes, or that of the place of the blobs: another one may tell another story. */
const OF_THE_SOURCES: ReadonlySet<DivergenceCode> = new Set<DivergenceCode>([
  'transaction-missing',
  'log-missing',
  'transaction-forged',
  'history-incomplete',
  'transaction-duplicate',
  'transaction-order',
  'blob-missing',
  'blob-altered',
]);

/** What the replay of a house came to. */
export function HouseReport({ report }: { report: VerifyReport }) {
  const { passed, divergences, divergenceCount } = report;
  const ofSources = !passed && divergences.every(({ code }) => OF_THE_SOURCES.has(code));
  const isWeak = report.verifyingKeys.some(({ weakness }) => weakness !== undefined);
  return (
    <div
      class={`finding finding-${passed ? 'good' : ofSources ? 'unknown' : 'bad'}`}
      data-verdict={passed ? 'passed' : 'diverges'}
    >
      <h3>{titleOf({ passed, ofSources })}</h3>
      {!passed && <p>{adviceOf(ofSources)}</p>}
      {passed && <p>Recomputed from the first transaction on, and every account is what it leads to.</p>}
      {isWeak && (
        <div class="warning">
          <Icon name="warning" />
          <p>The secret of a verifying key is public, so anyone can forge proofs. Good for trying things out, not for money.</p>
        </div>
      )}
      <ul class="divergences">
        {divergences.slice(0, MAX_SHOWN).map((divergence, index) => (
          <DivergenceItem key={index} divergence={divergence} />
        ))}
      </ul>
      {divergenceCount > MAX_SHOWN && (
        <p>And {grouped(divergenceCount - MAX_SHOWN)} more: the saved report has the first thousand.</p>
      )}
      <HouseFacts report={report} />
      <p class="actions">
        <button
          class="button"
          type="button"
          onClick={() => saveText('house-report.json', `${JSON.stringify(report, null, 2)}\n`)}
        >
          <Icon name="download" /> Save the report
        </button>
      </p>
    </div>
  );
}

function titleOf({ passed, ofSources }: { passed: boolean; ofSources: boolean }): string {
  if (passed) return 'Everything holds';
  return ofSources ? 'The sources do not have all of it' : 'Something does not add up';
}

function adviceOf(ofSources: boolean): string {
  return ofSources
    ? 'Transactions or blobs are missing, or are not what their names say: that is the word of the node, or of the place of the blobs. Ask others, under “Sources”, and start over.'
    : 'Below is what was found first. Check it with a node of another operator before you believe it; if that says the same, publish the report.';
}

function DivergenceItem({ divergence }: { divergence: Divergence }) {
  const { code, message, expected, found } = divergence;
  const places = (['transaction', 'slot', 'batch', 'vault', 'bet', 'account'] as const).filter(
    (name) => divergence[name] !== undefined,
  );
  return (
    <li>
      <p>
        <code>{code}</code> {message}
      </p>
      <p class="muted small">
        {places.map((name) => (
          <span key={name} class="divergence-place">
            {name} <span class="mono">{divergence[name]}</span>{' '}
          </span>
        ))}
        {(expected !== undefined || found !== undefined) && (
          <span class="mono">
            expected {expected ?? '–'}, found {found ?? '–'}
          </span>
        )}
      </p>
    </li>
  );
}

function HouseFacts({ report }: { report: VerifyReport }) {
  const { transactions, batches, bets, proofsVerified, blobs, vaultsCompared, resumedAfter } = report;
  return (
    <Facts>
      <Fact name="House" note="is it the one that you mean?">
        <Copyable text={report.house} what="house address" whole />
      </Fact>
      <Fact name="Replayed">
        {counted(transactions, 'transaction', 'transactions')}, {counted(batches, 'batch', 'batches')},{' '}
        {counted(bets, 'bet', 'bets')}
      </Fact>
      <Fact name="Proofs verified">{grouped(proofsVerified)}</Fact>
      <Fact name="Blobs checked">{grouped(blobs)}</Fact>
      <Fact name="Compared with the chain">
        {counted(vaultsCompared, 'vault', 'vaults')}, the house, its escrow, terms and keys, in slot{' '}
        {grouped(report.comparedSlot)}
      </Fact>
      {report.verifyingKeys.map(({ id, maxBets, maxVaults, keyHash, weakness }) => (
        <Fact
          key={id}
          name={`Verifying key ${id}`}
          note={`${counted(maxBets, 'bet', 'bets')}, ${counted(maxVaults, 'vault', 'vaults')} a batch`}
        >
          <span class="mono">{keyHash}</span>
          {weakness && <strong class="weak"> {WEAKNESSES[weakness]}</strong>}
        </Fact>
      ))}
      <Fact name="Took">
        {duration(report.seconds * 1_000)}
        {resumedAfter > 0 && `, going on after ${grouped(resumedAfter)} transactions that an earlier run had replayed`}
      </Fact>
    </Facts>
  );
}

const counted = (count: number, one: string, many: string): string => `${grouped(count)} ${count === 1 ? one : many}`;
