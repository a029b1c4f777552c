import { SYSTEM_CLOCK } from '../client/clock.ts';
import { type CasinoEvent, eventsOf } from '../client/events.ts';
import { messageOf } from '../sequencer/errors.ts';
import { jsonText } from './command-end.ts';
import { EXIT_AGAIN, EXIT_FINDING, EXIT_USAGE } from './exit-codes.ts';
import { Screen } from './screen.ts';
import { askService } from './service-answer.ts';
import { BetMeter } from './status-meter.ts';
import { type Look, lookJson, statusLine, statusLines } from './status-view.ts';

export interface StatusFlags {
  api: string;
  once?: boolean;
  every: number;
  json?: boolean;
}

/** Batches that one look asks for. */
const BATCHES = 20;

/**
 * `casino status`: a view that is written over on a terminal, a line a look elsewhere. A service that does not answer is asked again for as long
 * as the command runs. Resolves to the exit code.
 */
export async function runStatus(flags: StatusFlags): Promise<number> {
  if (!URL.canParse(flags.api)) {
    process.stderr.write(`${flags.api} is not the address of a service\n`);
    return EXIT_USAGE;
  }
  if (flags.once) return once(flags);
  const stop = new AbortController();
  const screen = process.stdout.isTTY && !flags.json ? new Screen(process.stdout) : undefined;
  const onSignal = () => stop.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal);
  const meter = new BetMeter(Date.now);
  const hearing = hear(flags.api, { meter, signal: stop.signal });
  try {
    screen?.open();
    await watch(flags, { meter, screen, signal: stop.signal });
    return 0;
  } finally {
    stop.abort();
    screen?.close();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal);
    await hearing;
  }
}

async function once(flags: StatusFlags): Promise<number> {
  try {
    const look = await lookAt(flags.api, undefined);
    const words = () => statusLines(look, { columns: process.stdout.columns ?? 100, rows: Number.POSITIVE_INFINITY }).join('\n');
    process.stdout.write(`${flags.json ? jsonText(lookJson(look)) : words()}\n`);
    return look.health.problems.length === 0 ? 0 : EXIT_FINDING;
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    if (flags.json) process.stdout.write(`${jsonText({ answers: false, error: messageOf(error) })}\n`);
    return EXIT_AGAIN;
  }
}

async function watch(
  flags: StatusFlags,
  { meter, screen, signal }: { meter: BetMeter; screen: Screen | undefined; signal: AbortSignal },
): Promise<void> {
  let last: Look | undefined;
  let silentSinceMs: number | undefined;
  const draw = () => {
    const silent = silentSinceMs === undefined ? undefined : Date.now() - silentSinceMs;
    screen?.draw((size) => (last ? statusLines(last, size, silent) : [`waiting for the service at ${flags.api}`]));
  };
  screen?.onResize(draw);
  while (!signal.aborted) {
    try {
      last = await lookAt(flags.api, meter);
      silentSinceMs = undefined;
      if (!screen) process.stdout.write(`${flags.json ? jsonText(lookJson(last)) : statusLine(last)}\n`);
    } catch (error) {
      if (!screen && silentSinceMs === undefined && !signal.aborted) tellSilence(flags, messageOf(error));
      silentSinceMs ??= Date.now();
    }
    if (!signal.aborted) draw();
    await sleep(flags.every * 1_000, signal);
  }
}

function tellSilence(flags: StatusFlags, message: string): void {
  if (flags.json) process.stdout.write(`${jsonText({ time: new Date().toISOString(), answers: false, error: message })}\n`);
  else process.stdout.write(`${new Date().toISOString()}  ${message}\n`);
}

/** Everything that a look shows, asked for together so that a slow link is waited for once. */
async function lookAt(apiUrl: string, meter: BetMeter | undefined): Promise<Look> {
  const startedMs = performance.now();
  const [health, house, batches] = await Promise.all([
    askService(apiUrl, '/health'),
    askService(apiUrl, '/v1/house'),
    askService(apiUrl, `/v1/batches?limit=${BATCHES}`),
  ]);
  if (!Array.isArray(health.problems)) throw new Error(`${apiUrl} answers, and not as the service does`);
  const { batches: newest = [] } = batches as { batches?: Look['batches'] };
  const shown = {
    timeMs: Date.now(),
    answeredMs: performance.now() - startedMs,
    betting: meter?.read() ?? { perSecond: undefined, newest: [] },
  };
  return {
    ...shown,
    apiUrl,
    health: health as unknown as Look['health'],
    house: house as unknown as Look['house'],
    batches: newest,
  };
}

/** Counts bets as they happen, for as long as the view is open; it reconnects by itself. */
async function hear(apiUrl: string, { meter, signal }: { meter: BetMeter; signal: AbortSignal }): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const event of eventsOf({ apiUrl: apiUrl.replace(/\/+$/, ''), clock: SYSTEM_CLOCK, signal })) take(event, meter);
    } catch {
      // Too many at once, or something that is no event: the view asks the routes for the rest.
      await sleep(1_000, signal);
    }
  }
}

function take(event: CasinoEvent, meter: BetMeter): void {
  if (event.type === 'bet_result') meter.bet(event);
}

function sleep(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, durationMs);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}
