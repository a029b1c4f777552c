import type { ReceiptSigner } from '../admission/signer.ts';
import { CasinoError } from '../errors.ts';
import type { LedgerReader } from '../ledger/reader.ts';
import { SCHEMA_VERSION } from '../ledger/schema.ts';
import { CHAIN_CHANGES, type ChainRecord, DEPOSITS, WITHDRAWALS } from './chain-tables.ts';
import { type Cell, Summing, type Table, type TableLayout } from './columns.ts';
import { ExportDirectory, type HashedFile } from './directory.ts';
import { FORMATS, type FormatName, type TableWriter } from './format.ts';
import { BATCH_HISTORY, BATCH_RUNS, BATCHES, BETS, CONFIGURATIONS, RECONCILIATIONS, VOIDED } from './ledger-tables.ts';
import {
  encodeManifest,
  fileName,
  MANIFEST_FILE,
  type ManifestFile,
  type ManifestInput,
  SIGNATURE_FILE,
  signManifest,
} from './manifest.ts';
import type { LedgerSources } from './sources.ts';
import { CHAIN_TABLES, LEDGER_TABLES, TABLES } from './tables.ts';

/**
 * Age that the end of a range must have: a bet's time is set before it is committed, and what the chain has is final some seconds later. From
 * then on the range gains no bet.
 */
export const SETTLED_AFTER_MS = 60_000;

/** Times in ms since the epoch; `toMs` is not included. */
export interface AuditRange {
  fromMs: number;
  toMs: number;
}

export interface ExportInput {
  /** A folder that is not there yet. */
  out: string;
  format: FormatName;
  range: AuditRange;
  identity: { program: string; house: string; genesisHash: string };
  read: LedgerReader;
  sources: LedgerSources;
  /** The finalized chain's records, oldest first, and the finalized slot that they reach; undefined: without the chain. */
  chain: { records: AsyncIterable<readonly ChainRecord[]>; slot: bigint } | undefined;
  /** Undefined: the export is not signed. */
  key: { signer: ReceiptSigner; receiptKey: Uint8Array } | undefined;
  nowMs(): number;
  /** Rows of a source that have been read, those outside of the range among them. */
  onProgress?(progress: { source: string; rows: number }): void;
}

/**
 * Writes an audit export: each table as a file, a page of rows in memory at a time, then the manifest and its signature. Reads only, and may
 * run beside the service. `CONFIG_INVALID` for a range that is not over yet or a folder that is there, `LEDGER_CORRUPT`, `EXPORT_FAILED`;
 * what was written is taken back then.
 */
export async function exportAudit(input: ExportInput): Promise<ManifestInput> {
  const { range, chain } = input;
  if (range.fromMs < 0 || range.fromMs >= range.toMs) throw new CasinoError('CONFIG_INVALID', 'the range ends before it begins');
  if (range.toMs > input.nowMs() - SETTLED_AFTER_MS) {
    throw new CasinoError('CONFIG_INVALID', `the range must end ${SETTLED_AFTER_MS / 1_000} seconds ago or earlier`);
  }
  const directory = ExportDirectory.create(input.out);
  const run = new ExportRun(input, directory);
  try {
    const commitsBefore = commitsOf(input.read);
    await run.ledgerFiles();
    if (chain) await run.chainFiles(chain.records);
    const manifest = run.manifest(commitsBefore);
    const bytes = encodeManifest(manifest);
    directory.put(MANIFEST_FILE, bytes);
    if (input.key) directory.put(SIGNATURE_FILE, signManifest(bytes, manifest, input.key));
    directory.finish();
    return manifest;
  } catch (error) {
    run.close();
    directory.abandon();
    throw error;
  }
}

const commitsOf = (read: LedgerReader): string => read.meta('commits') ?? '0';

/** One table's file while it is written. */
interface OpenFile {
  layout: TableLayout;
  file: HashedFile;
  writer: TableWriter;
  sums: Summing;
  rows: number;
}

class ExportRun {
  readonly #input: ExportInput;
  readonly #directory: ExportDirectory;
  readonly #open = new Set<OpenFile>();
  readonly #files: ManifestFile[] = [];
  readonly #totals: Record<string, Record<string, string>> = {};

  constructor(input: ExportInput, directory: ExportDirectory) {
    this.#input = input;
    this.#directory = directory;
  }

  async ledgerFiles(): Promise<void> {
    const { sources } = this.#input;
    await this.#write(BETS, sources.bets(), (bet) => Number(bet.timeMs));
    await this.#batches();
    await this.#write(BATCH_HISTORY, sources.batchHistory(), ({ timeMs }) => timeMs);
    await this.#write(VOIDED, sources.voided(), undefined);
    await this.#write(RECONCILIATIONS, sources.reconciliations(), ({ timeMs }) => timeMs);
    await this.#write(CONFIGURATIONS, sources.configurations(), ({ timeMs }) => timeMs);
  }

  /** Batches and their runs are read together, as of one moment each. */
  async #batches(): Promise<void> {
    const [batches, runs] = [this.#start(BATCHES), this.#start(BATCH_RUNS)];
    for await (const page of this.#counted('batches', this.#input.sources.batches())) {
      const chosen = page.filter(({ createdAtMs }) => this.#inRange(createdAtMs));
      this.#add(batches, chosen.map(BATCHES.cells));
      const flat = chosen.flatMap((batch) => batch.runs.map((run) => ({ ...run, batchNumber: batch.batchNumber })));
      this.#add(runs, flat.map(BATCH_RUNS.cells));
    }
    this.#finish(batches);
    this.#finish(runs);
  }

  async chainFiles(records: AsyncIterable<readonly ChainRecord[]>): Promise<void> {
    const deposits = this.#start(DEPOSITS);
    const withdrawals = this.#start(WITHDRAWALS);
    const changes = this.#start(CHAIN_CHANGES);
    for await (const page of this.#counted('chain', records)) {
      for (const record of page) {
        if (record.timeMs !== undefined && !this.#inRange(record.timeMs)) continue;
        if (record.table === 'deposits') this.#add(deposits, [DEPOSITS.cells(record)]);
        else if (record.table === 'withdrawals') this.#add(withdrawals, [WITHDRAWALS.cells(record)]);
        else this.#add(changes, [CHAIN_CHANGES.cells(record)]);
      }
    }
    for (const file of [deposits, withdrawals, changes]) this.#finish(file);
  }

  manifest(commitsBefore: string): ManifestInput {
    const { identity, format, range, read, chain, nowMs } = this.#input;
    const tables = chain ? TABLES : LEDGER_TABLES;
    return {
      program: identity.program,
      house: identity.house,
      genesis_hash: identity.genesisHash,
      format,
      from: range.fromMs,
      to: range.toMs,
      created: nowMs(),
      ledger: {
        id: read.meta('ledger') ?? '',
        schema: SCHEMA_VERSION,
        commits_before: commitsBefore,
        commits_after: commitsOf(read),
      },
      chain: chain ? { slot: chain.slot.toString() } : null,
      files: tables.map(({ name }) => this.#files.find(({ table }) => table === name) as ManifestFile),
      absent: chain ? [] : CHAIN_TABLES.map(({ name }) => name),
      totals: this.#totals,
    };
  }

  close(): void {
    for (const { file } of this.#open) file.close();
  }

  async #write<T>(
    table: Table<T>,
    pages: AsyncIterable<readonly T[]>,
    timeOf: ((record: T) => number) | undefined,
  ): Promise<void> {
    const file = this.#start(table);
    for await (const page of this.#counted(table.name, pages)) {
      const chosen = timeOf ? page.filter((record) => this.#inRange(timeOf(record))) : page;
      this.#add(file, chosen.map(table.cells));
    }
    this.#finish(file);
  }

  async *#counted<T>(source: string, pages: AsyncIterable<readonly T[]>): AsyncGenerator<readonly T[]> {
    let rows = 0;
    for await (const page of pages) {
      yield page;
      rows += page.length;
      this.#input.onProgress?.({ source, rows });
    }
  }

  #inRange(timeMs: number): boolean {
    return timeMs >= this.#input.range.fromMs && timeMs < this.#input.range.toMs;
  }

  #start(layout: TableLayout): OpenFile {
    const file = this.#directory.file(fileName(layout, this.#input.format));
    const writer = FORMATS[this.#input.format].writer(layout, (bytes) => file.write(bytes));
    const open = { layout, file, writer, sums: new Summing(layout), rows: 0 };
    this.#open.add(open);
    return open;
  }

  #add(open: OpenFile, rows: readonly Cell[][]): void {
    if (rows.length === 0) return;
    open.writer.add(rows);
    for (const row of rows) open.sums.add(row);
    open.rows += rows.length;
  }

  #finish(open: OpenFile): void {
    const { layout, file, writer, sums, rows } = open;
    writer.finish();
    const name = fileName(layout, this.#input.format);
    this.#files.push({ name, table: layout.name, columns: layout.version, rows, ...file.finish() });
    this.#totals[layout.name] = sums.totals;
    this.#open.delete(open);
  }
}
