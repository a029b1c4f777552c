// Would catch: an event that is told twice or not at all after a cursor, and memory that grows with the number of events.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EventRing } from './event-ring.ts';

const EPOCH = '0123456789abcdef';
const textOf = (ring: EventRing, number: number) => JSON.parse(ring.get(number).frame.toString());

test('after any cursor come exactly the events since, or a gap if one of them is gone', () => {
  const property = fc.property(
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 60, max: 2_000 }),
    fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 60 }),
    (events, bytes, sizes) => {
      const ring = new EventRing(EPOCH, { events, bytes });
      const cursors = [ring.cursor];
      for (const [index, size] of sizes.entries()) {
        ring.add({ index, text: 'x'.repeat(size) }, undefined);
        cursors.push(ring.cursor);
      }
      const kept = Array.from({ length: ring.last - ring.first + 1 }, (_, index) => ring.get(ring.first + index));
      assert.ok(kept.length <= events);
      const size = kept.reduce((sum, { frame }) => sum + frame.length, 0);
      assert.ok(size <= bytes || kept.length === 1, `${size} bytes are kept`);
      for (const [heard, cursor] of cursors.entries()) {
        const found = ring.after(cursor);
        if (heard + 1 < ring.first) assert.deepEqual(found, { gap: 'too_old' });
        else assert.deepEqual(found, { next: heard + 1 });
        for (let next = Math.max(heard + 1, ring.first); next <= ring.last; next += 1) {
          assert.deepEqual([textOf(ring, next).index, textOf(ring, next).cursor], [next - 1, cursors[next]]);
        }
      }
    },
  );
  fc.assert(property, { numRuns: 300 });
});

test('a cursor of another process, of events to come or of no process is told apart', () => {
  const ring = new EventRing(EPOCH, { events: 3, bytes: 1_000 });
  ring.add({}, undefined);
  assert.deepEqual(ring.after('fedcba9876543210-1'), { gap: 'other_process' });
  assert.deepEqual(ring.after(`${EPOCH}-2`), { gap: 'unknown' });
  assert.deepEqual(ring.after(`${EPOCH}-0`), { next: 1 });
  for (const text of [
    '',
    '-',
    EPOCH,
    `${EPOCH}-`,
    `${EPOCH}-01`,
    `${EPOCH}--1`,
    `${EPOCH}-1.0`,
    `${EPOCH}-9999999999999999`,
    'now',
    `${EPOCH}-1\n`,
  ]) {
    assert.equal(ring.after(text), 'malformed', text);
  }
});
