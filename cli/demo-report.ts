import type { BatchStatus } from '../client/api.ts';

/** An answered bet of the demo. */
export interface DemoBet {
  vault: string;
  betNumber: bigint;
  ackMs: number;
  answeredAtMs: number;
  /** Signed by an earlier run that was interrupted, answered in this one. */
  recovered: boolean;
}

/** What `--json` prints, as one object. Times in milliseconds; batches in order of their numbers. */
export interface DemoReport {
  bets: number;
  acked: number;
  batches: {
    number: string;
    bets: number;
    vaults: number;
    size: string;
    proveMs: number | null;
    computeUnits: number | null;
    signature: string | null;
    blobCid: string;
    status: string;
  }[];
  ackMs: { p50: number; p95: number; p99: number };
  settleMs: { p50: number; p95: number };
  discrepancies: unknown[];
  /** Resident memory of the sequencer, in MB. */
  rssMb: number;
}

/** The value below which a share of the values lies (nearest rank), rounded to a tenth; 0 for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return Math.round(10 * value) / 10;
}

/** Puts the demo's figures together. `batches` are those that settle its bets. */
export function reportOf(input: {
  bets: number;
  answered: readonly DemoBet[];
  batches: readonly BatchStatus[];
  discrepancies: unknown[];
  rssMb: number;
}): DemoReport {
  const { answered, batches } = input;
  const fresh = answered.filter((bet) => !bet.recovered);
  const acks = fresh.map((bet) => bet.ackMs);
  const settles = settleTimes(fresh, batches);
  return {
    bets: input.bets,
    acked: fresh.length,
    batches: batches.map((batch) => ({
      number: batch.number.toString(),
      bets: batch.bets,
      vaults: batch.runs.length,
      size: batch.size,
      proveMs: batch.proveMs,
      computeUnits: batch.computeUnits,
      signature: batch.signature,
      blobCid: batch.blobCid,
      status: batch.state,
    })),
    ackMs: { p50: percentile(acks, 0.5), p95: percentile(acks, 0.95), p99: percentile(acks, 0.99) },
    settleMs: { p50: percentile(settles, 0.5), p95: percentile(settles, 0.95) },
    discrepancies: input.discrepancies,
    rssMb: input.rssMb,
  };
}

/** How often each answered bet is in a finalized batch: it should be exactly once. Keys as `betKey` makes them. */
export function timesFinalized(batches: readonly BatchStatus[]): Map<string, number> {
  const times = new Map<string, number>();
  for (const batch of batches) {
    if (batch.state !== 'Finalized') continue;
    for (const { key } of betsOf(batch)) times.set(key, (times.get(key) ?? 0) + 1);
  }
  return times;
}

export const betKey = (vault: string, betNumber: bigint): string => `${vault}/${betNumber}`;

/** Rows that the table shows; of more, the first and the last. */
const MAX_ROWS = 30;

function folded(rows: readonly string[]): string[] {
  if (rows.length <= MAX_ROWS) return [...rows];
  const [first, last] = [rows.slice(0, MAX_ROWS / 2), rows.slice(-MAX_ROWS / 2)];
  return [...first, `… ${rows.length - MAX_ROWS} more …`, ...last];
}

/** The table of batches and the figures below it, for people. */
export function describe(report: DemoReport): string {
  const header = ['batch', 'bets', 'vaults', 'size', 'prove ms', 'compute units', 'signature', 'blob', 'status'];
  const rows = report.batches.map((batch) => [
    batch.number,
    String(batch.bets),
    String(batch.vaults),
    batch.size,
    String(batch.proveMs ?? '-'),
    batch.computeUnits?.toLocaleString('en') ?? '-',
    batch.signature === null ? '-' : `${batch.signature.slice(0, 8)}…${batch.signature.slice(-4)}`,
    `${batch.blobCid.slice(0, 11)}…${batch.blobCid.slice(-4)}`,
    batch.status,
  ]);
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const format = (row: string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const { ackMs, settleMs } = report;
  return [
    format(header),
    format(widths.map((width) => '-'.repeat(width))),
    ...folded(rows.map(format)),
    '',
    `${report.acked} of ${report.bets} bets answered, in ${report.batches.length} batches`,
    `answered after (ms)   p50 ${ackMs.p50}   p95 ${ackMs.p95}   p99 ${ackMs.p99}`,
    `from the answer to the confirmed batch (ms)   p50 ${settleMs.p50}   p95 ${settleMs.p95}`,
    `memory of the sequencer ${report.rssMb} MB`,
  ].join('\n');
}

function settleTimes(answered: readonly DemoBet[], batches: readonly BatchStatus[]): number[] {
  const confirmedAtMs = new Map<string, number>();
  for (const batch of batches) {
    for (const { key } of betsOf(batch)) if (batch.confirmedAtMs !== null) confirmedAtMs.set(key, batch.confirmedAtMs);
  }
  return answered.flatMap((bet) => {
    const at = confirmedAtMs.get(betKey(bet.vault, bet.betNumber));
    return at === undefined ? [] : [Math.max(0, at - bet.answeredAtMs)];
  });
}

function betsOf(batch: BatchStatus): { key: string }[] {
  return batch.runs.flatMap(({ vault, firstBet, bets }) =>
    Array.from({ length: bets }, (_, index) => ({ key: betKey(vault, firstBet + BigInt(index)) })),
  );
}
