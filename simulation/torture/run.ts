import { existsSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CircuitName } from '../../circuits/artifacts.ts';
import { reconcileDemo } from '../../cli/demo-reconcile.ts';
import { LOCAL_CHAIN_TIMING, type Services, startServices } from '../../cli/services.ts';
import { connectRpc } from '../../sequencer/chain/rpc.ts';
import { dataPaths } from '../../sequencer/context.ts';
import { addressBytes } from '../../sequencer/ledger/addresses.ts';
import { LedgerReader } from '../../sequencer/ledger/reader.ts';
import { Random } from '../random.ts';
import { finish, playOn, receiptsOf, seatAll, type TortureBettor } from './bettors.ts';
import { type CheckedVault, checkReceipts, type Verdict } from './checker.ts';
import { eventsOfHouse } from './history.ts';
import { type KillReport, killAtRandom, liveness } from './killer.ts';
import { withdrawEverything } from './withdrawals.ts';

/** Settlement may stand still for so long before the bets count as lost. */
const STALLED_MS = 120_000;
const MAX_TABLES_MS = 600_000;
const POLL_MS = 250;
/** A process that is killed while it starts has not failed: the supervisor must not give up on it. */
const MAX_FAILED_STARTS = 100;

export interface TortureOptions {
  dataDirectory: string;
  apiPort: number;
  rpcPort: number;
  kills: number;
  /** Longest time in which the kills are made. */
  durationMs: number;
  bettors: number;
  seed: number;
  /** The circuits to settle with, all of them if left out: the keys and tables of the large one take most of a start. */
  circuits?: readonly CircuitName[];
  signal: AbortSignal;
  onProgress(message: string): void;
}

export interface TortureResult extends Verdict, KillReport {}

/**
 * Runs the real processes under load, kills them at random, and then holds every receipt that the clients have against the finalized
 * chain and the ledger. No process of it is left when it resolves or rejects.
 */
export async function torture(options: TortureOptions): Promise<TortureResult> {
  const services = await startServices({
    ...options,
    ...LOCAL_CHAIN_TIMING,
    maxFailedStarts: MAX_FAILED_STARTS,
    sequencerFlags: options.circuits ? ['--circuits', options.circuits.join()] : [],
    onRestart: () => {},
  });
  try {
    options.signal.throwIfAborted();
    const random = new Random(options.seed);
    const live = liveness();
    const bettors = await interruptibly(
      options.signal,
      seatAll(services, { count: options.bettors, random: random.fork(), live }),
    );
    options.onProgress(`${bettors.length} bettors are seated; waiting until all provers have their tables`);
    await interruptibly(options.signal, untilTabled(options.dataDirectory));
    options.onProgress(`${bettors.length} bettors bet; ${options.kills} kills begin, seed ${options.seed}`);
    const report = await killUnderLoad(options, { services, bettors, random: random.fork(), live });
    options.onProgress(`${report.kills} kills; waiting until every acknowledged bet is final on chain`);
    return { ...report, ...(await interruptibly(options.signal, judge(options, { services, bettors }))) };
  } finally {
    await services.stop();
  }
}

/**
 * Waits until the first start has kept the tables of every proving key: they take a while, and a process that is killed before begins
 * them anew, so that settlement would never be under way when it is killed.
 */
async function untilTabled(dataDirectory: string): Promise<void> {
  const { provingKeys, tables } = dataPaths(dataDirectory);
  const count = (directory: string, ending: string) =>
    existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith(ending)).length : 0;
  const deadlineMs = performance.now() + MAX_TABLES_MS;
  while (count(tables, '.tables') < count(provingKeys, '.zkey')) {
    if (performance.now() > deadlineMs) throw new Error('the provers do not get ready');
    await sleep(POLL_MS);
  }
}

interface Stage {
  services: Services;
  bettors: readonly TortureBettor[];
}

async function killUnderLoad(
  options: TortureOptions,
  stage: Stage & { random: Random; live: ReturnType<typeof liveness> },
): Promise<KillReport> {
  const { services, bettors, random, live } = stage;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const playing = Promise.all(bettors.map((bettor) => playOn(bettor, { ...services, stopped: signal })));
  // A bettor that finds a fraud ends the run at once.
  playing.catch(() => stop.abort());
  try {
    const { kills, durationMs, onProgress } = options;
    const report = await killAtRandom({ services, live, random, kills, durationMs, signal, onKill: onProgress });
    stop.abort();
    await interruptibly(options.signal, playing);
    return report;
  } catch (error) {
    stop.abort();
    if (!options.signal.aborted) await playing;
    throw error;
  }
}

/** Waits for finality, has one bettor take its money out, and compares. */
async function judge(options: TortureOptions, { services, bettors }: Stage): Promise<Verdict> {
  for (const bettor of bettors) await finish(bettor);
  const unsettled = await untilFinal(bettors);
  const problems: string[] = [];
  for (const bettor of bettors.slice(0, 1)) {
    await withdrawEverything(bettor, services).catch((error: Error) => problems.push(`no way out: ${error.message}`));
  }
  const { program, house } = (bettors[0] as TortureBettor).seat.client.house;
  const events = await eventsOfHouse({ rpc: connectRpc(services.rpcUrl), program, house });
  const read = LedgerReader.open(dataPaths(options.dataDirectory).ledger);
  try {
    const vaults = await Promise.all(bettors.map((bettor) => checkedVault(bettor, read)));
    const verdict = checkReceipts({ vaults, events });
    const { discrepancies, report } = await reconcileDemo({ dataDirectory: options.dataDirectory, rpcUrl: services.rpcUrl });
    if (discrepancies.length > 0) problems.push(report);
    return { ...verdict, discrepancies: [...verdict.discrepancies, ...unsettled, ...problems] };
  } finally {
    read.close();
  }
}

async function checkedVault(bettor: TortureBettor, read: LedgerReader): Promise<CheckedVault> {
  const { client } = bettor.seat;
  const chain = await client.vault('finalized');
  if (!chain) throw new Error(`the vault ${client.vaultAddress} is gone`);
  const receipts = await receiptsOf(bettor);
  const last = BigInt(Math.max(0, ...[...receipts.keys()].map(Number)));
  const bets = read.bets(addressBytes(client.vaultAddress), { first: 1n, last });
  const ledger = new Map(bets.map((bet) => [bet.betNumber, bet.receiptSignature]));
  return { address: client.vaultAddress, receipts, chain, ledger };
}

/** Waits until each vault on the finalized chain has reached its bettor's last receipt. Returns what stands still. */
async function untilFinal(bettors: readonly TortureBettor[]): Promise<string[]> {
  let fewest = Number.POSITIVE_INFINITY;
  let movedAtMs = performance.now();
  for (;;) {
    const waiting: string[] = [];
    let open = 0;
    for (const bettor of bettors) {
      const last = Math.max(0, ...[...(await receiptsOf(bettor)).keys()].map(Number));
      const settled = Number((await bettor.seat.client.vault('finalized'))?.lastBet ?? 0n);
      if (settled >= last) continue;
      open += last - settled;
      waiting.push(`settlement of ${bettor.seat.client.vaultAddress} stands still at bet ${settled} of ${last}`);
    }
    if (open === 0) return [];
    if (open < fewest) movedAtMs = performance.now();
    fewest = Math.min(fewest, open);
    if (performance.now() - movedAtMs > STALLED_MS) return waiting;
    await sleep(POLL_MS);
  }
}

/** Gives up waiting as soon as the signal says so; what was waited for ends by itself once the services are gone. */
async function interruptibly<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  work.catch(() => {});
  return Promise.race([
    work,
    new Promise<never>((_, reject) => {
      if (signal.aborted) reject(signal.reason);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    }),
  ]);
}
