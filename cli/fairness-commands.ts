import { type Command, InvalidArgumentError } from 'commander';
import type { FairnessReport } from '../verifier/fairness/fairness.ts';
import { EXIT_AGAIN, EXIT_FINDING, EXIT_USAGE, endOnUsage } from './exit-codes.ts';
import type { HistoryFlags } from './fairness-history.ts';
import { Output } from './output.ts';

const MOST_BETS = 1_000_000_000;
const MOST_SEED = 1_000_000_000;
const DEFAULT_ALPHA = 1e-4;

interface CommonFlags {
  alpha: number;
  json?: boolean;
}

interface SimulateFlags extends CommonFlags {
  bets: number;
  seed: number;
}

/** `casino fairness ...`: whether bets, simulated ones or a house's, look like the flips of a fair coin. */
export function addFairnessCommands(program: Command): void {
  const fairness = program
    .command('fairness')
    .description('statistics that a crooked coin does not pass')
    .exitOverride(endOnUsage);
  withCommonOptions(fairness.command('simulate'))
    .description("over simulated bets, decided by the protocol's own functions")
    .option('--bets <count>', 'bets in all', wholeNumber({ least: 1, most: MOST_BETS }), 1_000_000)
    .option('--seed <number>', 'the same number, the same bets', wholeNumber({ least: 0, most: MOST_SEED }), 1)
    .action(async (flags: SimulateFlags) => {
      process.exitCode = await runSimulate(flags);
    });
  withCommonOptions(fairness.command('history'))
    .description('over the settled bets of a house, each verified first')
    .requiredOption('--rpc <url>', "a node's JSON-RPC address")
    .requiredOption('--blobs <where>', 'a directory of blobs, or an address under which each has its CID')
    .option('--program <address>', "the program; by default the local chain's")
    .option('--house <address>', "the house; by default the program's only one")
    .action(async (flags: HistoryFlags) => {
      process.exitCode = await runHistory(flags);
    });
}

function withCommonOptions(command: Command): Command {
  return command
    .option('--alpha <chance>', 'the chance, at most, that fair bets are called an anomaly', chance, DEFAULT_ALPHA)
    .option('--json', 'print the report as one JSON object')
    .addHelpText(
      'after',
      '\nExit codes: 0 no anomaly, 1 an anomaly, 2 bad usage, 75 too few bets to say anything, or no answer from node or blobs.',
    );
}

async function runSimulate({ bets, seed, alpha, json }: SimulateFlags): Promise<number> {
  const [{ Fairness }, { simulateInThreads }] = await Promise.all([
    import('../verifier/fairness/fairness.ts'),
    import('./fairness-simulation.ts'),
  ]);
  const output = new Output(process.stderr);
  const native = await hasNativeKernel();
  if (!native) output.line('The kernel in Rust does not run here; the portable one takes some ten times as long.');
  const fairness = new Fairness();
  let done = 0;
  for await (const block of simulateInThreads({ bets, seed, native })) {
    for (const bet of block) fairness.add(bet);
    done += block.length;
    output.bar({ label: 'betting', done, total: bets });
  }
  output.end();
  return tell(fairness.report(alpha), { json, source: { simulated: { bets, seed } } });
}

async function runHistory(flags: HistoryFlags): Promise<number> {
  const [{ describeDoubt, historyFairness }, { VerifierError }] = await Promise.all([
    import('./fairness-history.ts'),
    import('../verifier/errors.ts'),
  ]);
  const output = new Output(process.stderr);
  try {
    const { report, verification } = await historyFairness(flags, output);
    output.end();
    const { house, passed, firstDivergence } = verification;
    const code = await tell(report, { json: flags.json, source: { history: { house, passed, firstDivergence } } });
    const doubt = describeDoubt(verification, report.bets);
    if (doubt) process.stderr.write(`${doubt}\n`);
    return doubt ? EXIT_FINDING : code;
  } catch (error) {
    output.end();
    if (!(error instanceof VerifierError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return error.retry ? EXIT_AGAIN : EXIT_USAGE;
  }
}

/** Prints a report; returns the exit code. */
async function tell(
  report: FairnessReport,
  { json, source }: { json: boolean | undefined; source: Record<string, unknown> },
): Promise<number> {
  const { describeFairness } = await import('./fairness-report.ts');
  process.stdout.write(`${json ? JSON.stringify({ ...source, ...report }) : describeFairness(report)}\n`);
  if (report.verdict === 'too-few-bets') return EXIT_AGAIN;
  return report.verdict === 'anomaly' ? EXIT_FINDING : 0;
}

/** Whether the prebuilt binary fits this machine. */
async function hasNativeKernel(): Promise<boolean> {
  try {
    await import('../sequencer/prover/native-kernel.ts');
    return true;
  } catch {
    return false;
  }
}

function wholeNumber({ least, most }: { least: number; most: number }): (text: string) => number {
  return (text) => {
    const value = /^[0-9]{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) throw new InvalidArgumentError(`must be a whole number from ${least} to ${most}`);
    return value;
  };
}

function chance(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError('must be a number between 0 and 1');
  return value;
}
