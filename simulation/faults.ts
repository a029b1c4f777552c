import type { Random } from './random.ts';

/** What may go wrong in one run, drawn from its seed. Shares and rates are 0 where this run is spared. */
export interface FaultPlan {
  /** Share of calls to the chain that fail before they act, or after. */
  callFails: number;
  callTimesOut: number;
  /** Share of calls that a node answers which is behind, and by at most how many blocks. */
  stale: number;
  maxLagBlocks: number;
  /** Share of sent transactions that vanish, come late, come twice. */
  sendDropped: number;
  sendLate: number;
  sendTwice: number;
  /** Of each slot. */
  fork: number;
  maxForkDepth: number;
  /** Of each proof. */
  proverFails: number;
  proverHangs: number;
  proverLate: number;
  /** Of each group commit; a failed one ends the process. */
  commitFails: number;
  commitSlow: number;
  blobFails: number;
  /** Of each call to the store where blobs are published: no answer, a late one, other bytes. */
  blobStoreFails: number;
  blobStoreSlow: number;
  blobStoreLies: number;
  /** Of each look at whether two vaults fit one packet, as if their addresses were in no lookup table yet. */
  packetCrowded: number;
  /** Mean time between two crashes of the sequencer; infinite for none. */
  crashEveryMs: number;
  /** Share of the crashes that wait for the process's next acts instead of falling between two events. */
  crashMidway: number;
  /** Share of a bettor's requests, and of their answers, that get lost; of requests that arrive twice. */
  requestLost: number;
  answerLost: number;
  requestTwice: number;
  /** Something is gone altogether for a while. */
  outages: { of: Outage; fromMs: number; untilMs: number }[];
  /** When another process takes the lead with a ledger that is not ours; undefined in most runs. */
  usurpedAtMs: number | undefined;
  /** From then on nothing fails. */
  endMs: number;
}

export type Outage = 'chain' | 'prover' | 'disk' | 'network' | 'blob store';
const OUTAGES: readonly Outage[] = ['chain', 'prover', 'disk', 'network', 'blob store'];
const USURPED_SHARE = 0.04;
const FORK_BLOCKS = 11;

/** Draws the faults of a run that lasts so long: few kinds in some runs, all in others. */
export function drawFaults(random: Random): FaultPlan {
  const endMs = random.between(40_000, 80_000);
  const spared = random.pick([0.2, 0.5, 0.8]);
  const share = (most: number): number => (random.chance(spared) ? 0 : most * random.pick([0.1, 0.4, 1]));
  const outages = Array.from({ length: random.between(0, 3) }, () => {
    const fromMs = random.between(0, endMs);
    // Some last until the end of all faults: a part that is gone for good.
    const untilMs = random.chance(0.35) ? endMs : Math.min(endMs, fromMs + random.between(2_000, 40_000));
    return { of: random.pick(OUTAGES), fromMs, untilMs };
  });
  return {
    callFails: share(0.15),
    callTimesOut: share(0.08),
    stale: share(0.5),
    maxLagBlocks: random.pick([1, 3, 10, 30]),
    sendDropped: share(0.5),
    sendLate: share(0.4),
    sendTwice: share(0.3),
    fork: share(0.25),
    maxForkDepth: random.between(1, FORK_BLOCKS),
    proverFails: share(0.3),
    proverHangs: share(0.08),
    proverLate: share(0.2),
    commitFails: share(0.01),
    commitSlow: share(0.1),
    blobFails: share(0.2),
    blobStoreFails: share(0.3),
    blobStoreSlow: share(0.2),
    blobStoreLies: share(0.2),
    packetCrowded: share(0.5),
    crashEveryMs: random.chance(spared) ? Number.POSITIVE_INFINITY : random.pick([5_000, 12_000, 30_000]),
    crashMidway: random.pick([0, 0.5, 1]),
    requestLost: share(0.2),
    answerLost: share(0.2),
    requestTwice: share(0.2),
    outages,
    usurpedAtMs: random.chance(USURPED_SHARE) ? random.between(5_000, endMs) : undefined,
    endMs,
  };
}
