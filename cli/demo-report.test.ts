// Would catch: figures that flatter, and a bet that is settled twice or never without anyone noticing.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { BatchStatus } from '../client/api.ts';
import { betKey, type DemoBet, describe, percentile, reportOf, timesFinalized } from './demo-report.ts';

const batch = (number: bigint, runs: BatchStatus['runs'], state: BatchStatus['state'] = 'Finalized'): BatchStatus => ({
  number,
  state,
  size: 'small',
  bets: runs.reduce((sum, run) => sum + run.bets, 0),
  runs,
  proveMs: 900,
  computeUnits: 117_753,
  signature: '5SUmQkaBdqnA9DMQ1CdFDhiaCSBMkJiBmNM3tgKsrHX2cujHRK8fzJEkhRM3HM7w31VvS6itPyH4uaEvYYrJf6VQ',
  blobCid: 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy',
  createdAtMs: 0,
  confirmedAtMs: 5_000,
  finalizedAtMs: 6_000,
});
const bet = (betNumber: bigint, over: Partial<DemoBet> = {}): DemoBet => ({
  vault: 'v',
  betNumber,
  ackMs: Number(betNumber),
  answeredAtMs: 1_000,
  recovered: false,
  ...over,
});

it('takes percentiles by nearest rank', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  assert.deepEqual([percentile(values, 0.5), percentile(values, 0.95), percentile(values, 0.99)], [50, 95, 99]);
  assert.equal(percentile([7.04], 0.99), 7);
  assert.equal(percentile([], 0.5), 0);
});

it('counts how often each bet is in a finalized batch', () => {
  const runs = [{ vault: 'v', firstBet: 1n, bets: 2 }];
  const times = timesFinalized([
    batch(1n, runs),
    batch(2n, [{ vault: 'v', firstBet: 2n, bets: 2 }]),
    batch(3n, [{ vault: 'v', firstBet: 4n, bets: 1 }], 'Confirmed'),
  ]);
  assert.deepEqual(
    [1n, 2n, 3n, 4n].map((number) => times.get(betKey('v', number)) ?? 0),
    [1, 2, 1, 0],
  );
});

it('reports the figures of the bets of this run', () => {
  const answered = [bet(1n), bet(2n), bet(3n, { recovered: true })];
  const batches = [batch(1n, [{ vault: 'v', firstBet: 1n, bets: 3 }])];
  const report = reportOf({ bets: 2, answered, batches, discrepancies: [], rssMb: 500 });
  assert.equal(report.acked, 2);
  assert.deepEqual(report.ackMs, { p50: 1, p95: 2, p99: 2 });
  assert.deepEqual(report.settleMs, { p50: 4_000, p95: 4_000 });
  assert.equal(report.batches[0]?.number, '1');
  assert.match(describe(report), /5SUmQkaB…f6VQ {2}bafkreigh2a…52zy {2}Finalized/);
  assert.equal(report.batches[0]?.blobCid, batches[0]?.blobCid);
  assert.doesNotThrow(() => JSON.stringify(report));
});

it('shows of many batches the first and the last, and says how many are left out', () => {
  const batches = Array.from({ length: 214 }, (_, index) =>
    batch(BigInt(index + 1), [{ vault: 'v', firstBet: BigInt(index + 1), bets: 1 }]),
  );
  const lines = describe(reportOf({ bets: 0, answered: [], batches, discrepancies: [], rssMb: 1 })).split('\n');
  const numbers = lines.flatMap((line) => /^(\d+) .*Finalized/.exec(line)?.[1] ?? []);
  assert.deepEqual([numbers.length, numbers[0], numbers[14], numbers[15], numbers[29]], [30, '1', '15', '200', '214']);
  assert.ok(lines.includes('… 184 more …'));
});
