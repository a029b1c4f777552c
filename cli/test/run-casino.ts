import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CASINO = fileURLToPath(new URL('../../casino.mjs', import.meta.url));

export interface RunOptions {
  cwd: string;
  env?: Readonly<Record<string, string>>;
  input?: string;
}

/** Starts the command line as a user would, in a directory and with an environment of its own. */
export function spawnCasino(args: readonly string[], { cwd, env = {} }: RunOptions): ChildProcess {
  const { PATH = '' } = process.env;
  return spawn(process.execPath, [CASINO, ...args], { cwd, env: { PATH, HOME: cwd, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
}

/** Runs it to its end. */
export async function runCasino(args: readonly string[], options: RunOptions) {
  const child = spawnCasino(args, options);
  child.stdin?.end(options.input ?? '');
  const [output, errors] = await Promise.all(
    [child.stdout, child.stderr].map(async (stream) => Buffer.concat((await stream?.toArray()) ?? []).toString()),
  );
  const exitCode = child.exitCode ?? (await new Promise<number | null>((resolve) => child.once('close', resolve)));
  return { exitCode, output: output as string, errors: errors as string };
}
