import { BetRefusedError, CasinoApiError, ClientError, FraudEvidenceError } from '../client/errors.ts';
import { CasinoError, messageOf } from '../sequencer/errors.ts';
import { VerifierError } from '../verifier/errors.ts';
import { EXIT_AGAIN, EXIT_FINDING, EXIT_USAGE } from './exit-codes.ts';
import { printable } from './printable.ts';

/** What a command found: its exit code, and what it prints to standard output, in words or as JSON. */
export interface Answer {
  code: number;
  words: string;
  json: object;
}

/** Says on standard error why a command ends early; its exit code. */
export class EndEarly extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.name = 'EndEarly';
    this.exitCode = exitCode;
  }
}

/** Prints a command's answer, or what went wrong; resolves to the exit code. Amounts in JSON are decimal strings. */
export async function printed(flags: { json?: boolean | undefined }, run: () => Promise<Answer>): Promise<number> {
  try {
    const { code, words, json } = await run();
    process.stdout.write(`${flags.json ? jsonText(json) : words}\n`);
    return code;
  } catch (error) {
    const code = exitCodeOf(error);
    const message = messageOf(error).split('\n').map(printable).join('\n');
    process.stderr.write(`${message}\n`);
    if (flags.json) process.stdout.write(`${jsonText({ error: message, exit_code: code })}\n`);
    return code;
  }
}

export const jsonText = (json: object): string =>
  JSON.stringify(json, (_, value) => (typeof value === 'bigint' ? value.toString() : value));

/** 75 for what another try may find otherwise, 1 for what chain or service refused, 2 for the rest. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof EndEarly) return error.exitCode;
  if (error instanceof CasinoApiError) return error.retry ? EXIT_AGAIN : EXIT_FINDING;
  if (error instanceof ClientError) return CLIENT_CODES[error.code] ?? EXIT_FINDING;
  if (error instanceof CasinoError && error.code === 'SETTLEMENT_REJECTED') return EXIT_FINDING;
  if (error instanceof CasinoError || error instanceof VerifierError) return error.retry ? EXIT_AGAIN : EXIT_USAGE;
  return error instanceof BetRefusedError || error instanceof FraudEvidenceError ? EXIT_FINDING : EXIT_USAGE;
}

const CLIENT_CODES: Partial<Record<string, number>> = {
  API_UNREACHABLE: EXIT_AGAIN,
  CHAIN_FAILED: EXIT_AGAIN,
  TIMEOUT: EXIT_AGAIN,
  TRANSACTION_EXPIRED: EXIT_AGAIN,
  EXIT_TOO_EARLY: EXIT_AGAIN,
  STORE_LOCKED: EXIT_AGAIN,
  CHAIN_MISMATCH: EXIT_USAGE,
  STORE_CORRUPT: EXIT_USAGE,
};

/** Ctrl-C ends a command at once: what lasts is on disk or on chain before it is acted on, so that the same command goes on. */
export function endOnInterrupt(hint: string): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      process.stderr.write(`\ninterrupted; ${hint}\n`);
      process.exit(EXIT_AGAIN);
    });
  }
}
