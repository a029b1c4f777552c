import { createInterface } from 'node:readline/promises';
import { CasinoError } from '../sequencer/errors.ts';
import type { Output } from './output.ts';

/**
 * Has a person say yes to what is about to happen, told on standard error. False if it says anything else. Without a person to ask
 * (`CONFIG_INVALID`) the command has to be given `--yes`.
 */
export async function confirmed(what: string, { yes }: { yes?: boolean | undefined }): Promise<boolean> {
  process.stderr.write(`${what}\n`);
  if (yes) return true;
  if (!process.stdin.isTTY) throw new CasinoError('CONFIG_INVALID', 'nobody is there to confirm it: say --yes if you mean it');
  return saidYes('Do it?');
}

/** Asks on standard error, so that a result on standard output stays alone. Ctrl-C and Ctrl-D are a no. */
export async function saidYes(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new AbortController();
  // Otherwise Ctrl-C or the end of the input would leave the question without an answer for ever.
  for (const event of ['SIGINT', 'close'] as const) terminal.once(event, () => ended.abort());
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `, { signal: ended.signal })).trim());
  } catch (error) {
    if ((error as Error).name !== 'AbortError') throw error;
    process.stderr.write('\n');
    return false;
  } finally {
    terminal.close();
  }
}

/** Lets the step that runs end: one that has been sent and is not waited for might be made twice. */
export async function withoutInterruption<T>(output: Output, run: (shouldStop: () => boolean) => Promise<T>): Promise<T> {
  let isStopping = false;
  const stop = () => {
    isStopping = true;
    output.line('stopping after this step');
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    return await run(() => isStopping);
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}
