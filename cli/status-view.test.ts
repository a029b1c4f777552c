// Would catch: a view that wraps or scrolls in a small terminal, a problem that is not told, a terminal that is left unusable.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { PROBLEMS, type ProblemCode } from '../sequencer/operations/problems.ts';
import { printable } from './printable.ts';
import { Screen } from './screen.ts';
import { BetMeter } from './status-meter.ts';
import { age, type Look, statusLine, statusLines } from './status-view.ts';

const batch = (number: number, status: string) => ({
  ...{ number: `${number}`, status, size: 'small', bets: 12, prove_ms: 400, created_at: 1_000 },
  finalized_at: status === 'Finalized' ? 2_500 : null,
});
const look: Look = {
  timeMs: 10_000,
  answeredMs: 12,
  apiUrl: 'http://127.0.0.1:8787',
  betting: { perSecond: 12.5, newest: [{ user: 'A'.repeat(44), betNumber: 3n, outcome: 'heads', payout: 99_000_000n }] },
  health: {
    ready: true,
    problems: [],
    notices: [],
    chain: { slot: '100', age_ms: 50 },
    settler: { lamports: '1000000000', batches_left: '199821' },
    prover: { proofs: true, last_proof: { size: 'small', age_ms: 3_000, took_ms: 400 }, bets_per_second: 60 },
    settlement: {
      unfinished_batches: 1,
      open_bets: 24,
      unbatched_bets: 12,
      oldest_open_bet_age_ms: 900,
      last_finalized_batch: '1',
    },
    reconciliation: { time: 5_000, funds_differ: false, differences: 0 },
    uptime_ms: 120_000,
  },
  house: { house: 'H', balance: '1000000000000', exposure: '49000000', max_stake: '1' },
  batches: [batch(2, 'Proving'), batch(1, 'Finalized')],
};

test('a view fits its terminal, whatever that is', () => {
  for (const columns of [1, 20, 45, 80, 200]) {
    for (const rows of [1, 5, 12, 24, 60]) {
      const lines = statusLines(look, { columns, rows });
      for (const line of lines) assert.ok(line.length <= columns && line === printable(line));
    }
  }
  const all = statusLines(look, { columns: 120, rows: 40 }).join('\n');
  for (const told of [
    /12\.5 a second, 24 open/,
    /1 Proving, 1 Finalized/,
    /1000 SOL \(1000000000000 lamports\)/,
    /pays for 199821 batches/,
  ]) {
    assert.match(all, told);
  }
  assert.match(all, /newest batches\n {2}2: 12 bets \(small\), Proving for 9\.0 s/);
});

test('every problem is told with what to do, first, and a silent service above all', () => {
  for (const code of Object.keys(PROBLEMS) as ProblemCode[]) {
    const lines = statusLines(
      { ...look, health: { ...look.health, problems: [{ code, message: 'why' }] } },
      { columns: 120, rows: 24 },
    );
    assert.equal(lines[1], `! ${code}: why`);
    assert.match(lines[2] as string, /^ {4}[a-z]/);
  }
  assert.match(statusLines(look, { columns: 120, rows: 24 }, 4_000)[0] as string, /DOES NOT ANSWER for 4\.0 s/);
});

test('what others wrote steers no terminal', () => {
  const problems = [{ code: 'SETTLEMENT_STUCK' as const, message: 'a\u001b[2Jb\r\u009bc' }];
  const text = statusLines({ ...look, health: { ...look.health, problems } }, { columns: 120, rows: 24 }).join('\n');
  assert.match(text, /a\?\[2Jb\?\?c/);
  assert.equal(
    printable(statusLine({ ...look, health: { ...look.health, problems } })),
    statusLine({ ...look, health: { ...look.health, problems } }),
  );
});

test('a screen gives back what was there, once, and draws for its present size', () => {
  const written = [] as string[];
  const stream = Object.assign(new EventEmitter(), { columns: 10, rows: 2, write: (text: string) => written.push(text) });
  const screen = new Screen(stream as unknown as NodeJS.WriteStream);
  screen.draw(() => ['before it is open']);
  assert.equal(written.length, 0);
  screen.open();
  let drawn = 0;
  screen.onResize(() => {
    drawn += 1;
  });
  screen.draw(() => ['0123456789abc', 'two', 'three']);
  assert.equal(written.at(-1), '\u001b[H0123456789\u001b[K\r\ntwo\u001b[K\u001b[J');
  stream.emit('resize');
  screen.close();
  screen.close();
  stream.emit('resize');
  assert.equal(drawn, 1);
  assert.equal(written.filter((text) => text.includes('\u001b[?1049l')).length, 1);
});

test('bets a second are of the last seconds', () => {
  let nowMs = 0;
  const meter = new BetMeter(() => nowMs);
  const bet = { user: 'u', betNumber: 1n, outcome: 'heads', payout: 0n } as const;
  for (nowMs = 0; nowMs < 2_000; nowMs += 100) meter.bet(bet);
  assert.equal(meter.read().perSecond, 10);
  nowMs = 60_000;
  assert.equal(meter.read().perSecond, 0);
  assert.equal(meter.read().newest.length, 8);
  assert.deepEqual([age(20), age(1_500), age(600_000), age(90 * 3_600_000)], ['20 ms', '1.5 s', '10 min', '4 d']);
});
