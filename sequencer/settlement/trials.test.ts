import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Address } from '@solana/kit';
import fc from 'fast-check';
import { Trials } from './trials.ts';

const vault = (index: number) => `vault-${index}` as Address;

test('halving ends, finds every bad vault and blames no good one, whatever part of a group a batch takes', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 16 }), fc.integer({ min: 1, max: 16 }), (bad, room) => {
      const trials = new Trials();
      const all = bad.map((_, index) => vault(index));
      const found = new Set<Address>();
      const settled = new Set<Address>();
      const rejected = (batch: Address[]) => batch.some((one) => bad[all.indexOf(one)] && !found.has(one));
      if (!rejected(all)) return;
      trials.narrow(all);
      for (let tries = 0; trials.current; tries += 1) {
        assert.ok(tries < 4 * all.length, 'it does not end');
        const batch = trials.current.slice(0, room);
        if (!rejected(batch)) {
          for (const one of batch) settled.add(one);
          trials.clear(batch);
        } else if (batch.length === 1) {
          found.add(batch[0] as Address);
          trials.clear(batch);
        } else trials.narrow(batch);
      }
      assert.deepEqual(
        all.filter((one) => found.has(one)),
        all.filter((_, index) => bad[index]),
      );
      assert.equal(found.size + settled.size, all.length);
    }),
  );
});
