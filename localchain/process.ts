import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { LocalChainError } from './errors.ts';

/** Time that a start may take at most, replay of a long journal included. */
const START_TIMEOUT_MS = 120_000;
/** Log lines kept for the error message of a start that failed. */
const MAX_KEPT_LINES = 50;

/** A local chain that runs as a process of its own. */
export type LocalChainProcess = {
  url: string;
  webSocketUrl: string;
  genesisHash: string;
  /** The newest slot when it became ready. */
  slot: number;
  pid: number;
  child: ChildProcess;
  /** Sends a signal and waits for the end; resolves to the exit code, `null` after a kill. */
  stop(signal?: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<number | null>;
};

/**
 * Starts `localchain/main.ts` with the given flags and waits until it is ready. `onLine` sees its log lines. Rejects
 * with the last lines when it ends, or takes too long, before that.
 */
export async function startLocalChainProcess(
  flags: readonly string[],
  onLine: (line: string) => void = () => {},
): Promise<LocalChainProcess> {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  const child = spawn(process.execPath, [main, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> => {
    child.kill(signal);
    return await exited;
  };
  const lines: string[] = [];
  const ready = new Promise<ReadyLine>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      onLine(line);
      if (lines.push(line) > MAX_KEPT_LINES) lines.shift();
      const parsed = parseReady(line);
      if (parsed !== null) resolve(parsed);
    });
  });
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<'timeout'>((resolve) => {
    timer = setTimeout(resolve, START_TIMEOUT_MS, 'timeout');
  });
  const first = await Promise.race([ready, exited, timeout]);
  clearTimeout(timer);
  if (first === null || typeof first !== 'object') {
    if (first === 'timeout') await stop('SIGKILL');
    const reason = first === 'timeout' ? 'took too long to start' : `ended with exit code ${first}`;
    throw new LocalChainError('LOCALCHAIN_START_FAILED', `the local chain ${reason}:\n${lines.join('\n')}`);
  }
  const { url, webSocketUrl, genesisHash, slot } = first;
  return { url, webSocketUrl, genesisHash, slot, pid: child.pid as number, child, stop };
}

type ReadyLine = { url: string; webSocketUrl: string; genesisHash: string; slot: number };

function parseReady(line: string): ReadyLine | null {
  try {
    const parsed = JSON.parse(line) as ReadyLine & { msg?: string };
    return parsed.msg === 'ready' ? parsed : null;
  } catch {
    return null;
  }
}
