import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { percentile } from '../cli/demo-report.ts';
import { resetData } from '../cli/services.ts';
import { type TortureResult, torture } from './torture/run.ts';

/** 128 + SIGINT, as shells have it. */
const EXIT_INTERRUPTED = 130;

interface Flags {
  kills: number;
  seconds: number;
  bettors: number;
  seed: number;
  apiPort: number;
  rpcPort: number;
  json?: boolean;
}

/** What `--json` prints as its last line. Times in milliseconds. */
function summaryOf({ kills, acked, lost, duplicated, discrepancies, recoverMs }: TortureResult) {
  const [p50, max] = [percentile(recoverMs, 0.5), Math.max(0, ...recoverMs)].map(Math.round);
  return {
    kills,
    acked,
    lost: lost.length,
    duplicated: duplicated.length,
    discrepancies: discrepancies.length,
    recoverMs: { p50, max },
  };
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('must be a whole number');
  return Number(text);
}

const flags = new Command('torture')
  .description('kills the real processes at random under load, then holds every receipt against the chain and the ledger')
  .option('--kills <count>', 'how often', wholeNumber, 20)
  .option('--seconds <seconds>', 'longest time for the kills; they are spread over it', wholeNumber, 60)
  .option('--bettors <count>', 'bettors of the SDK', wholeNumber, 6)
  .option('--seed <number>', 'of what is drawn: targets, moments, bets', wholeNumber, Date.now() % 1_000_000)
  .option('--api-port <port>', 'port of the API', wholeNumber, 8_787)
  .option('--rpc-port <port>', 'port of the local chain', wholeNumber, 8_899)
  .option('--json', 'print one JSON object as the last line, and nothing else on standard output')
  .showHelpAfterError()
  .parse()
  .opts<Flags>();

const say = (line: string) => void (flags.json ? process.stderr : process.stdout).write(`${line}\n`);
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort(new Error('interrupted')));
const dataDirectory = mkdtempSync(join(tmpdir(), 'casino-torture-'));
let kept = false;
try {
  say(`seed ${flags.seed}; the services' data and logs are in ${dataDirectory}`);
  const result = await torture({
    ...flags,
    durationMs: 1_000 * flags.seconds,
    dataDirectory,
    signal: interrupted.signal,
    onProgress: say,
  });
  const problems = [...result.lost, ...result.duplicated, ...result.discrepancies];
  for (const problem of problems) say(problem);
  kept = problems.length > 0;
  const summary = summaryOf(result);
  process.stdout.write(`${flags.json ? JSON.stringify(summary) : JSON.stringify(summary, undefined, 2)}\n`);
  process.exitCode = kept ? 1 : 0;
} catch (error) {
  kept = !interrupted.signal.aborted;
  if (!kept) process.exitCode = EXIT_INTERRUPTED;
  else {
    process.exitCode = 1;
    say(`seed ${flags.seed} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
} finally {
  if (kept) say(`the data stays in ${dataDirectory}`);
  else resetData(dataDirectory);
}
// Bettors that wait for services which are gone would keep the process for minutes.
process.exit();
