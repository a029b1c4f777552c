import { type Command, InvalidArgumentError, Option } from 'commander';
import type { FormatName } from '../sequencer/audit/format.ts';
import type { ManifestInput } from '../sequencer/audit/manifest.ts';
import type { AuditVerification } from '../sequencer/audit/verify.ts';
import { EXIT_AGAIN, EXIT_FINDING, EXIT_USAGE, endOnUsage } from './exit-codes.ts';
import { Output } from './output.ts';

const EXIT_CODES = '\nExit codes: 0 fine, 1 a finding, 2 bad usage, 75 try again later.';

interface ExportFlags {
  data: string;
  out: string;
  format: FormatName;
  from?: number;
  to?: number;
  rpc?: string;
  unsigned?: boolean;
  json?: boolean;
}

interface VerifyFlags {
  rpc?: string;
  house?: string;
  unsigned?: boolean;
  json?: boolean;
}

/** `casino audit`: the books as files for auditors, and the check of such files. */
export function addAuditCommands(program: Command): void {
  const audit = program.command('audit').description('the books as files, hashed and signed, and the check of such files');
  audit
    .command('export')
    .description('write bets, batches, money in and out, reconciliations and settings, whether the service runs or not')
    .requiredOption('--data <directory>', 'where the ledger is kept')
    .requiredOption('--out <directory>', 'a folder that is not there yet')
    .addOption(new Option('--format <name>', 'of the files').choices(['csv', 'jsonl', 'parquet']).default('csv'))
    .option('--from <time>', 'ISO 8601, UTC unless it says otherwise, or ms since the epoch; the beginning if left out', timeMs)
    .option('--to <time>', 'not included; a minute ago or earlier, and if left out a minute ago', timeMs)
    .option('--rpc <url>', "the chain's JSON-RPC address, for deposits, withdrawals and changes on chain")
    .option('--unsigned', 'leave the export unsigned: nobody vouches for it then')
    .option('--json', 'print the manifest as one JSON object')
    .addHelpText('after', EXIT_CODES)
    .exitOverride(endOnUsage)
    .action(async (flags: ExportFlags) => {
      process.exitCode = await reporting(() => runExport(flags));
    });
  audit
    .command('verify')
    .argument('<directory>', 'an export')
    .description("check an export's files against its manifest, and the manifest's signature")
    .option('--rpc <url>', "the chain's JSON-RPC address: the signature has to be by the house's receipt key there")
    .option('--house <address>', 'the house that the export has to be of')
    .option('--unsigned', 'take an export that is not signed')
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', EXIT_CODES)
    .exitOverride(endOnUsage)
    .action(async (directory: string, flags: VerifyFlags) => {
      process.exitCode = await reporting(() => runVerify(directory, flags));
    });
}

const ISO_TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,3})?)?(?<zone>Z|[+-][0-9]{2}:[0-9]{2})?)?$/;

function timeMs(text: string): number {
  const iso = ISO_TIME.exec(text);
  // Without a zone JavaScript takes a time, unlike a date, as a local one.
  const written = text.includes('T') && !iso?.groups?.zone ? `${text}Z` : text;
  const value = iso ? Date.parse(written) : /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('must be a time such as 2026-01-31T12:00:00Z');
  return value;
}

async function runExport(flags: ExportFlags): Promise<number> {
  const output = new Output(process.stderr);
  const { exportData } = await import('./audit-export.ts');
  const { data: dataDirectory, out, format, from: fromMs, to: toMs, rpc: rpcUrl, unsigned = false } = flags;
  const onProgress = (progress: Parameters<Output['bar']>[0]) => output.bar(progress);
  const options = { dataDirectory, out, format, fromMs, toMs, rpcUrl, unsigned, nowMs: Date.now, onProgress };
  const manifest = await exportData(options).finally(() => output.end());
  if (unsigned) output.line('NOT SIGNED: nobody vouches for this export, and anybody can change it unnoticed.');
  if (!manifest.chain) output.line(`Without --rpc, so without: ${manifest.absent.join(', ')}.`);
  process.stdout.write(`${flags.json ? JSON.stringify(manifest) : describeExport(out, manifest)}\n`);
  return 0;
}

function describeExport(out: string, manifest: ManifestInput): string {
  const span = [manifest.from, manifest.to].map((time) => new Date(time).toISOString()).join(' to ');
  return [`${out}: ${span}`, ...manifest.files.map(({ name, rows, bytes }) => `  ${name}: ${rows} rows, ${bytes} bytes`)].join(
    '\n',
  );
}

async function runVerify(directory: string, flags: VerifyFlags): Promise<number> {
  const output = new Output(process.stderr);
  const [{ verifyExport }, { isAddress }] = await Promise.all([import('./audit-verify.ts'), import('@solana/kit')]);
  const { rpc: rpcUrl, house, unsigned = false } = flags;
  if (house !== undefined && !isAddress(house)) {
    output.line('--house is not an address');
    return EXIT_USAGE;
  }
  const onProgress = (file: string) => output.progress(`reading ${file}`);
  const result = await verifyExport({ directory, rpcUrl, house, unsigned, onProgress }).finally(() => output.end());
  const { manifest, findings, signedBy } = result;
  const shown = { ok: findings.length === 0, house: manifest?.house ?? null, signed_by: signedBy ?? null, findings };
  process.stdout.write(`${flags.json ? JSON.stringify(shown) : describeVerification(result, rpcUrl !== undefined)}\n`);
  return findings.length === 0 ? 0 : EXIT_FINDING;
}

function describeVerification({ manifest, findings, signedBy }: AuditVerification, withChain: boolean): string {
  const lines = findings.map(({ kind, subject, message }) => `  ${kind} ${subject}: ${message}`);
  if (!manifest) return ['This is no export that can be read:', ...lines].join('\n');
  const span = [manifest.from, manifest.to].map((time) => new Date(time).toISOString()).join(' to ');
  const head = `House ${manifest.house}, ${span}, ${manifest.files.length} files.`;
  const whose = withChain ? "the house's receipt key on chain" : 'not compared with the chain: use --rpc';
  const signed = signedBy === undefined ? 'Not signed.' : `Signed by ${signedBy}, ${findings.length ? 'see below' : whose}.`;
  const absent = manifest.absent.length > 0 ? [`Made without the chain, so without: ${manifest.absent.join(', ')}.`] : [];
  const result = lines.length === 0 ? ['Every file is what the manifest says.'] : [`${lines.length} findings:`, ...lines];
  return [head, signed, ...absent, ...result].join('\n');
}

/** Runs a command; what goes wrong is said on standard error. Resolves to the exit code. */
async function reporting(run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    const { code, retry, name } = error as { code?: string; retry?: boolean; name?: string };
    if (retry) return EXIT_AGAIN;
    // The ledger or the chain's history is not what it must be.
    return code === 'LEDGER_CORRUPT' || name === 'HistoryFault' ? EXIT_FINDING : EXIT_USAGE;
  }
}
