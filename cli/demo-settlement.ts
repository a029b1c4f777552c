import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchStatus } from '../client/api.ts';
import type { DemoBettor } from './demo-bettors.ts';
import { betKey, type DemoBet, timesFinalized } from './demo-report.ts';

const POLL_MS = 400;
/** Longest time without one more bet becoming final. */
const STALLED_MS = 600_000;
const PAGE = 100;
/** Pages of batches that are read at most. */
const MAX_PAGES = 1_000;

/**
 * Waits until each bet is in exactly one finalized batch, by the service's word, and each vault on the finalized chain shows its last
 * bet. Throws when a bet was finalized twice, or when nothing moves any more.
 */
export async function waitUntilFinal(input: {
  bettors: readonly DemoBettor[];
  answered: readonly DemoBet[];
  onProgress: (message: string) => void;
}): Promise<BatchStatus[]> {
  const { bettors, answered } = input;
  let best = -1;
  let movedAtMs = Date.now();
  for (;;) {
    const batches = await batchesOf(bettors, answered);
    const times = timesFinalized(batches);
    const twice = answered.find((bet) => (times.get(betKey(bet.vault, bet.betNumber)) ?? 0) > 1);
    if (twice) throw new Error(`bet ${twice.betNumber} of vault ${twice.vault} was finalized twice`);
    const done = answered.filter((bet) => times.get(betKey(bet.vault, bet.betNumber)) === 1).length;
    if (done === answered.length && (await onChain(bettors, answered))) return batches;
    const open = batches.filter((batch) => batch.state !== 'Finalized').map((batch) => `${batch.number} is ${batch.state}`);
    input.onProgress(
      `${done} of ${answered.length} bets are final on chain${open.length ? `; batch ${open.slice(0, 3).join(', ')}` : ''}`,
    );
    if (done > best) movedAtMs = Date.now();
    best = Math.max(best, done);
    if (Date.now() - movedAtMs > STALLED_MS) {
      throw new Error(`settlement stands still: ${done} of ${answered.length} bets are final, batch ${open.join(', ')}`);
    }
    await sleep(POLL_MS);
  }
}

/** All batches that settle one of the bets, in order. */
async function batchesOf(bettors: readonly DemoBettor[], answered: readonly DemoBet[]): Promise<BatchStatus[]> {
  const client = bettors[0]?.client;
  if (!client) return [];
  const firstBets = new Map<string, bigint>();
  for (const { vault, betNumber } of answered) {
    if (betNumber < (firstBets.get(vault) ?? betNumber + 1n)) firstBets.set(vault, betNumber);
  }
  const ours = (batch: BatchStatus) =>
    batch.runs.some(({ vault, firstBet, bets }) => firstBet + BigInt(bets) > (firstBets.get(vault) ?? firstBet + BigInt(bets)));
  const found: BatchStatus[] = [];
  let before: bigint | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const batches = await client.batches({ limit: PAGE, ...(before === undefined ? {} : { before }) });
    found.push(...batches.filter(ours));
    before = batches.at(-1)?.number;
    if (batches.length < PAGE || !batches.some(ours)) break;
  }
  return found.reverse();
}

async function onChain(bettors: readonly DemoBettor[], answered: readonly DemoBet[]): Promise<boolean> {
  for (const { client } of bettors) {
    const ours = answered.filter((bet) => bet.vault === client.vaultAddress);
    const vault = await client.vault('finalized');
    if (!vault || ours.some(({ betNumber }) => betNumber > vault.lastBet)) return false;
  }
  return true;
}
