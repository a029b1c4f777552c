import { check, isQuiet, unrest } from './checks.ts';
import { Scheduler } from './scheduler.ts';
import { World } from './world.ts';

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
  acks: number;
  events: number;
  lives: number;
  virtualMs: number;
}

/** Runs one seed to its end. */
export async function runSeed(seed: number, onLine?: (line: string) => void): Promise<RunResult> {
  const scheduler = new Scheduler(onLine);
  const world = new World(seed, scheduler);
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
    const { acks, lives } = world;
    const { events, hash: traceHash, lines: tail, nowMs: virtualMs } = scheduler;
    return { seed, problems, tail, traceHash, acks, events, lives, virtualMs };
  } finally {
    process.off('unhandledRejection', onUnhandled);
    world.disk.close();
  }
}
