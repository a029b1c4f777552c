import { readFile } from 'node:fs/promises';
import { ReceiptFileError } from '../protocol/receipt-fields.ts';
import { betReportJson, describeBet } from '../verifier/bet/describe.ts';
import { type BetVerdict, verifyBet } from '../verifier/bet/verify-bet.ts';
import { messageOf, VerifierError } from '../verifier/errors.ts';
import { connectChain } from '../verifier/rpc.ts';
import { blobSourceAt } from './blob-directory.ts';
import { EXIT_AGAIN, EXIT_USAGE } from './exit-codes.ts';
import { Output } from './output.ts';

export interface VerifyBetFlags {
  rpc: string;
  blobs?: string;
  house?: string;
  json?: boolean;
}

const EXIT_CODES: Record<BetVerdict, number> = {
  settled: 0,
  voided: 0,
  invalid: 1,
  fraud: 1,
  pending: EXIT_AGAIN,
  incomplete: EXIT_AGAIN,
};

/** Longest file that is read at all, in bytes. */
const MAX_FILE_BYTES = 1_000_000;

/**
 * `casino verify bet`: checks one bet by its receipt file. The report goes to standard output, progress and what kept it from being made to
 * standard error. Resolves to the exit code.
 */
export async function runVerifyBet(path: string, flags: VerifyBetFlags): Promise<number> {
  const output = new Output(process.stderr);
  try {
    const report = await verifyBet({
      receiptFile: await readReceipt(path),
      rpc: connectChain({ url: flags.rpc }),
      blobs: flags.blobs === undefined ? undefined : await blobSourceAt(flags.blobs),
      house: flags.house,
      onProgress: (message) => output.progress(message),
    });
    output.end();
    process.stdout.write(`${flags.json ? JSON.stringify(betReportJson(report)) : describeBet(report)}\n`);
    return EXIT_CODES[report.verdict];
  } catch (error) {
    output.end();
    const code = error instanceof ReceiptFileError ? `${error.code}: ` : '';
    process.stderr.write(`${code}${messageOf(error)}\n`);
    return error instanceof VerifierError && error.retry ? EXIT_AGAIN : EXIT_USAGE;
  }
}

async function readReceipt(path: string): Promise<string> {
  const bytes = await readFile(path);
  if (bytes.length > MAX_FILE_BYTES) throw new ReceiptFileError('TOO_LARGE', `${path} is too large for a receipt file`);
  return bytes.toString('utf8');
}
