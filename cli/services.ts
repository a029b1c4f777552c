import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { LOCAL_PROGRAM_ADDRESS } from '../sequencer/config.ts';
import { dataPaths } from '../sequencer/context.ts';
import { CasinoError } from '../sequencer/errors.ts';
import { LedgerReader } from '../sequencer/ledger/reader.ts';

/** Longest that a process that is not ready yet may say nothing: a restored ledger learns from the chain for as long as that takes. */
const DEFAULT_SILENCE_MS = 180_000;
/** Log lines kept for the message of a start that failed. */
const MAX_KEPT_LINES = 20;
const RESTART_DELAY_MS = 500;
const DEFAULT_MAX_FAILED_STARTS = 5;

const SEQUENCER = fileURLToPath(new URL('../sequencer/main.ts', import.meta.url));

/** A local chain quick enough to watch: blocks ten times a second, final after half a second. */
export const LOCAL_CHAIN_TIMING = { slotMs: 100, confirmSlots: 1, finalizeSlots: 5, pollMs: 50 };

export interface SupervisionOptions {
  dataDirectory: string;
  /** A process that ends this often without having been ready is not started again. */
  maxFailedStarts?: number;
  /** A process that is not ready and tells of no progress for so long is ended. */
  silenceMs?: number;
  /** Further flags of the sequencer. */
  sequencerFlags?: readonly string[];
  /** What is being done, in plain words. */
  onProgress(message: string): void;
  /** A process ended by itself and is started again. */
  onRestart(message: string): void;
  /** A process is not started again. */
  onGivenUp?(): void;
}

export interface ServiceOptions extends SupervisionOptions {
  apiPort: number;
  rpcPort: number;
  slotMs: number;
  confirmSlots: number;
  finalizeSlots: number;
  pollMs: number;
}

export interface Services {
  apiUrl: string;
  rpcUrl: string;
  rpcSubscriptionsUrl: string;
  sequencerPid(): number | undefined;
  chainPid(): number | undefined;
  stop(): Promise<void>;
}

/** Starts the local chain and the sequencer, each a process of its own, and starts them again when they end by themselves. */
export async function startServices(options: ServiceOptions): Promise<Services> {
  const { dataDirectory, apiPort, rpcPort, onProgress } = options;
  mkdirSync(dataDirectory, { recursive: true });
  onProgress('starting the local chain');
  const program = fileURLToPath(new URL('../program/prebuilt/zk_casino.so', import.meta.url));
  const chain = new Supervised('chain', options, [
    fileURLToPath(new URL('../localchain/main.ts', import.meta.url)),
    ...['--data', join(dataDirectory, 'chain'), '--port', String(rpcPort), '--slot-ms', String(options.slotMs)],
    ...['--confirm-slots', String(options.confirmSlots), '--finalize-slots', String(options.finalizeSlots)],
    ...['--program', `${LOCAL_PROGRAM_ADDRESS}=${program}`],
  ]);
  const sequencer = new Supervised('sequencer', options, [
    SEQUENCER,
    ...['--data', dataDirectory, '--rpc', `http://127.0.0.1:${rpcPort}`, '--port', String(apiPort)],
    ...['--slot-ms', String(options.slotMs), '--poll-ms', String(options.pollMs), '--make-house'],
    ...['--program', LOCAL_PROGRAM_ADDRESS],
    ...(options.sequencerFlags ?? []),
  ]);
  const stop = async () => {
    await sequencer.stop();
    await chain.stop();
  };
  try {
    await chain.start();
    onProgress('starting the sequencer');
    await sequencer.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    apiUrl: `http://127.0.0.1:${apiPort}`,
    rpcUrl: `http://127.0.0.1:${rpcPort}`,
    rpcSubscriptionsUrl: `ws://127.0.0.1:${rpcPort}`,
    sequencerPid: () => sequencer.pid,
    chainPid: () => chain.pid,
    stop,
  };
}

/** A sequencer on a chain that runs elsewhere. */
export interface RunningSequencer {
  apiUrl: string;
  stop(): Promise<void>;
}

/** Starts the sequencer alone, on the chain that its flags and settings name, and starts it again when it ends by itself. */
export async function startSequencer(options: SupervisionOptions): Promise<RunningSequencer> {
  mkdirSync(options.dataDirectory, { recursive: true });
  const sequencer = new Supervised('sequencer', options, [SEQUENCER, ...(options.sequencerFlags ?? [])]);
  options.onProgress('starting the sequencer');
  const { url } = await sequencer.start();
  return { apiUrl: url ?? '', stop: () => sequencer.stop() };
}

/**
 * Removes everything that lasts: chain, ledger, keys and proofs belong together. `CONFIG_INVALID` if there is no local chain among it, or the
 * ledger is of a house elsewhere: that house stays, and nobody would have its keys.
 */
export function resetData(dataDirectory: string): void {
  const isEmpty = !existsSync(dataDirectory) || readdirSync(dataDirectory).length === 0;
  if (!isEmpty && !existsSync(join(dataDirectory, 'chain'))) {
    throw new CasinoError('CONFIG_INVALID', `${dataDirectory} holds no local chain: --reset leaves it alone`);
  }
  const program = programOf(dataPaths(dataDirectory).ledger);
  if (program !== undefined && program !== LOCAL_PROGRAM_ADDRESS) {
    const message = `the ledger in ${dataDirectory} is of a house of the program ${program}: --reset is for the local chain alone`;
    throw new CasinoError('CONFIG_INVALID', message);
  }
  rmSync(dataDirectory, { recursive: true, force: true });
}

/** The program of a ledger's house; undefined if there is none, or it can not be read, which a reset may be meant to cure. */
function programOf(ledger: string): string | undefined {
  if (!existsSync(ledger)) return undefined;
  try {
    const read = LedgerReader.open(ledger);
    try {
      return read.meta('identity')?.split('/')[0];
    } finally {
      read.close();
    }
  } catch {
    return undefined;
  }
}

/** A process that ended before it was ready, with its last words. */
export class StartFailure extends Error {
  /** Its exit code; null after a signal. */
  readonly exitCode: number | null;

  constructor(name: string, { end, words, code }: { end: string; words: readonly string[]; code: number | null }) {
    super(`the ${name} did not start (${end}):\n${words.join('\n')}`);
    this.name = 'StartFailure';
    this.exitCode = code;
  }
}

/** A child process that logs to a file, says when it is ready, ends with this process, and is started again when it fails. */
export class Supervised {
  readonly #name: string;
  readonly #args: string[];
  readonly #options: SupervisionOptions;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #stopping = false;
  #failedStarts = 0;

  constructor(name: string, options: SupervisionOptions, args: string[]) {
    this.#name = name;
    this.#options = options;
    this.#args = args;
  }

  /** Undefined while it does not run: its last number may be another process's by now. */
  get pid(): number | undefined {
    const child = this.#child;
    return child?.exitCode === null && child.signalCode === null ? child.pid : undefined;
  }

  /** Resolves to what the process says when it is ready; rejects with its last words if it ends before. */
  async start(): Promise<LogLine> {
    const logFile = openSync(join(this.#options.dataDirectory, `${this.#name}.log`), 'a');
    const child = spawn(process.execPath, this.#args, { stdio: ['ignore', 'pipe', logFile, 'ipc'] });
    this.#child = child;
    closeSync(logFile);
    const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> });
    const log = openSync(join(this.#options.dataDirectory, `${this.#name}.log`), 'a');
    const kept: string[] = [];
    let ready = false;
    this.#ended = new Promise((resolve) => child.once('close', () => resolve()));
    return new Promise<LogLine>((resolve, reject) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), this.#options.silenceMs ?? DEFAULT_SILENCE_MS);
      lines.on('line', (line) => {
        writeSync(log, `${line}\n`);
        kept.push(line);
        if (kept.length > MAX_KEPT_LINES) kept.shift();
        const parsed = parseLine(line);
        if (parsed.progress) {
          timer.refresh();
          this.#options.onProgress(parsed.msg);
        }
        if (parsed.msg !== 'ready') return;
        ready = true;
        this.#failedStarts = 0;
        clearTimeout(timer);
        resolve(parsed);
      });
      child.once('close', (code, signal) => {
        clearTimeout(timer);
        closeSync(log);
        // A clean end was asked for: Ctrl-C reaches the whole process group.
        if (ready && code === 0) return;
        if (ready) this.#restart(`the ${this.#name} ended (${signal ?? `exit code ${code}`})`);
        else reject(new StartFailure(this.#name, { end: signal ?? `exit code ${code}`, words: kept.map(wordsOf), code }));
      });
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#child?.kill('SIGTERM');
    await this.#ended;
  }

  #restart(reason: string): void {
    if (this.#stopping) return;
    this.#options.onRestart(`${reason}; starting it again`);
    setTimeout(() => {
      if (this.#stopping) return;
      this.start().catch((error: unknown) => {
        this.#failedStarts += 1;
        const message = error instanceof Error ? error.message : String(error);
        const most = this.#options.maxFailedStarts ?? DEFAULT_MAX_FAILED_STARTS;
        if (this.#failedStarts < most) this.#restart(message);
        else {
          this.#options.onRestart(`${message}\ngiving up on the ${this.#name}`);
          this.#options.onGivenUp?.();
        }
      });
    }, RESTART_DELAY_MS);
  }
}

interface LogLine {
  msg: string;
  progress?: boolean;
  /** Where it listens, of the line that says that it is ready. */
  url?: string;
}

function parseLine(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return { msg: line };
  }
}

const wordsOf = (line: string): string => `  ${parseLine(line).msg}`;
