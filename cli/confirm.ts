import { createInterface } from 'node:readline/promises';
import { CasinoError } from '../sequencer/errors.ts';

/**
 * Has a person say yes to what is about to happen, told on standard error. False if it says anything else. Without a person to ask
 * (`CONFIG_INVALID`) the command has to be given `--yes`.
 */
export async function confirmed(what: string, { yes }: { yes?: boolean | undefined }): Promise<boolean> {
  process.stderr.write(`${what}\n`);
  if (yes) return true;
  if (!process.stdin.isTTY) throw new CasinoError('CONFIG_INVALID', 'nobody is there to confirm it: say --yes if you mean it');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const stop = new AbortController();
  // Ctrl-D closes it, and the question would never be answered.
  lines.once('close', () => stop.abort());
  try {
    return /^y(es)?$/i.test((await lines.question('Do it? [y/N] ', { signal: stop.signal })).trim());
  } catch (error) {
    if ((error as Error).name !== 'AbortError') throw error;
    process.stderr.write('\n');
    return false;
  } finally {
    lines.close();
  }
}
