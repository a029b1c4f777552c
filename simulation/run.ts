import { check, isQuiet, unrest } from './checks.ts';
import { Scheduler } from './scheduler.ts';
import { type Sabotage, World } from './world.ts';

/** Once nothing fails any more, everything is settled within so much virtual time. */
const REST_WITHIN_MS = 600_000;

export interface RunResult {
  seed: number;
  /** What did not hold; empty for a good run. */
  problems: string[];
  /** The last lines of the trace. */
  tail: readonly string[];
  /** Of the whole trace: the same seed gives the same one. */
  traceHash: string;
  /** What came up in it. */
  coverage: Coverage;
}

/** How much of what could go wrong a run has met, so that a reader sees what the absence of problems says. */
export interface Coverage {
  acknowledgedBets: number;
  settledBatches: number;
  failedLandings: number;
  payments: number;
  forcedExits: number;
  /** Bets that such exits ended, in the ledger. */
  voidedBets: number;
  /** Bets that have left the ledger for archives. */
  archivedBets: number;
  forks: number;
  /** Lives of the sequencer. */
  lives: number;
  usurpations: number;
  events: number;
  virtualSeconds: number;
}

/** Runs one seed to its end. */
export async function runSeed(
  seed: number,
  options: { onLine?: (line: string) => void; sabotage?: Sabotage } = {},
): Promise<RunResult> {
  const scheduler = new Scheduler(options.onLine);
  const world = new World(seed, scheduler, options.sabotage);
  const onUnhandled = (error: unknown) => world.onUnhandled(error);
  process.on('unhandledRejection', onUnhandled);
  try {
    world.start();
    const broken = () => world.violations.length > 0;
    await scheduler.run(broken, world.plan.endMs);
    const rested = await scheduler.run(() => broken() || isQuiet(world), REST_WITHIN_MS);
    const problems = [...world.violations];
    if (!rested) problems.push(`no rest ${REST_WITHIN_MS / 1_000} s after the last fault: ${unrest(world)}`);
    if (problems.length === 0) problems.push(...(await check(world)));
    const { hash: traceHash, lines: tail } = scheduler;
    return { seed, problems, tail, traceHash, coverage: coverageOf(world) };
  } finally {
    process.off('unhandledRejection', onUnhandled);
    world.disk.close();
  }
}

function coverageOf(world: World): Coverage {
  const landed = [...world.chain.history('processed')];
  const named = (name: string) => landed.flatMap(({ events }) => events).filter((event) => event.name === name).length;
  return {
    acknowledgedBets: world.bettors.reduce((sum, { receipts }) => sum + receipts.size, 0),
    settledBatches: named('BatchSettled'),
    failedLandings: landed.filter(({ failure }) => failure !== undefined).length,
    payments: named('Paid'),
    forcedExits: named('Exited'),
    voidedBets: world.disk.read.voidedVaults().reduce((sum, voided) => sum + Number(voided.throughBet - voided.fromBet) + 1, 0),
    archivedBets: world.disk.read.archives.list().reduce((sum, { bets, state }) => sum + (state === 'Moved' ? bets : 0), 0),
    forks: world.chain.forks,
    lives: world.lives,
    usurpations: world.usurped ? 1 : 0,
    events: world.scheduler.events,
    virtualSeconds: Math.round(world.scheduler.nowMs / 1_000),
  };
}
