import type { FairnessReport, Tested } from '../verifier/fairness/fairness.ts';

const BAR_CELLS = 10;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** The report as a table, a test a line, and the verdict below it in words. */
export function describeFairness(report: FairnessReport): string {
  const heading = ['', 'test', 'statistic', 'p', `0${' '.repeat(BAR_CELLS - 2)}1`, 'seen'];
  const tested = report.tested.map((test) => [
    test.anomaly ? '✗' : '✓',
    test.name,
    statisticText(test),
    test.p.toPrecision(3),
    bar(test.p),
    test.seen,
  ]);
  const untested = report.untested.map(({ name, bets, missing }) => ['–', name, '', '', '', `${missing}; has ${bets}`]);
  const anomalies = report.tested
    .filter(({ anomaly }) => anomaly)
    .map(({ name, claim, adjustedP }) => `  ${name}: it does not hold that ${claim} (corrected p ${adjustedP.toPrecision(3)})`);
  return [...table([heading, ...tested, ...untested]), '', verdictText(report), ...anomalies].join('\n');
}

function verdictText({ bets, alpha, verdict, tested, untested }: FairnessReport): string {
  if (verdict === 'too-few-bets') return `${bets} bets are too few: no test says anything.`;
  const seen = verdict === 'fair' ? 'nothing that a fair coin would not show' : 'NOT what a fair coin shows';
  const left = untested.length === 0 ? '' : ` Tests that need more bets, and say nothing: ${untested.length}.`;
  return `${bets} bets: ${seen} (${tested.length} tests, ${alpha} as the chance of a false alarm in all).${left}`;
}

function statisticText({ kind, statistic, degrees }: Tested): string {
  if (kind === 'z') return `z ${statistic.toFixed(2)}`;
  return degrees === undefined ? `${statistic}` : `χ²(${degrees}) ${statistic.toFixed(1)}`;
}

/** How large p is, on a line from 0 to 1. */
function bar(p: number): string {
  const eighths = Math.round(p * BAR_CELLS * EIGHTHS.length);
  const full = '█'.repeat(Math.floor(eighths / EIGHTHS.length));
  return `${full}${EIGHTHS[eighths % EIGHTHS.length]}`.padEnd(BAR_CELLS, '·');
}

function table(rows: readonly string[][]): string[] {
  const widths = (rows[0] as string[]).map((_, column) => Math.max(...rows.map((row) => (row[column] as string).length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] as number))
      .join('  ')
      .trimEnd(),
  );
}
