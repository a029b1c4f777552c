import { Command, InvalidArgumentError } from 'commander';
import { type RunResult, runSeed } from './run.ts';

const TAIL_LINES = 60;
const PROGRESS_EVERY_MS = 10_000;

interface Flags {
  seeds: number;
  from: number;
  seed?: number;
  trace?: boolean;
  keepGoing?: boolean;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('must be a whole number');
  return Number(text);
}

function report({ seed, problems, tail }: RunResult): void {
  say(
    tail
      .slice(-TAIL_LINES)
      .map((line) => `  ${line}`)
      .join('\n'),
  );
  say(`seed ${seed} fails:`);
  for (const problem of problems) say(`  ${problem}`);
  say(`again, with all of its trace: npm run simulate -- --seed ${seed} --trace`);
}

async function simulateMany(flags: Flags): Promise<number> {
  const startedAtMs = performance.now();
  const sum: Record<string, number> = {};
  const failed: number[] = [];
  let toldAtMs = startedAtMs;
  for (let seed = flags.from; seed < flags.from + flags.seeds; seed += 1) {
    const result = await runSeed(seed);
    for (const [what, count] of Object.entries(result.coverage)) sum[what] = (sum[what] ?? 0) + count;
    if (result.problems.length > 0) {
      failed.push(seed);
      report(result);
      if (!flags.keepGoing) break;
    }
    if (performance.now() - toldAtMs > PROGRESS_EVERY_MS) {
      toldAtMs = performance.now();
      say(`${seed - flags.from + 1} of ${flags.seeds} seeds, ${failed.length} failed`);
    }
  }
  const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(1);
  say(
    `${failed.length} failed seeds${failed.length > 0 ? ` (${failed.join(', ')})` : ''}; ${JSON.stringify(sum)} in ${seconds} s`,
  );
  return failed.length;
}

async function simulateOne(seed: number, trace: boolean): Promise<number> {
  const result = await runSeed(seed, trace ? { onLine: say } : {});
  if (result.problems.length > 0) report(result);
  const { problems, traceHash, coverage } = result;
  say(JSON.stringify({ seed, problems: problems.length, traceHash, ...coverage }));
  return result.problems.length;
}

const flags = new Command('simulate')
  .description('runs the real stages of the sequencer in virtual time, over a chain, a disk and a prover that fail')
  .option('--seeds <count>', 'seeds to run, one after the other', wholeNumber, 1_000)
  .option('--from <seed>', 'the first of them', wholeNumber, 1)
  .option('--seed <seed>', 'this one alone', wholeNumber)
  .option('--trace', 'print every line of its trace')
  .option('--keep-going', 'go on after a seed that fails')
  .showHelpAfterError()
  .parse()
  .opts<Flags>();

const failed = flags.seed === undefined ? await simulateMany(flags) : await simulateOne(flags.seed, flags.trace ?? false);
process.exitCode = failed > 0 ? 1 : 0;
