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
import { readReceiptKey } from '../sequencer/operations/keys.ts';
import { NATIVE_KERNEL } from '../sequencer/prover/native-kernel.ts';
import { EXIT_AGAIN, EXIT_FINDING, EXIT_USAGE } from './exit-codes.ts';
import { Output } from './output.ts';

const CHUNK_BYTES = 1_048_576;

export interface VerifyFlags {
  data: string;
  receiptKey?: string;
  json?: boolean;
}

export interface RestoreFlags {
  data: string;
  fileOnly?: boolean;
  json?: boolean;
}

export interface NowFlags {
  data: string;
  olderThanMs: number;
  json?: boolean;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
/** A file that is there in its whole length; whether its bytes are right, only reading it shows. */
const isThere = (files: ArchiveDirectory, record: ArchiveRecord): boolean =>
  statSync(join(files.path, archiveName(record)), { throwIfNoEntry: false })?.size === record.bytes;

/** `casino archive list`. Resolves to the exit code, as all of these. */
export function runList(flags: { data: string; json?: boolean }): Promise<number> {
  return answering(() =>
    reading(flags.data, async (read, files) => {
      const archives = read.archives
        .list()
        .map((record) => ({ ...record, isThere: isThere(files, record), name: archiveName(record) }));
      const known = new Set(archives.map(({ name }) => name));
      const unknown = files.names(ARCHIVE_ENDING).filter((name) => !known.has(name));
      if (flags.json) say(JSON.stringify({ archives: archives.map(archiveJson), unknown }));
      else for (const line of listLines(archives, unknown)) say(line);
      return archives.some(isNeeded) ? EXIT_FINDING : 0;
    }),
  );
}

type ListedArchive = ArchiveRecord & { name: string; isThere: boolean };

/** A file that is missing, or cut, with bets that are nowhere else. */
const isNeeded = ({ isThere, state }: ListedArchive): boolean => !isThere && state !== 'Restored';

function* listLines(archives: readonly ListedArchive[], unknown: readonly string[]): Generator<string> {
  for (const one of archives) {
    const where = isNeeded(one) ? ', ITS FILE IS MISSING OR CUT' : one.isThere ? '' : ', its file is gone';
    const batches = `batches ${one.fromBatch} to ${one.throughBatch}`;
    yield `${one.name}  ${one.state}, ${one.bets} bets, ${one.bytes} bytes, ${batches}${where}`;
  }
  for (const name of unknown) yield `${name}  not of this ledger: nothing needs it`;
  if (archives.length === 0) yield 'no archives';
}

const archiveJson = (record: ListedArchive) => ({
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
  return answering(() =>
    reading(flags.data, async (read, files) => {
      const receiptKey = receiptKeyOf(flags);
      const output = new Output(process.stderr);
      const total = read.archives.list().reduce((sum, { bets }) => sum + bets, 0);
      const onProgress = (done: number) => output.bar({ label: 'verifying', done, total });
      const { archives, bets, findings } = await verifyArchives({ read, files, receiptKey, onProgress });
      output.end();
      if (flags.json) say(JSON.stringify({ archives, bets, findings }));
      else {
        for (const { code, file, reason } of findings) say(`${code} ${file}: ${reason}`);
        say(`archives: ${archives} whole, ${findings.length} damaged or missing; ${bets} bets read`);
      }
      return findings.length > 0 ? EXIT_FINDING : 0;
    }),
  );
}

function receiptKeyOf({ data, receiptKey }: VerifyFlags): Uint8Array {
  if (receiptKey !== undefined) {
    if (!isAddress(receiptKey)) throw new CasinoError('CONFIG_INVALID', '--receipt-key is not an address');
    return addressBytes(receiptKey);
  }
  const stored = readReceiptKey(dataPaths(data).keys);
  if (!stored) throw new CasinoError('CONFIG_INVALID', 'the data directory has no receipt key: say which with --receipt-key');
  return stored.receiptKey;
}

/** `casino archive restore`. */
export function runRestore(file: string, flags: RestoreFlags): Promise<number> {
  return answering(async () => {
    const { archiveNumber, name } = await reading(flags.data, async (read, files) => {
      const record = findRecord(file, { read, files });
      await putInPlace(file, { record, files });
      return { archiveNumber: record.archiveNumber, name: archiveName(record) };
    });
    if (flags.fileOnly) {
      tell(flags, `${name} is in its place, and whole`, { file: name, restored: 0 });
      return 0;
    }
    return writing(flags.data, async (ledger, output) => {
      const record = ledger.read.archives.list().find((one) => one.archiveNumber === archiveNumber);
      if (!record) throw new CasinoError('LEDGER_CORRUPT', `archive ${archiveNumber} is gone from the ledger`);
      const onProgress = (done: number) => output.bar({ label: 'restoring', done, total: record.bets });
      const bets = await restoreArchive(ledger, record, onProgress);
      output.end();
      const words = `${bets} bets of ${name} are back in the ledger${bets === 0 ? ': they had been before' : ''}`;
      tell(flags, words, { file: name, restored: bets });
      return 0;
    });
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
  return answering(() =>
    writing(flags.data, async (ledger, output) => {
      const line = (what: object) => output.line(JSON.stringify(what));
      const log = { info: line, warn: line, error: line };
      // Nobody waits for an answer meanwhile.
      const clock = { ...SYSTEM_CLOCK, sleep: async () => {} };
      const files = new ArchiveDirectory(dataPaths(flags.data).archive);
      const archiver = new Archiver({ ledger, files, archiveAfterMs: flags.olderThanMs, clock, log, leastBets: 1 });
      let archives = 0;
      while (await archiver.run()) archives += 1;
      tell(flags, `archives written: ${archives}`, { archives });
      return 0;
    }),
  );
}

const tell = (flags: { json?: boolean }, words: string, json: object): void => say(flags.json ? JSON.stringify(json) : words);

/** Turns what goes wrong into words and an exit code. */
async function answering(act: () => Promise<number>): Promise<number> {
  try {
    return await act();
  } catch (error) {
    process.stderr.write(`${error instanceof CasinoError ? `${error.code} ` : ''}${messageOf(error)}\n`);
    return exitCodeOf(error);
  }
}

async function reading<T>(data: string, act: (read: LedgerReader, files: ArchiveDirectory) => Promise<T>): Promise<T> {
  const read = LedgerReader.open(ledgerIn(data));
  try {
    return await act(read, new ArchiveDirectory(dataPaths(data).archive));
  } finally {
    read.close();
  }
}

async function writing<T>(data: string, act: (ledger: Ledger, output: Output) => Promise<T>): Promise<T> {
  const ledger = await Ledger.open({ path: ledgerIn(data), onFailure: () => {} });
  try {
    return await act(ledger, new Output(process.stderr));
  } finally {
    await ledger.close().catch(() => {});
  }
}

function ledgerIn(data: string): string {
  const path = dataPaths(data).ledger;
  if (!existsSync(path)) throw new CasinoError('CONFIG_INVALID', `there is no ledger in ${data}`);
  return path;
}

function exitCodeOf(error: unknown): number {
  if (!(error instanceof CasinoError)) return EXIT_FINDING;
  if (error.code === 'LEDGER_LOCKED' || error.code === 'LEDGER_FAILED') return EXIT_AGAIN;
  return error.code === 'CONFIG_INVALID' ? EXIT_USAGE : EXIT_FINDING;
}
