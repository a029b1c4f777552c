import { BET_CHECKS, type BetCheck, type BetCheckName } from '../../../../verifier/bet/checks.ts';
import { BLAMED, EXPLANATIONS } from './explanations.ts';

const NAMES = Object.keys(BET_CHECKS) as BetCheckName[];

/** In the order in which the verifier has them: what the file shows alone, what the chain adds, and the batch that settled the bet. */
const PARTS: readonly { title: string; names: readonly BetCheckName[] }[] = [
  { title: 'What was signed', names: NAMES.slice(0, NAMES.indexOf('chain')) },
  { title: 'What the chain holds', names: NAMES.slice(NAMES.indexOf('chain'), NAMES.indexOf('batch')) },
  { title: 'The batch that settled it', names: NAMES.slice(NAMES.indexOf('batch')) },
];

type Standing = BetCheck['result'] | 'running' | 'waiting';

const WORDS: Record<Standing, string> = {
  passed: 'passed',
  failed: 'failed',
  skipped: 'not checked',
  running: 'checking',
  waiting: 'to come',
};

/** Every check with what it came to so far. */
export function CheckList({ checks, running }: { checks: readonly BetCheck[]; running: boolean }) {
  const next = running ? NAMES.find((name) => !checks.some((check) => check.name === name)) : undefined;
  return (
    <div class="check-parts">
      {PARTS.map(({ title, names }) => (
        <section key={title}>
          <h3>{title}</h3>
          <ol class="checks">
            {names.map((name) => (
              <Check key={name} name={name} check={checks.find((check) => check.name === name)} running={name === next} />
            ))}
          </ol>
        </section>
      ))}
    </div>
  );
}

function Check({ name, check, running }: { name: BetCheckName; check: BetCheck | undefined; running: boolean }) {
  const { title, why } = EXPLANATIONS[name];
  const standing: Standing = check?.result ?? (running ? 'running' : 'waiting');
  const values = Object.entries(check?.compared ?? {});
  return (
    <li class={`check check-${standing}`} data-check={name} data-result={standing}>
      <CheckMark standing={standing} />
      <div>
        <p class="check-title">
          {title} <span class="visually-hidden">: {WORDS[standing]}</span>
        </p>
        <p class="check-why">{check?.result === 'skipped' ? `Not checked: ${check.detail}.` : why}</p>
        {check?.result === 'failed' && (
          <p class="check-failure">
            {check.detail}. {check.blame && <>This speaks against {BLAMED[check.blame].name}.</>}
          </p>
        )}
        {values.length > 0 && (
          <details class="check-values">
            <summary>
              What was compared <code>{name}</code>
            </summary>
            <dl>
              {values.map(([what, value]) => (
                <div key={what}>
                  <dt>{what}</dt>
                  <dd class="mono">{value}</dd>
                </div>
              ))}
            </dl>
          </details>
        )}
      </div>
    </li>
  );
}

const MARKS: Record<Standing, string> = {
  passed: 'M5 12.5l4.5 4.5L19 7.5',
  failed: 'M6 6l12 12M18 6L6 18',
  skipped: 'M6 12h12',
  running: 'M12 3a9 9 0 0 1 9 9',
  waiting: 'M12 11v2',
};

function CheckMark({ standing }: { standing: Standing }) {
  return (
    <svg class="icon check-mark" viewBox="0 0 24 24" aria-hidden="true">
      <path d={MARKS[standing]} />
    </svg>
  );
}
