import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { useKernel } from '../protocol/kernel.ts';
import { NATIVE_KERNEL } from '../sequencer/prover/native-kernel.ts';
import { chainView, TestBettor } from '../sequencer/test/admission-fixture.ts';
import { ApiFixture, bodyOf } from '../sequencer/test/api-fixture.ts';
import { agentTransport } from './agent-transport.ts';

/* Bets over HTTP and over one WebSocket, to an API over a real admission and ledger in a process of its own; no chain, nothing settles. */

const FLAGS = {
  bettors: { type: 'string', default: '50' },
  bets: { type: 'string', default: '20' },
  rounds: { type: 'string', default: '3' },
  'in-flight': { type: 'string', default: '100' },
} as const;
const TIMEOUT_MS = 30_000;

useKernel(NATIVE_KERNEL);

const seats = (count: number) => Array.from({ length: count }, (_, index) => new TestBettor(index + 1));

/** What the child does: one API, with an open vault for each bettor. */
async function serve(bettors: number): Promise<void> {
  const fixture = await new ApiFixture({ maxOpenBetsPerVault: 1_000_000, maxOpenBets: 1_000_000 }).open();
  const all = seats(bettors);
  const views = all.map((bettor) => bettor.view({ balance: 1_000_000_000n }));
  await fixture.admission.book.observe(chainView(2n, views));
  const { admission } = fixture.admission;
  for (const { owner } of all) await admission.limitOf(admission.vaultOf(owner));
  await fixture.listen({ requestsPerMinute: 100_000_000 });
  process.send?.({ url: fixture.url });
  process.on('disconnect', () => process.exit());
}

/** Each bettor's next bets, signed ahead. */
function signAhead(bettors: readonly TestBettor[], count: number): string[][] {
  return bettors.map((bettor) =>
    Array.from({ length: count }, () => {
      const bet = bettor.sign();
      bettor.accept(bet);
      return JSON.stringify(bodyOf(bet));
    }),
  );
}

/** Bets a second over one kept-alive connection for each bettor, one request at a time on each. */
async function overHttp(url: string, runs: readonly string[][]): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: runs.length });
  const transport = agentTransport(agent);
  const startedAtMs = performance.now();
  await Promise.all(
    runs.map(async (run) => {
      for (const body of run) {
        const { status, text } = await transport({ method: 'POST', url: `${url}/v1/bet`, body, timeoutMs: TIMEOUT_MS });
        if (status !== 200) throw new Error(text);
        JSON.parse(text);
      }
    }),
  );
  agent.destroy();
  return rateOf(runs, startedAtMs);
}

/** Bets a second over one WebSocket, all bettors' in turn, so many under way. */
async function overSocket(url: string, runs: readonly string[][], inFlight: number): Promise<number> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws?events=off`);
  await once(socket, 'open');
  const bodies = (runs[0] as string[]).flatMap((_, index) => runs.map((run) => run[index] as string));
  const startedAtMs = performance.now();
  let sent = 0;
  let answered = 0;
  const sendNext = () => {
    const body = bodies[sent];
    if (body === undefined) return;
    sent += 1;
    socket.send(`{"type":"bet","request_id":"${sent}",${body.slice(1)}`);
  };
  await new Promise<void>((resolve, reject) => {
    socket.on('close', () => reject(new Error('the socket was closed')));
    socket.on('message', (data) => {
      const text = String(data);
      if (JSON.parse(text).type !== 'bet_answer') return reject(new Error(text));
      answered += 1;
      if (answered === bodies.length) resolve();
      sendNext();
    });
    for (let count = 0; count < inFlight; count += 1) sendNext();
  });
  socket.terminate();
  return rateOf(runs, startedAtMs);
}

function rateOf(runs: readonly string[][], startedAtMs: number): number {
  const bets = runs.reduce((sum, run) => sum + run.length, 0);
  return Math.round((1_000 * bets) / (performance.now() - startedAtMs));
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: FLAGS });
  const [count, bets, rounds, inFlight] = [values.bettors, values.bets, values.rounds, values['in-flight']].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  const child = fork(fileURLToPath(import.meta.url), [], { env: { ...process.env, BENCH_BETTORS: String(count) } });
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  const bettors = seats(count);
  for (let round = 0; round <= rounds; round += 1) {
    const http = await overHttp(url, signAhead(bettors, bets));
    const socket = await overSocket(url, signAhead(bettors, bets), inFlight);
    const ratio = (socket / http).toFixed(2);
    process.stdout.write(`${JSON.stringify({ round: round || 'warm-up', http, socket, ratio })}\n`);
  }
  child.disconnect();
}

const asServer = process.env.BENCH_BETTORS;
await (asServer && process.send ? serve(Number(asServer)) : main());
