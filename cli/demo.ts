import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { FileStore } from '../client/file-store.ts';
import { CasinoError, messageOf } from '../sequencer/errors.ts';
import { type DemoBettor, placeBets, seatBettor } from './demo-bettors.ts';
import { writeLastReceipt } from './demo-receipt.ts';
import { reconcileDemo } from './demo-reconcile.ts';
import { type DemoBet, type DemoReport, describe, reportOf } from './demo-report.ts';
import { waitUntilFinal } from './demo-settlement.ts';
import { EXIT_USAGE } from './exit-codes.ts';
import { explorerBeside } from './explorer.ts';
import { blobStoreFlags, type DemoFlags, explorerPortOf, type ServiceFlags } from './flags.ts';
import { keyNotice, provingKeyFlags } from './key-notice.ts';
import { Output } from './output.ts';
import { LOCAL_CHAIN_TIMING, resetData, type Services, startServices } from './services.ts';

export interface DemoOptions {
  bets: number;
  bettors: number;
  /** Everything that lasts: ledger, chain, keys, and the demo's bettors. */
  dataDirectory: string;
  /** Ends when all is settled, instead of staying up. */
  exit: boolean;
  /** Prints one JSON object as the last line of standard output; everything else goes to standard error. */
  json: boolean;
  /** Where blobs are published besides the service's own files. */
  blobStore?: readonly string[];
  apiPort: number;
  rpcPort: number;
  slotMs: number;
  confirmSlots: number;
  finalizeSlots: number;
  pollMs: number;
  /** Proving keys of a ceremony, instead of development keys. */
  provingKeys?: string;
  /** Port of the explorer; none is served without it. */
  explorerPort?: number | undefined;
}

/** What ended a demo, and its figures if it came so far. */
export interface DemoResult {
  /** 0 only if every bet is finalized and nothing differs. */
  exitCode: number;
  report?: DemoReport;
}

/** Bettors that open their vaults at the same time. */
const SEATED_AT_ONCE = 10;

/** `casino demo`: runs the demo and makes its result the process's. */
export async function runDemoCommand(flags: ServiceFlags & DemoFlags): Promise<void> {
  if (flags.reset) {
    try {
      resetData(flags.data);
    } catch (error) {
      if (!(error instanceof CasinoError)) throw error;
      process.stderr.write(`${messageOf(error)}\n`);
      process.exitCode = EXIT_USAGE;
      return;
    }
  }
  const { exitCode, report } = await runDemo({
    ...flags,
    ...LOCAL_CHAIN_TIMING,
    explorerPort: explorerPortOf(flags),
    dataDirectory: flags.data,
    exit: flags.exit ?? false,
    json: flags.json ?? false,
  });
  if (flags.json && report) process.stdout.write(`${JSON.stringify(report)}\n`);
  process.exitCode = exitCode;
  // An interrupted demo leaves bettors behind that wait for services which are gone.
  if (exitCode === EXIT_INTERRUPTED) process.exit();
}

/**
 * The whole path, shown: starts the services, lets bettors deposit and bet with real signatures, waits until every bet is final on
 * chain, reconciles and reports. The services are stopped when it resolves.
 */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const output = new Output(options.json ? process.stderr : process.stdout);
  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve('interrupted'));
  });
  const startedAtMs = performance.now();
  const explorer = explorerBeside({
    port: options.explorerPort,
    apiUrl: `http://127.0.0.1:${options.apiPort}`,
    rpcUrl: `http://127.0.0.1:${options.rpcPort}`,
    onProgress: (message) => output.line(`• ${message}`),
    onProblem: (message) => output.line(`! ${message}`),
  });
  const services = await startServices({
    ...options,
    sequencerFlags: [...blobStoreFlags(options), ...provingKeyFlags(options.provingKeys)],
    onProgress: (message) => output.line(`• ${message}`),
    onRestart: (message) => output.line(`! ${message}`),
  }).catch(async (error: unknown) => {
    await explorer.close();
    throw error;
  });
  try {
    output.line(
      `• the services are up after ${seconds(performance.now() - startedAtMs)}: API ${services.apiUrl}, chain ${services.rpcUrl}`,
    );
    const notice = await keyNotice(services.apiUrl);
    if (notice) output.line(notice);
    const explorerUrl = await explorer.url();
    if (explorerUrl) output.line(`• watch it in a browser: ${explorerUrl}`);
    const report = await Promise.race([playShow(options, { services, output }), interrupted]);
    if (report === 'interrupted') {
      output.line('• interrupted; the same command without --reset goes on where this one ended');
      return { exitCode: EXIT_INTERRUPTED };
    }
    if (!options.exit) {
      output.line(placesOf(services, explorerUrl));
      await interrupted;
    }
    return { exitCode: succeeded(report) ? 0 : 1, report };
  } finally {
    await explorer.close();
    await services.stop();
  }
}

/** Where everything is while it stays up. */
function placesOf({ apiUrl, rpcUrl, rpcSubscriptionsUrl }: Services, explorerUrl: string | undefined): string {
  const explorer = explorerUrl ? `explorer  ${explorerUrl}\n` : '';
  return `\n${explorer}API       ${apiUrl}, its documentation ${apiUrl}/docs\nchain     ${rpcUrl}, WebSocket ${rpcSubscriptionsUrl}\nCtrl-C stops them.`;
}

/** 128 + SIGINT, as shells have it. */
const EXIT_INTERRUPTED = 130;

interface Stage {
  services: Services;
  output: Output;
}

async function playShow(options: DemoOptions, stage: Stage): Promise<DemoReport> {
  const { services, output } = stage;
  const { dataDirectory } = options;
  const store = await FileStore.open(join(dataDirectory, 'demo'));
  try {
    const answered: DemoBet[] = [];
    const onBet = (bet: DemoBet) => {
      answered.push(bet);
      output.progress(`${answered.length} of ${options.bets} bets answered, the last after ${Math.round(bet.ackMs)} ms`);
    };
    const bettors = await seatAll(options, { ...stage, store, onBet });
    output.line(`• ${bettors.length} bettors place ${options.bets} bets, each signed, each answer checked`);
    const betting = performance.now();
    await Promise.all(
      bettors.map((bettor) => {
        const count = Math.floor(options.bets / bettors.length) + (bettor.index < options.bets % bettors.length ? 1 : 0);
        return placeBets(bettor, { count, onBet });
      }),
    );
    output.line(
      `• ${answered.length} bets answered in ${seconds(performance.now() - betting)}; waiting for proofs, settlement and finality`,
    );
    const batches = await waitUntilFinal({ bettors, answered, onProgress: (message) => output.progress(message) });
    output.line('• every bet is in one batch that is final on chain; comparing ledger and chain');
    const { discrepancies, report: reconciliation } = await reconcileDemo({ dataDirectory, rpcUrl: services.rpcUrl });
    const rssMb = memoryMb(services.sequencerPid());
    const report = reportOf({ bets: options.bets, answered, batches, discrepancies, rssMb });
    output.line(`\n${describe(report)}\n\n${reconciliation}`);
    const path = await writeLastReceipt({ bettors, answered, batches, dataDirectory });
    output.line(`\nThe receipt of the last bet: ${path}`);
    if (!options.exit) output.line(howToCheck({ path, house: bettors[0]?.client.house.house, ...stage, dataDirectory }));
    return report;
  } finally {
    store.close();
    await store.closed();
  }
}

/** What anyone can run beside the demo. */
function howToCheck(input: { path: string; house: string | undefined; services: Services; dataDirectory: string }): string {
  const { path, house, services, dataDirectory } = input;
  const { rpcUrl, apiUrl } = services;
  return [
    'Check it, and then the whole house, with nothing but the chain and the blobs:',
    `npx casino verify bet ${path} --rpc ${rpcUrl} --blobs ${join(dataDirectory, 'blobs')} --house ${house}`,
    `npx casino verify chain --rpc ${rpcUrl} --blobs ${apiUrl}/v1/blobs`,
  ].join('\n');
}

async function seatAll(
  options: DemoOptions,
  stage: Stage & { store: FileStore; onBet: (bet: DemoBet) => void },
): Promise<DemoBettor[]> {
  const { services, output, store, onBet } = stage;
  const { apiUrl, rpcUrl } = services;
  output.line(`• ${options.bettors} bettors get lamports from the faucet, open their vaults and deposit`);
  const bettors: DemoBettor[] = [];
  let next = 0;
  const seat = async () => {
    while (next < options.bettors) {
      const index = next;
      next += 1;
      bettors.push(await seatBettor({ index, apiUrl, rpcUrl, store, onBet }));
      output.progress(`${bettors.length} of ${options.bettors} bettors are ready`);
    }
  };
  await Promise.all(Array.from({ length: SEATED_AT_ONCE }, seat));
  return bettors.sort((a, b) => a.index - b.index);
}

function succeeded(report: DemoReport): boolean {
  const settled = report.batches.every((batch) => batch.status === 'Finalized');
  return settled && report.acked === report.bets && report.discrepancies.length === 0;
}

/** Resident memory of a process, as `ps` tells it; 0 where there is no `ps`. */
function memoryMb(pid: number | undefined): number {
  try {
    return Math.round(Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1_024);
  } catch {
    return 0;
  }
}

const seconds = (durationMs: number): string => `${(durationMs / 1_000).toFixed(1)} s`;
