import { Command, InvalidArgumentError } from 'commander';
import { pino } from 'pino';
import { LocalChain } from './chain.ts';
import { LocalChainError } from './errors.ts';
import { DEFAULT_HISTORY_TRANSACTIONS } from './limits.ts';
import { checkListenAddress, startServer } from './server.ts';

/** Exit codes: 64 wrong configuration, 70 damaged data, 74 the disk failed, 75 a restart may help. */
const EXIT_CODES: { readonly [code: string]: number } = {
  LOCALCHAIN_CONFIG_INVALID: 64,
  LOCALCHAIN_PROGRAM_CHANGED: 64,
  LOCALCHAIN_WRITE_FAILED: 74,
  LOCALCHAIN_DATA_LOCKED: 75,
};
const EXIT_DAMAGED = 70;
const EXIT_DISK = 74;
const EXIT_RESTART = 75;

type Flags = {
  data: string;
  host: string;
  port: number;
  slotMs: number;
  confirmSlots: number;
  finalizeSlots: number;
  historyTransactions: number;
  program: { address: string; path: string }[];
};

function parseInteger(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('must be an unsigned integer');
  return Number(text);
}

function parseProgram(text: string, earlier: Flags['program']): Flags['program'] {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError('must be <address>=<file.so>');
  return [...earlier, { address: text.slice(0, at), path: text.slice(at + 1) }];
}

function parseFlags(): Flags {
  return new Command('localchain')
    .description('A local Solana chain for development: LiteSVM behind JSON-RPC and WebSockets, with a durable journal.')
    .requiredOption('--data <directory>', 'data directory; created when missing')
    .option('--host <host>', 'loopback host to listen on', '127.0.0.1')
    .option('--port <port>', 'port for HTTP and WebSocket; 0 takes a free one', parseInteger, 8899)
    .option('--slot-ms <ms>', 'time of a slot', parseInteger, 400)
    .option('--confirm-slots <slots>', 'slots until a slot is confirmed', parseInteger, 1)
    .option('--finalize-slots <slots>', 'slots until a slot is finalized', parseInteger, 32)
    .option('--history-transactions <count>', 'landed transactions kept for queries', parseInteger, DEFAULT_HISTORY_TRANSACTIONS)
    .option('--program <address=file.so>', 'a program of the first slot; may be repeated', parseProgram, [])
    .parse()
    .opts<Flags>();
}

const flags = parseFlags();
const log = pino({ name: 'localchain' });

function fail(error: unknown): never {
  const code = error instanceof LocalChainError ? error.code : undefined;
  log.fatal({ code, err: error }, error instanceof Error ? error.message : String(error));
  log.flush();
  const busyPort = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  process.exit(code === undefined ? (busyPort ? EXIT_RESTART : EXIT_DISK) : (EXIT_CODES[code] ?? EXIT_DAMAGED));
}

try {
  const { data, host, port, program, ...times } = flags;
  checkListenAddress({ host, port });
  log.warn('for development only: anyone who can connect can mint lamports');
  const clock = { unixMs: () => Date.now(), monotonicMs: () => performance.now() };
  const chain = await LocalChain.open({
    directory: data,
    programs: program,
    ...times,
    clock,
    log,
    onFatal: fail,
  });
  const server = await startServer({ chain, host, port, log }).catch(async (error: unknown) => {
    await chain.close();
    throw error;
  });
  const { url, webSocketUrl } = server;
  const { genesisHash } = chain;
  log.info({ url, webSocketUrl, genesisHash, slot: chain.slotAt('processed') }, 'ready');
  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    await server.close();
    await chain.close();
    log.info({ slot: chain.slotAt('processed') }, 'stopped');
    // An open channel to the parent would keep the process alive.
    if (process.connected) process.disconnect?.();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(signal).catch(fail));
  process.on('disconnect', () => stop('the parent process ended').catch(fail));
} catch (error) {
  fail(error);
}
