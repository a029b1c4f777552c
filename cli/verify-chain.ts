import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type VerifyReport, verifyChain } from '../verifier/chain.ts';
import { describeVerification } from '../verifier/describe.ts';
import { messageOf, VerifierError } from '../verifier/errors.ts';
import { EXIT_AGAIN, EXIT_FINDING, EXIT_USAGE } from './exit-codes.ts';
import { Output } from './output.ts';
import { type ReplayFlags, replayed } from './replay-flags.ts';

export interface VerifyChainFlags extends ReplayFlags {
  state: string;
  fresh?: boolean;
  json?: boolean;
}

/**
 * `casino verify chain`: the report goes to standard output, progress and what went wrong to standard error. Resolves to the exit code.
 * Ctrl-C keeps the state, and the same command goes on from there.
 */
export async function runVerifyChain(flags: VerifyChainFlags): Promise<number> {
  const output = new Output(process.stderr);
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    const report = await verify(flags, { output, signal: stop.signal });
    output.end();
    process.stdout.write(`${flags.json ? JSON.stringify(report) : describeVerification(report)}\n`);
    return report.passed ? 0 : EXIT_FINDING;
  } catch (error) {
    output.end();
    const code = error instanceof VerifierError ? error.code : undefined;
    const hint = code === 'INTERRUPTED' ? `; the same command goes on from ${flags.state}` : '';
    process.stderr.write(`${messageOf(error)}${hint}\n`);
    // A full disk, or a node's garbage, is never a finding.
    return code === 'INTERRUPTED' || (error instanceof VerifierError && error.retry) ? EXIT_AGAIN : EXIT_USAGE;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

async function verify(
  flags: VerifyChainFlags,
  { output, signal }: { output: Output; signal: AbortSignal },
): Promise<VerifyReport> {
  const resumes = !flags.fresh && existsSync(flags.state);
  if (resumes) output.line(`going on from ${flags.state}; --fresh begins anew`);
  return verifyChain({
    ...(await replayed(flags)),
    checkpoint: resumes ? readFileSync(flags.state, 'utf8') : undefined,
    onCheckpoint: (text) => writeWhole(flags.state, text),
    onProgress: ({ step, done, total, batches, bets }) => {
      const label = step === 'replaying' ? `replaying, ${batches} batches, ${bets} bets` : 'comparing accounts';
      output.bar({ label, done, total });
    },
    signal,
  });
}

/** Either the old text or the whole new one lies there, whenever the process dies. */
function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.part`, text);
  renameSync(`${path}.part`, path);
}
