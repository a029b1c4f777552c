import { isAddress } from '@solana/kit';
import { verifyChain } from '../verifier/chain.ts';
import { describeVerification } from '../verifier/describe.ts';
import { messageOf, VerifierError } from '../verifier/errors.ts';
import type { ReplayedCall } from '../verifier/replay.ts';
import { EXIT_AGAIN, EXIT_FINDING, EXIT_USAGE } from './exit-codes.ts';
import { Output } from './output.ts';
import { type ReplayFlags, replayed } from './replay-flags.ts';
import { callJson, callLines, statementJson, statementLines } from './replay-lines.ts';

export interface HistoryFlags extends ReplayFlags {
  fromBatch?: bigint;
  toBatch?: bigint;
  owner?: string;
  bets?: boolean;
  json?: boolean;
}

/**
 * `casino replay`: prints the history while it is recomputed, and then whether it holds, as `casino verify chain` does. A history that
 * does not hold is printed as the chain tells it, up to what cannot be followed. Resolves to the exit code.
 */
export async function runReplay(flags: HistoryFlags): Promise<number> {
  const output = new Output(process.stderr);
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    if (flags.owner !== undefined && !isAddress(flags.owner)) {
      throw new VerifierError('BAD_USAGE', `--owner ${flags.owner} is not an address`);
    }
    const printer = new Printer(flags, output);
    const report = await verifyChain({
      ...(await replayed(flags)),
      hooks: { onCall: (call) => printer.take(call) },
      onProgress: ({ step, done, total, batches }) => {
        // On a terminal the history scrolls by itself: what lies behind the part that is printed takes its time too.
        output.bar({ label: step === 'replaying' ? `replaying, ${batches} batches` : 'comparing accounts', done, total });
      },
      signal: stop.signal,
    });
    output.end();
    if (flags.json) process.stdout.write(`${JSON.stringify({ report })}\n`);
    else
      process.stdout.write(
        `${printer.printed === 0 ? 'nothing of that is in the history\n' : ''}\n${describeVerification(report)}\n`,
      );
    return report.passed ? 0 : EXIT_FINDING;
  } catch (error) {
    output.end();
    process.stderr.write(`${messageOf(error)}\n`);
    const again = error instanceof VerifierError && (error.code === 'INTERRUPTED' || error.retry);
    return again ? EXIT_AGAIN : EXIT_USAGE;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

/** Prints the part of the history that was asked for. */
class Printer {
  readonly #flags: HistoryFlags;
  readonly #output: Output;
  #batch = 0n;
  printed = 0;

  constructor(flags: HistoryFlags, output: Output) {
    this.#flags = flags;
    this.#output = output;
  }

  take(call: ReplayedCall): void {
    const { fromBatch = 0n, toBatch, owner, json, bets = false } = this.#flags;
    if (call.instruction.name === 'settle_batch') this.#batch = call.instruction.batchNumber;
    const isLater = toBatch !== undefined && (this.#batch > toBatch || (this.#batch === toBatch && call.batch === undefined));
    if (this.#batch < fromBatch || isLater) return;
    if (json) this.#print(owner === undefined ? [callJson(call, { bets })] : statementJson(call, owner));
    else this.#print(owner === undefined ? callLines(call, { bets }) : statementLines(call, owner));
  }

  #print(lines: readonly (string | object)[]): void {
    if (lines.length === 0) return;
    this.printed += lines.length;
    this.#output.end();
    for (const line of lines) process.stdout.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`);
  }
}
