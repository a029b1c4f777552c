import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { percentile } from '../cli/demo-report.ts';
import { LOCAL_CHAIN_TIMING, resetData, startServices } from '../cli/services.ts';
import { apiErrorOf } from '../client/api.ts';
import type { HttpTransport } from '../client/transport.ts';
import { fieldToHex } from '../protocol/bytes.ts';
import { agentTransport } from './agent-transport.ts';
import { type BurstBettor, checkAnswers, type SignedBet, seatBurst, signAhead } from './burst-bettors.ts';

const FLAGS = {
  bets: { type: 'string', default: '1000' },
  bettors: { type: 'string', default: '100' },
  connections: { type: 'string', default: '50' },
  rounds: { type: 'string', default: '3' },
  api: { type: 'string' },
  rpc: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

const TIMEOUT_MS = 30_000;
/** Waits that a `BUSY` or a lost answer costs at most; they count as latency. */
const MAX_ATTEMPTS = 20;
const RETRY_MS = 100;
/** Before a round settlement may be behind by so many bets: busy, yet with room. */
const MAX_OPEN_BETS = 500;
const POLL_MS = 1_000;
const SETTLE_TIMEOUT_MS = 900_000;

/** One pass over all bets. Times in milliseconds. */
interface Round {
  p50: number;
  p95: number;
  p99: number;
  acksPerSecond: number;
  retries: number;
}

interface Answered {
  signed: SignedBet;
  text: string;
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Sends the runs of bets over so many connections: one request at a time on each, a run's bets in order. */
async function burst(
  url: string,
  input: { runs: readonly SignedBet[][]; connections: number; transport: HttpTransport; check: boolean },
): Promise<{ round: Round; answers: Answered[] }> {
  const { runs, transport } = input;
  const latencies: number[] = [];
  const answers: Answered[] = [];
  let retries = 0;
  const startedAtMs = performance.now();
  const worker = async (first: number) => {
    const mine = runs.filter((_, index) => index % input.connections === first);
    const longest = Math.max(0, ...mine.map((run) => run.length));
    for (let index = 0; index < longest; index += 1) {
      for (const run of mine) {
        const signed = run[index];
        if (!signed) continue;
        const sentAtMs = performance.now();
        const { text, attempts } = await send(url, { transport, body: signed.body });
        if (input.check) assertSameBet(signed, text);
        latencies.push(performance.now() - sentAtMs);
        retries += attempts - 1;
        answers.push({ signed, text });
      }
    }
  };
  await Promise.all(Array.from({ length: input.connections }, (_, first) => worker(first)));
  const seconds = (performance.now() - startedAtMs) / 1_000;
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => percentile(latencies, share)) as [number, number, number];
  return { round: { p50, p95, p99, acksPerSecond: Math.round(latencies.length / seconds), retries }, answers };
}

async function send(url: string, { transport, body }: { transport: HttpTransport; body: string }) {
  for (let attempts = 1; ; attempts += 1) {
    const answer = await transport({ method: 'POST', url: `${url}/v1/bet`, body, timeoutMs: TIMEOUT_MS });
    if (answer.status === 200) return { text: answer.text, attempts };
    const error = apiErrorOf(answer, 'POST /v1/bet');
    if (!error.retry || attempts === MAX_ATTEMPTS) throw error;
    await sleep(RETRY_MS);
  }
}

/** The least that makes an answer the bet's: its id. Everything else is checked after the burst, off the clock. */
function assertSameBet({ bet }: SignedBet, text: string): void {
  const { bet_id: id } = JSON.parse(text) as { bet_id: string };
  if (id !== fieldToHex(bet.head)) throw new Error(`the answer to bet ${bet.betNumber} is of another bet`);
}

/** Starts the no-op server in a process of its own. */
async function startNoop() {
  const child = fork(fileURLToPath(new URL('./noop-server.ts', import.meta.url)));
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return { url: `http://127.0.0.1:${port}`, stop: () => child.disconnect() };
}

async function openBets(apiUrl: string): Promise<number> {
  const health = (await (await fetch(`${apiUrl}/health`)).json()) as { settlement: { open_bets: number } };
  return health.settlement.open_bets;
}

async function waitForOpenBets(apiUrl: string, most: number): Promise<void> {
  const deadlineMs = Date.now() + SETTLE_TIMEOUT_MS;
  for (let told = -1; ; ) {
    const open = await openBets(apiUrl);
    if (open <= most) return;
    if (open !== told) say(`  ${open} bets wait for settlement`);
    told = open;
    if (Date.now() > deadlineMs) throw new Error(`${open} bets are still not settled`);
    await sleep(5 * POLL_MS);
  }
}

interface Setting {
  bettors: readonly BurstBettor[];
  apiUrl: string;
  bets: number;
  connections: number;
  rounds: number;
}

async function measure(setting: Setting) {
  const { bettors, apiUrl, connections } = setting;
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const transport = agentTransport(agent);
  const noop = await startNoop();
  const rounds: { burst: Round; baseline: Round }[] = [];
  try {
    say('a first burst, not counted, warms everything up and keeps the prover busy');
    const first = await burst(apiUrl, { runs: signAhead(bettors, 1), connections, transport, check: true });
    await checkAnswers(first.answers, { apiUrl, transport });
    for (let round = 1; round <= setting.rounds; round += 1) {
      await waitForOpenBets(apiUrl, MAX_OPEN_BETS);
      const runs = signAhead(bettors, Math.ceil(setting.bets / bettors.length));
      const { round: baseline } = await burst(noop.url, { runs, connections, transport, check: false });
      const open = await openBets(apiUrl);
      const { round: measured, answers } = await burst(apiUrl, { runs, connections, transport, check: true });
      say(
        `round ${round}: p50 ${measured.p50} ms, p95 ${measured.p95} ms, ${measured.acksPerSecond} acks/s; ${open} bets open before`,
      );
      await checkAnswers(answers, { apiUrl, transport });
      rounds.push({ burst: measured, baseline });
    }
    say('every answer was checked in full; waiting until all is settled');
    await waitForOpenBets(apiUrl, 0);
    return rounds;
  } finally {
    noop.stop();
    agent.destroy();
  }
}

/** The middle value, or the mean of the two middle ones. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [below, above] = [Math.floor, Math.ceil].map((round) => sorted[round((sorted.length - 1) / 2)] ?? 0) as [number, number];
  return Math.round(5 * (below + above)) / 10;
}

/** Median of a figure over the rounds, and its least and greatest. */
function spread(values: readonly number[]): { median: number; least: number; greatest: number } {
  return { median: median(values), least: Math.min(...values), greatest: Math.max(...values) };
}

function resultOf(setting: Setting, rounds: readonly { burst: Round; baseline: Round }[]) {
  const figures = (pick: (round: Round) => number) => ({
    service: spread(rounds.map(({ burst: round }) => pick(round))),
    baseline: spread(rounds.map(({ baseline }) => pick(baseline))),
  });
  const ratios = rounds.map(({ burst: round, baseline }) => Math.round((10 * round.p50) / baseline.p50) / 10);
  const { bets, connections } = setting;
  return {
    bets,
    bettors: setting.bettors.length,
    connections,
    rounds: rounds.length,
    p50Ms: figures((round) => round.p50),
    p95Ms: figures((round) => round.p95),
    p99Ms: figures((round) => round.p99),
    acksPerSecond: figures((round) => round.acksPerSecond),
    p50Ratio: spread(ratios),
    retries: rounds.reduce((sum, { burst: round }) => sum + round.retries, 0),
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: FLAGS });
  const [bets, count, connections, rounds] = [values.bets, values.bettors, values.connections, values.rounds].map(
    Number,
  ) as number[];
  if (!bets || !count || !connections || !rounds)
    throw new TypeError('--bets, --bettors, --connections and --rounds are numbers');
  const own = values.api === undefined || values.rpc === undefined ? await startOwn() : undefined;
  const apiUrl = values.api ?? (own?.services.apiUrl as string);
  const rpcUrl = values.rpc ?? (own?.services.rpcUrl as string);
  try {
    say(`${count} bettors open vaults and deposit`);
    const bettors = await seatBurst({ apiUrl, rpcUrl, count, onProgress: () => undefined });
    const setting = { bettors, apiUrl, bets, connections, rounds };
    const result = resultOf(setting, await measure(setting));
    process.stdout.write(`${values.json ? JSON.stringify(result) : JSON.stringify(result, undefined, 2)}\n`);
  } catch (error) {
    // Said now: stopping the services takes a while.
    say(error instanceof Error ? `failed: ${error.message}` : String(error));
    throw error;
  } finally {
    await own?.stop();
  }
}

/** Services of its own, on free data and the usual ports. */
async function startOwn() {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'casino-burst-'));
  const ports = { apiPort: 8_787, rpcPort: 8_899 };
  const services = await startServices({ dataDirectory, ...ports, ...LOCAL_CHAIN_TIMING, onProgress: say, onRestart: say });
  const stop = async () => {
    await services.stop();
    resetData(dataDirectory);
  };
  return { services, stop };
}

await main();
