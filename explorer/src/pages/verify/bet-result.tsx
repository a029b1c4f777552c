import type { BetReport } from '../../../../verifier/bet/verify-bet.ts';
import { WEAKNESSES } from '../../../../verifier/describe.ts';
import { Icon } from '../../components/icons.tsx';
import { SideMark, WonMark } from '../../components/states.tsx';
import { Amount, Fact, Facts } from '../../components/values.tsx';
import { grouped } from '../../format.ts';
import { saveText } from '../../save-text.ts';
import { CheckList } from './check-list.tsx';
import { BLAMED, explainFailure, VERDICTS } from './explanations.ts';
import type { Failure } from './messages.ts';
import type { BetVerification } from './use-bet-verification.ts';

interface BetResultProps {
  verification: BetVerification;
  /** Id of the bet that is meant; undefined: the one of the file. */
  betId?: string | undefined;
  onRetry(): void;
}

/** The checks as they run, and what they come to. */
export function BetResult({ verification, betId, onRetry }: BetResultProps) {
  const { phase, checks, report, failure, receiptFile, places } = verification;
  if (phase === 'idle') return null;
  const isOther = report !== undefined && betId !== undefined && report.betId !== betId;
  return (
    <div class="bet-result">
      <div role="status" aria-live="polite">
        {phase === 'running' && <p class="running-line">Checking: {checks.length} of 24 done…</p>}
        {isOther && <OtherBet report={report} />}
        {report && !isOther && <Verdict report={report} houseChosen={places?.houseChosen ?? false} />}
        {failure && <NoResult failure={failure} onRetry={onRetry} />}
      </div>
      {receiptFile !== undefined && (report || checks.length > 0) && <CheckList checks={checks} running={phase === 'running'} />}
      {report && receiptFile !== undefined && (
        <p class="actions">
          <button class="button" type="button" onClick={onRetry}>
            Check again
          </button>
          <button class="button" type="button" onClick={() => saveText(`receipt-${report.betId.slice(0, 12)}.json`, receiptFile)}>
            <Icon name="download" /> Save the receipt file
          </button>
        </p>
      )}
    </div>
  );
}

/** The service could send another bet's receipt, which would hold. */
function OtherBet({ report }: { report: BetReport }) {
  return (
    <div class="finding finding-bad" data-verdict="other-bet">
      <h3>This is the receipt of another bet</h3>
      <p>
        What was sent is of bet <a href={`/bets/${report.betId}`}>{report.betId.slice(0, 12)}…</a>, not of the bet of this page.
        Whatever the checks below say, they say it of that one. Ask for the receipt again, or drop one that you kept.
      </p>
    </div>
  );
}

function Verdict({ report, houseChosen }: { report: BetReport; houseChosen: boolean }) {
  const { title, text, tone } = VERDICTS[report.verdict];
  const passed = report.checks.filter(({ result }) => result === 'passed').length;
  const failed = report.checks.filter(({ result }) => result === 'failed');
  const blames = [...new Set(failed.flatMap(({ blame }) => blame ?? []))];
  return (
    <div class={`finding finding-${tone}`} data-verdict={report.verdict}>
      <h3>{title}</h3>
      <p>
        {text} {passed} of {report.checks.length} checks passed
        {failed.length > 0 && `, ${failed.length} failed`}.
      </p>
      {blames.map((blame) => (
        <p key={blame}>
          <strong>Speaks against {BLAMED[blame].name}.</strong> {BLAMED[blame].advice}
        </p>
      ))}
      <Warnings report={report} houseChosen={houseChosen} />
      <BetFacts report={report} />
    </div>
  );
}

function Warnings({ report, houseChosen }: { report: BetReport; houseChosen: boolean }) {
  const { settlement } = report;
  const weakness = settlement?.state === 'settled' ? settlement.keyWeakness : undefined;
  return (
    <>
      {weakness && (
        <div class="warning">
          <Icon name="warning" />
          <p>
            The verifying key is {WEAKNESSES[weakness]}: its secret is public, so anyone can forge such a proof. Good for trying
            things out, not for money.
          </p>
        </div>
      )}
      {!houseChosen && (
        <p class="muted small">
          {report.houseGiven
            ? 'Which house this is, the operator’s own service said.'
            : 'Which house this is, the file alone says.'}{' '}
          If you know the house’s address from elsewhere, give it under “Sources”.
        </p>
      )}
    </>
  );
}

/** By the checked file and the chain, not by the service's list. */
function BetFacts({ report }: { report: BetReport }) {
  const { bet, receipt, settlement } = report;
  return (
    <Facts>
      <Fact name="Bet">
        number {grouped(bet.betNumber)}: <Amount lamports={bet.stake} /> on <SideMark side={bet.choice} />
      </Fact>
      {receipt && (
        <Fact name="Came up">
          <SideMark side={receipt.outcome} />, <WonMark won={receipt.won} />
          {receipt.won && (
            <>
              , payout <Amount lamports={receipt.payout} />
            </>
          )}
        </Fact>
      )}
      <Fact name="Settled">
        {settlement?.state === 'settled' ? (
          <>
            in batch <a href={`/batches/${settlement.batchNumber}`}>{grouped(settlement.batchNumber)}</a>, slot{' '}
            {grouped(settlement.slot)}
          </>
        ) : (
          SETTLEMENTS[settlement?.state ?? 'unknown']
        )}
      </Fact>
    </Facts>
  );
}

const SETTLEMENTS = {
  pending: 'not yet',
  voided: 'never: void by a forced exit',
  unknown: 'not known',
};

/** Why there is no answer: something that is down is no fault of the house. */
export function NoResult({ failure, onRetry }: { failure: Failure; onRetry(): void }) {
  const { title, message, advice } = explainFailure(failure);
  return (
    <div class="finding finding-unknown" data-verdict="no-result" data-code={failure.code}>
      <h3>{title}</h3>
      <p>
        {message} <code>{failure.code}</code>
      </p>
      <p>{advice} This says nothing about the house.</p>
      <button class="button" type="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}
