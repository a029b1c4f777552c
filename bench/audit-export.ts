import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { exportAudit } from '../sequencer/audit/export.ts';
import { type FormatName, isFormatName } from '../sequencer/audit/format.ts';
import { ledgerSources } from '../sequencer/audit/sources.ts';
import { LedgerReader } from '../sequencer/ledger/reader.ts';
import { buildLedger } from './audit-ledger.ts';

/*
 * node bench/audit-export.ts --bets 2000000: makes a ledger and exports it in each format, each in a process of its own, and prints the
 * greatest resident memory that each had needed after a quarter, half and all of the bets.
 */
const FLAGS = {
  bets: { type: 'string', default: '1000000' },
  vaults: { type: 'string', default: '1000' },
  formats: { type: 'string', default: 'csv,jsonl,parquet' },
  /** Where the ledger is kept; made and removed again without it. */
  directory: { type: 'string' },
} as const;

/** What an export's process tells of itself. */
interface Measured {
  bets: number;
  seconds: number;
  /** Greatest resident memory so far, in MiB. */
  peakMib: number;
  done: boolean;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const MIB = 1 << 20;

/** In a process of its own: one export. */
async function exportOnce(directory: string, format: FormatName): Promise<void> {
  const read = LedgerReader.open(join(directory, 'ledger.db'));
  const startedAtMs = performance.now();
  let bets = 0;
  const measure = (done: boolean) =>
    process.send?.({
      bets,
      seconds: (performance.now() - startedAtMs) / 1_000,
      peakMib: process.resourceUsage().maxRSS / 1_024,
      done,
    } satisfies Measured);
  const address = '1'.repeat(32);
  const quarters = [0.25, 0.5].map((share) => Math.floor(share * read.betCount()));
  await exportAudit({
    out: join(directory, format),
    format,
    range: { fromMs: 0, toMs: Date.now() - 120_000 },
    identity: { program: address, house: address, genesisHash: address },
    read,
    sources: ledgerSources(read),
    chain: undefined,
    key: undefined,
    nowMs: Date.now,
    onProgress: ({ source, rows }) => {
      if (source !== 'bets') return;
      bets = rows;
      if (quarters[0] !== undefined && rows >= quarters[0]) {
        quarters.shift();
        measure(false);
      }
    },
  });
  measure(true);
  read.close();
  process.disconnect?.();
}

async function measureExport(directory: string, format: FormatName): Promise<void> {
  rmSync(join(directory, format), { recursive: true, force: true });
  const child = fork(import.meta.filename, [directory, format]);
  const peaks: string[] = [];
  let last: Measured | undefined;
  child.on('message', (message) => {
    last = message as Measured;
    peaks.push(`${last.peakMib.toFixed(0)} MiB at ${last.bets}`);
  });
  const [code] = (await once(child, 'exit')) as [number];
  if (code !== 0 || !last?.done) throw new Error(`the export as ${format} ended with ${code}`);
  const bytes = statSync(join(directory, format, `bets.${format}`)).size;
  const rate = Math.round(last.bets / last.seconds);
  say(
    `${format}: ${last.seconds.toFixed(1)} s, ${rate} bets/s, ${Math.round(bytes / MIB)} MiB of bets; peak ${peaks.join(', ')}`,
  );
  rmSync(join(directory, format), { recursive: true, force: true });
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: FLAGS });
  const directory = values.directory ?? mkdtempSync(join(tmpdir(), 'audit-bench-'));
  const formats = values.formats.split(',').filter(isFormatName);
  try {
    const path = join(directory, 'ledger.db');
    const startedAtMs = performance.now();
    if (!existsSync(path)) buildLedger(path, { bets: Number(values.bets), vaults: Number(values.vaults) });
    const seconds = (performance.now() - startedAtMs) / 1_000;
    say(`ledger of ${values.bets} bets: ${Math.round(statSync(path).size / MIB)} MiB, made in ${seconds.toFixed(1)} s`);
    for (const format of formats) await measureExport(directory, format);
  } finally {
    if (values.directory === undefined) rmSync(directory, { recursive: true, force: true });
  }
}

const [directory, format] = process.argv.slice(2);
if (process.send && directory && isFormatName(format)) await exportOnce(directory, format);
else await main();
