import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { CeremonyError } from '../ceremony/errors.ts';

/** Longest file that is read, and longest line that is typed. */
const MAX_ENTROPY_BYTES = 1_048_576;

/**
 * What a contributor adds to this machine's randomness: a file's bytes, or a line typed at the terminal, which is not shown. Never an
 * argument, which other users of the machine could read. Without a terminal and a file it is nothing, and that is said. `BAD_INPUT`.
 */
export async function readEntropy(input: { file: string | undefined; say(line: string): void }): Promise<Uint8Array> {
  if (input.file !== undefined) return readFile(input.file);
  if (!process.stdin.isTTY) {
    input.say('• no terminal and no --entropy-file: the randomness of this machine alone is used');
    return new Uint8Array();
  }
  input.say(
    "• type anything for a while, then press Enter. It is not shown, not stored, and mixed with this machine's randomness.",
  );
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    const typed = await new Promise<string>((resolve, reject) => {
      terminal.question('', resolve);
      terminal.once('SIGINT', () => reject(new CeremonyError('BAD_INPUT', 'interrupted: nothing was contributed')));
      terminal.once('close', () => reject(new CeremonyError('BAD_INPUT', 'no line was typed: nothing was contributed')));
    });
    return new TextEncoder().encode(typed.slice(0, MAX_ENTROPY_BYTES));
  } finally {
    terminal.close();
  }
}

function readFile(path: string): Uint8Array {
  try {
    const bytes = readFileSync(path);
    if (bytes.length > 0 && bytes.length <= MAX_ENTROPY_BYTES) return bytes;
  } catch (cause) {
    throw new CeremonyError('BAD_INPUT', `${path} can not be read`, { cause });
  }
  throw new CeremonyError('BAD_INPUT', `${path} has to hold 1 byte to 1 MiB`);
}
