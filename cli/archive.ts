import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isAddress } from '@solana/kit';
import { toHex } from '../protocol/bytes.ts';
import { useKernel } from '../protocol/kernel.ts';
import { Archiver } from '../sequencer/archive/archiver.ts';
import { checkArchive } from '../sequencer/archive/check.ts';
import { ArchiveDirectory, DiskFile } from '../sequencer/archive/files.ts';
import { restoreArchive } from '../sequencer/archive/restore.ts';
import { verifyArchives } from '../sequencer/archive/verified.ts';
import { ARCHIVE_ENDING, archiveName } from '../sequencer/archive/writer.ts';
import { SYSTEM_CLOCK } from '../sequencer/clock.ts';
import { dataPaths } from '../sequencer/context.ts';
import { CasinoError, messageOf } from '../sequencer/errors.ts';
import { addressBytes } from '../sequencer/ledger/addresses.ts';
import { Ledger } from '../sequencer/ledger/ledger.ts';
import { LedgerReader } from '../sequencer/ledger/reader.ts';
import type { ArchiveRecord } from '../sequencer/ledger/records.ts';
import { storedReceiptKey } from '../sequencer/operations/keys.ts';
import { NATIVE_KERNEL } from '../sequencer/prover/native-kernel.ts';
import { Output } from './output.ts';

/** Exit codes; the last is EX_TEMPFAIL: trying again may help, once the service is stopped. */
const EXIT_FINDING = 1;
const EXIT_USAGE = 2;
const EXIT_RETRY = 75;
const CHUNK_BYTES = 1_048_576;

export interface VerifyFlags {
  data: string;
  receiptKey?: string;
  json?: boolean;
}

export interface RestoreFlags {
  data: string;
  fileOnly?: boolean;
}

export interface NowFlags {
  data: string;
  olderThanMs: number;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
/** A file that is there in its whole length; whether its bytes are right, only reading it shows. */
const isThere = (files: ArchiveDirectory, record: ArchiveRecord): boolean =>
  statSync(join(files.path, archiveName(record)), { throwIfNoEntry: false })?.size === record.bytes;

/** `casino archive list`. Resolves to the exit code, as all of these. */
export function runList(flags: { data: string; json?: boolean }): Promise<number> {
  return reading(flags.data, async (read, files) => {
    const archives = read.archives
      .list()
      .map((record) => ({ ...record, isThere: isThere(files, record), name: archiveName(record) }));
    const known = new Set(archives.map(({ name }) => name));
    const unknown = files.names(ARCHIVE_ENDING).filter((name) => !known.has(name));
    if (flags.json) say(JSON.stringify({ archives: archives.map(archiveJson), unknown }));
    for (const one of flags.json ? [] : archives) {
      const where = one.isThere ? '' : one.state === 'Restored' ? ', its file is gone' : ', ITS FILE IS MISSING OR CUT';
      const batches = `batches ${one.fromBatch} to ${one.throughBatch}`;
      say(`${one.name}  ${one.state}, ${one.bets} bets, ${one.bytes} bytes, ${batches}${where}`);
    }
    for (const name of flags.json ? [] : unknown) say(`${name}  not of this ledger: nothing needs it`);
    if (archives.length === 0 && !flags.json) say('no archives');
    return archives.some((one) => !one.isThere && one.state !== 'Restored') ? EXIT_FINDING : 0;
  });
}

const archiveJson = (record: ArchiveRecord & { name: string; isThere: boolean }) => ({
  number: record.archiveNumber.toString(),
  file: record.name,
  state: record.state,
  bets: record.bets,
  bytes: record.bytes,
  from_batch: record.fromBatch.toString(),
  through_batch: record.throughBatch.toString(),
  created_at: record.createdAtMs,
  present: record.isThere,
});

/** `casino archive verify`. */
export function runVerify(flags: VerifyFlags): Promise<number> {
  useKernel(NATIVE_KERNEL);
  return reading(flags.data, async (read, files) => {
    const receiptKey = receiptKeyOf(flags);
    const output = new Output(process.stderr);
    const total = read.archives.list().reduce((sum, { bets }) => sum + bets, 0);
    const onProgress = (done: number) => output.bar({ label: 'verifying', done, total });
    const { archives, bets, findings } = await verifyArchives({ read, files, receiptKey, onProgress });
    output.end();
    if (flags.json) say(JSON.stringify({ archives, bets, findings }));
    else {
      for (const { code, file, reason } of findings) say(`${code} ${file}: ${reason}`);
      say(`${archives} archives with ${bets} bets read in full, ${findings.length} of them damaged or missing`);
    }
    return findings.length > 0 ? EXIT_FINDING : 0;
  });
}

function receiptKeyOf({ data, receiptKey }: VerifyFlags): Uint8Array {
  if (receiptKey !== undefined) {
    if (!isAddress(receiptKey)) throw new CasinoError('CONFIG_INVALID', '--receipt-key is not an address');
    return addressBytes(receiptKey);
  }
  const stored = storedReceiptKey(dataPaths(data).keys);
  if (!stored) throw new CasinoError('CONFIG_INVALID', 'the data directory has no receipt key: say which with --receipt-key');
  return stored;
}

/** `casino archive restore`. */
export function runRestore(file: string, flags: RestoreFlags): Promise<number> {
  return reading(flags.data, async (read, files) => {
    const record = findRecord(file, { read, files });
    await putInPlace(file, { record, files });
    if (flags.fileOnly) {
      say(`${archiveName(record)} is in its place, and whole`);
      return 0;
    }
    read.close();
    const ledger = await Ledger.open({ path: dataPaths(flags.data).ledger, onFailure: () => {} });
    const output = new Output(process.stderr);
    try {
      const current = ledger.read.archives.list().find(({ archiveNumber }) => archiveNumber === record.archiveNumber) ?? record;
      const onProgress = (done: number) => output.bar({ label: 'restoring', done, total: record.bets });
      const bets = await restoreArchive(ledger, current, onProgress);
      output.end();
      say(`${bets} bets of ${archiveName(record)} are back in the ledger${bets === 0 ? ': they had been before' : ''}`);
      return 0;
    } finally {
      await ledger.close().catch(() => {});
    }
  });
}

/** The archive that a file is, by its hash; by its name alone where there is no such file but the one in its place. */
function findRecord(file: string, { read, files }: { read: LedgerReader; files: ArchiveDirectory }): ArchiveRecord {
  const path = sourceOf(file, files);
  if (path === undefined) throw new CasinoError('CONFIG_INVALID', `there is no file ${file}`);
  const fileHash = hashOf(path);
  const record = read.archives.list().find((one) => Buffer.from(one.fileHash).equals(fileHash));
  if (record) return record;
  throw new CasinoError('ARCHIVE_CORRUPT', `${path} has the SHA-256 ${toHex(fileHash)}, which is no archive of this ledger`);
}

function sourceOf(file: string, files: ArchiveDirectory): string | undefined {
  return [file, join(files.path, basename(file))].find((path) => existsSync(path));
}

/** Copies a file to where the ledger looks for it, unless the same is there, and reads it back in full. */
async function putInPlace(file: string, { record, files }: { record: ArchiveRecord; files: ArchiveDirectory }): Promise<void> {
  const place = join(files.path, archiveName(record));
  const source = sourceOf(file, files) as string;
  if (!existsSync(place) || !hashOf(place).equals(record.fileHash)) {
    const sink = files.create();
    try {
      for (const bytes of chunksOf(source)) sink.append(bytes);
      await sink.finish(archiveName(record));
    } catch (error) {
      sink.discard();
      throw error;
    }
  }
  const placed = new DiskFile(place);
  try {
    await checkArchive({ file: placed, record, onRows: () => {}, pause: async () => {} });
  } finally {
    placed.close();
  }
}

function* chunksOf(path: string): Generator<Uint8Array> {
  const file = new DiskFile(path);
  try {
    for (let at = 0; at < file.size; at += CHUNK_BYTES) yield file.read(at, Math.min(CHUNK_BYTES, file.size - at));
  } finally {
    file.close();
  }
}

function hashOf(path: string): Buffer {
  const whole = createHash('sha256');
  for (const bytes of chunksOf(path)) whole.update(bytes);
  return whole.digest();
}

/** `casino archive now`. */
export function runNow(flags: NowFlags): Promise<number> {
  return reading(flags.data, async (read, files) => {
    read.close();
    const ledger = await Ledger.open({ path: dataPaths(flags.data).ledger, onFailure: () => {} });
    const output = new Output(process.stderr);
    try {
      const line = (what: object) => output.line(JSON.stringify(what));
      const log = { info: line, warn: line, error: line };
      // Nobody waits for an answer meanwhile.
      const clock = { ...SYSTEM_CLOCK, sleep: async () => {} };
      const archiver = new Archiver({ ledger, files, archiveAfterMs: flags.olderThanMs, clock, log, leastBets: 1 });
      let archives = 0;
      while (await archiver.run()) archives += 1;
      say(`${archives} archives written`);
      return 0;
    } finally {
      await ledger.close().catch(() => {});
    }
  });
}

/** Opens what a command reads, and turns what goes wrong into its exit code. */
async function reading(data: string, act: (read: LedgerReader, files: ArchiveDirectory) => Promise<number>): Promise<number> {
  const paths = dataPaths(data);
  try {
    if (!existsSync(paths.ledger)) throw new CasinoError('CONFIG_INVALID', `there is no ledger in ${data}`);
    const read = LedgerReader.open(paths.ledger);
    try {
      return await act(read, new ArchiveDirectory(paths.archive));
    } finally {
      read.close();
    }
  } catch (error) {
    process.stderr.write(`${error instanceof CasinoError ? `${error.code} ` : ''}${messageOf(error)}\n`);
    return exitCodeOf(error);
  }
}

function exitCodeOf(error: unknown): number {
  if (!(error instanceof CasinoError)) return EXIT_FINDING;
  if (error.code === 'LEDGER_LOCKED' || error.code === 'LEDGER_FAILED') return EXIT_RETRY;
  return error.code === 'CONFIG_INVALID' ? EXIT_USAGE : EXIT_FINDING;
}
