import { useKernel } from '../protocol/kernel.ts';
import { makeBackup } from '../sequencer/backup/backup.ts';
import { BackupDirectory } from '../sequencer/backup/directory.ts';
import type { BackupManifest } from '../sequencer/backup/manifest.ts';
import { markStaleInPlace, type RestoreResult, restoreBackup } from '../sequencer/backup/restore.ts';
import { readManifest, verifyBackup } from '../sequencer/backup/verify.ts';
import { CasinoError, messageOf } from '../sequencer/errors.ts';
import { NATIVE_KERNEL } from '../sequencer/prover/native-kernel.ts';
import { EXIT_AGAIN, EXIT_FINDING, EXIT_USAGE } from './exit-codes.ts';
import { Output } from './output.ts';

export interface BackupFlags {
  data?: string;
  to?: string;
  withKeys?: boolean;
  keep?: number;
  json?: boolean;
}

export interface VerifyFlags {
  name?: string;
  json?: boolean;
}

export interface ListFlags {
  json?: boolean;
}

export interface RestoreFlags {
  data: string;
  from?: string;
  name?: string;
  replace?: boolean;
  unsigned?: boolean;
  inPlace?: boolean;
  json?: boolean;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const mebibytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MiB`;

/** `casino backup`. Resolves to the exit code, as all of these. */
export function runBackup({ data, to, withKeys = false, keep, json }: BackupFlags): Promise<number> {
  return answering(async (output) => {
    if (data === undefined || to === undefined) throw new CasinoError('CONFIG_INVALID', 'say --data and --to');
    const onProgress = output.bar.bind(output);
    const result = await makeBackup({ dataDirectory: data, directory: to, withKeys, keep, nowMs: Date.now, onProgress });
    output.end();
    const { manifest, copied, copiedBytes, removed } = result;
    const { missing } = manifest;
    if (json) say(JSON.stringify({ ...manifest, copied, copied_bytes: copiedBytes, removed }));
    else {
      say(`backup ${manifest.name}: ${described(manifest)}`);
      say(`copied ${mebibytes(manifest.ledger.bytes)} of ledger and ${copied} new files, ${mebibytes(copiedBytes)}`);
      if (manifest.keys_sha256 === null) say('keys are not in it: keep the keys directory in another place, as it is now');
      else say('the keys are in it: whoever can read keys.json is the house');
      if (removed.length > 0) say(`removed ${removed.length} older backups, the newest of them ${removed.at(-1)}`);
      for (const file of missing) say(`MISSING ${file}: the data directory does not have it, or it is damaged`);
    }
    return missing.length > 0 ? EXIT_FINDING : 0;
  });
}

/** `casino backup verify`. */
export function runVerify(path: string, { name, json }: VerifyFlags): Promise<number> {
  return answering(async (output) => {
    const directory = new BackupDirectory(path);
    const onProgress = output.bar.bind(output);
    const { manifest, signedBy, findings } = verifyBackup(directory, directory.named(name), onProgress);
    output.end();
    if (json) say(JSON.stringify({ ...manifest, signed_by: signedBy ?? null, findings }));
    else {
      for (const { file, reason } of findings) say(`DAMAGED ${file}: ${reason}`);
      for (const file of manifest.missing) say(`missing since it was made: ${file}`);
      const state = findings.length > 0 ? `${findings.length} files are missing or damaged` : 'whole';
      say(`backup ${manifest.name}: ${described(manifest)}: ${state}; ${signedBy ? `signed by ${signedBy}` : 'not signed'}`);
    }
    return findings.length > 0 ? EXIT_FINDING : 0;
  });
}

/** `casino backup list`. */
export function runList(path: string, { json }: ListFlags): Promise<number> {
  return answering(async () => {
    const directory = new BackupDirectory(path);
    const manifests = directory.list().map((name) => readManifest(directory, name).manifest);
    if (json) say(JSON.stringify({ backups: manifests }));
    else if (manifests.length === 0) say('no backups');
    else for (const manifest of manifests) say(`${manifest.name}  ${described(manifest)}${manifest.keys_sha256 ? ', keys' : ''}`);
    return 0;
  });
}

/** `casino restore`. */
export function runRestore(flags: RestoreFlags): Promise<number> {
  return answering(async (output) => {
    const { data: dataDirectory, from, name, replace = false, unsigned: allowUnsigned = false, inPlace, json } = flags;
    if ((from === undefined) === (inPlace !== true)) throw new CasinoError('CONFIG_INVALID', 'say --from, or --in-place');
    if (from === undefined) {
      markStaleInPlace({ dataDirectory, nowMs: Date.now });
      if (json) say(JSON.stringify({ stale: true }));
      else sayAll(['the ledger is marked as stale', ...NEXT]);
      return 0;
    }
    const directory = new BackupDirectory(from);
    const onProgress = output.bar.bind(output);
    const named = directory.named(name);
    const result = restoreBackup({ directory, name: named, dataDirectory, replace, allowUnsigned, nowMs: Date.now, onProgress });
    output.end();
    if (json) say(JSON.stringify(restoredJson(result)));
    else sayAll(restoredLines(result, dataDirectory));
    return 0;
  });
}

const NEXT = [
  'What comes next:',
  '  start the service: it learns from the chain what the ledger lacks, opens new terms, and then takes bets',
  '  bets that were taken after this and are not settled come back by their receipts alone: docs/operating/recovery.md',
];

const restoredJson = ({ manifest, signatureHolds, movedAside, keysWritten }: RestoreResult) => ({
  ...manifest,
  signature_holds: signatureHolds ?? null,
  moved_aside: movedAside ?? null,
  keys_written: keysWritten,
});

function* restoredLines({ manifest, signatureHolds, movedAside, keysWritten }: RestoreResult, data: string): Generator<string> {
  yield `restored ${manifest.name}: ${described(manifest)}; the ledger is marked as stale`;
  if (movedAside !== undefined) yield `the ledger that was there is in ${movedAside}`;
  if (signatureHolds === undefined) yield 'there was no receipt key to compare its signature with';
  if (signatureHolds === false) yield 'it is not signed: that it is yours is for you to know';
  if (keysWritten.length > 0) yield `keys written: ${keysWritten.join(', ')}`;
  else if (manifest.keys_sha256 === null) yield `it holds no keys: the start needs the newest ones in ${data}/keys`;
  yield* NEXT;
}

function sayAll(lines: Iterable<string>): void {
  for (const line of lines) say(line);
}

function described({ bets, last_batch: lastBatch, archives, blobs, ledger }: BackupManifest): string {
  const files = `${archives} archives, ${blobs} blobs`;
  return `${bets} bets through batch ${lastBatch}, ${files}, ledger of ${mebibytes(ledger.bytes)} at commit ${ledger.commits}`;
}

/** Turns what goes wrong into words and an exit code. */
async function answering(act: (output: Output) => Promise<number>): Promise<number> {
  useKernel(NATIVE_KERNEL);
  const output = new Output(process.stderr);
  try {
    return await act(output);
  } catch (error) {
    output.end();
    process.stderr.write(`${error instanceof CasinoError ? `${error.code} ` : ''}${messageOf(error)}\n`);
    return exitCodeOf(error);
  }
}

const AGAIN = new Set(['LEDGER_LOCKED', 'LEDGER_FAILED', 'BACKUP_FAILED']);

function exitCodeOf(error: unknown): number {
  if (!(error instanceof CasinoError)) return EXIT_FINDING;
  if (AGAIN.has(error.code)) return EXIT_AGAIN;
  return error.code === 'CONFIG_INVALID' ? EXIT_USAGE : EXIT_FINDING;
}
