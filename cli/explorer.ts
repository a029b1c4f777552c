import { type Explorer, type ExplorerOptions, startExplorer } from '../explorer/server.ts';
import { EXIT_USAGE } from './exit-codes.ts';

export interface ExplorerFlags {
  api: string;
  rpc: string;
  port: number;
  host: string;
}

/** Runs `casino explorer` until Ctrl-C. Resolves to the exit code. */
export async function runExplorer(flags: ExplorerFlags): Promise<number> {
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  const { port, host, api: apiUrl, rpc: rpcUrl } = flags;
  const onProgress = (message: string) => process.stderr.write(`… ${message}\n`);
  try {
    const explorer = await startExplorer({ port, host, apiUrl, rpcUrl, onProgress });
    process.stdout.write(`explorer ${explorer.url}\n`);
    process.stderr.write('Ctrl-C stops it.\n');
    await stopped;
    await explorer.close();
    return 0;
  } catch (error) {
    process.stderr.write(`${reasonOf(error, port)}\n`);
    return EXIT_USAGE;
  }
}

/** An explorer beside the service: what it is for goes on without it. */
export interface ExplorerBeside {
  /** Where it is; undefined if it could not be started, of which `onProblem` was told. */
  url(): Promise<string | undefined>;
  close(): Promise<void>;
}

/**
 * Starts an explorer without waiting for it: it may have to be built first. `port` undefined: none is wanted. `onProblem` is told, in
 * words, why there is none.
 */
export function explorerBeside(
  options: Omit<ExplorerOptions, 'port'> & { port: number | undefined; onProblem(message: string): void },
): ExplorerBeside {
  const { port, onProblem, ...rest } = options;
  const starting: Promise<Explorer | undefined> =
    port === undefined
      ? Promise.resolve(undefined)
      : startExplorer({ ...rest, port }).catch((error: unknown) => {
          onProblem(`${reasonOf(error, port)}; going on without it`);
          return undefined;
        });
  return { url: async () => (await starting)?.url, close: async () => (await starting)?.close() };
}

function reasonOf(error: unknown, port: number): string {
  const { code, message } = error instanceof Error ? (error as NodeJS.ErrnoException) : { code: '', message: String(error) };
  if (code === 'EADDRINUSE') return `no explorer: its port ${port} is taken, and another one can be named`;
  if (code === 'EACCES') return `no explorer: this user may not listen on port ${port}, and another one can be named`;
  return `no explorer: ${message}`;
}
