import { setTimeout as sleep } from 'node:timers/promises';
import type { Services } from '../../cli/services.ts';
import type { Random } from '../random.ts';

type Target = 'sequencer' | 'chain';

/** What is killed, by weight: the sequencer most, since it holds what is at stake. */
const TARGETS: readonly (readonly Target[])[] = [['sequencer'], ['sequencer'], ['sequencer'], ['chain'], ['sequencer', 'chain']];
/** Share of the kills that do not wait until the last one is recovered from, and how soon they come. */
const SHARE_IN_RECOVERY = 0.4;
const MAX_IN_RECOVERY_RUNNING = 2;
const SOON_MS = 2_500;
const POLL_MS = 10;
/** Longest that a recovery may take; beyond it the run is given up. */
const MAX_RECOVERY_MS = 120_000;

/** When bets are acknowledged, as the clients see it. */
export interface Liveness {
  /** Hears of each new acknowledgement: when its request was sent. */
  acknowledged(sentAtMs: number): void;
  /** Resolves with the time of the first acknowledgement of a request that was sent after this moment. */
  nextAfter(atMs: number, signal: AbortSignal): Promise<number>;
}

export function liveness(): Liveness {
  let newest = { sentAtMs: Number.NEGATIVE_INFINITY, answeredAtMs: 0 };
  return {
    acknowledged(sentAtMs) {
      if (sentAtMs > newest.sentAtMs) newest = { sentAtMs, answeredAtMs: performance.now() };
    },
    async nextAfter(atMs, signal) {
      while (newest.sentAtMs <= atMs) await sleep(POLL_MS, undefined, { signal });
      return newest.answeredAtMs;
    },
  };
}

export interface KillReport {
  kills: number;
  /** For each recovery that no further kill cut short: from the kill to the first new acknowledgement, all processes up again. */
  recoverMs: number[];
}

/**
 * Sends SIGKILL at random moments: some while bets flow, some while the services are still recovering from the last one. Ends after
 * `kills` of them, or when the time is over.
 */
export async function killAtRandom(input: {
  services: Services;
  live: Liveness;
  random: Random;
  kills: number;
  durationMs: number;
  signal: AbortSignal;
  onKill(message: string): void;
}): Promise<KillReport> {
  const { services, live, random, signal } = input;
  const deadlineMs = performance.now() + input.durationMs;
  const report: KillReport = { kills: 0, recoverMs: [] };
  let inRecovery = 0;
  while (report.kills < input.kills && performance.now() < deadlineMs) {
    const targets = random.pick(TARGETS);
    const killedAtMs = await kill(services, { targets, signal });
    report.kills += 1;
    input.onKill(`kill ${report.kills} of ${input.kills}: ${targets.join(' and ')}`);
    const soon = report.kills < input.kills && inRecovery < MAX_IN_RECOVERY_RUNNING && random.chance(SHARE_IN_RECOVERY);
    const [soonMs, share] = [random.fraction() * SOON_MS, random.fraction()];
    inRecovery = soon ? inRecovery + 1 : 0;
    if (soon) {
      await sleep(soonMs, undefined, { signal });
      continue;
    }
    report.recoverMs.push((await recovery({ services, live, signal })) - killedAtMs);
    const paceMs = (deadlineMs - performance.now()) / Math.max(1, input.kills - report.kills);
    await sleep(share * Math.max(0, paceMs), undefined, { signal });
  }
  return report;
}

/** Kills those of the targets that run, at least one of them. Returns when. */
async function kill(services: Services, input: { targets: readonly Target[]; signal: AbortSignal }): Promise<number> {
  for (;;) {
    const pids = input.targets.map((name) => (name === 'chain' ? services.chainPid() : services.sequencerPid()));
    const running = pids.filter((pid) => pid !== undefined);
    for (const pid of running) process.kill(pid, 'SIGKILL');
    if (running.length > 0) return performance.now();
    await sleep(POLL_MS, undefined, { signal: input.signal });
  }
}

async function recovery(input: { services: Services; live: Liveness; signal: AbortSignal }): Promise<number> {
  const signal = AbortSignal.any([input.signal, AbortSignal.timeout(MAX_RECOVERY_MS)]);
  while (!(await isUp(input.services))) await sleep(POLL_MS, undefined, { signal });
  return input.live.nextAfter(performance.now(), signal);
}

async function isUp({ apiUrl, rpcUrl }: Services): Promise<boolean> {
  const answers = await Promise.all([`${apiUrl}/health`, `${rpcUrl}/health`].map((url) => fetch(url).catch(() => undefined)));
  for (const answer of answers) await answer?.body?.cancel();
  return answers.every((answer) => answer?.ok);
}
