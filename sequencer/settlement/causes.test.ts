import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VaultView } from '../chain/view.ts';
import type { RunRecord } from '../ledger/records.ts';
import { TestBettor } from '../test/admission-fixture.ts';
import { causeOf } from './causes.ts';

const bettor = new TestBettor(1);
const run: RunRecord = {
  slot: 0,
  vault: new Uint8Array(32),
  start: 1_000_500n,
  consume: 500n,
  after: 0n,
  firstBet: 8n,
  betCount: 2,
  keySlot: 0,
  payRequest: false,
};
const good = bettor.view({ lastBet: 7n, lastTerms: 2, pendingDeposit: 500n });
const cause = (change: Partial<VaultView>, runChange: Partial<RunRecord> = {}, slot = 100n) =>
  causeOf({ ...run, ...runChange }, { vault: { ...good, ...change }, slot, termsId: 2 });
const until = (range: { from: bigint; until: bigint }): Partial<VaultView> => ({
  keys: [{ hash: 5n, ...range }, good.keys[1]],
});

test('nothing speaks against a run that fits its vault, at the ends of its key too', () => {
  assert.equal(cause({}), undefined);
  assert.equal(cause(until({ from: 100n, until: 100n })), undefined);
  assert.equal(cause({ pendingDeposit: 501n }), undefined);
});

for (const [name, found, pattern] of [
  ['frozen', cause({ frozen: true }), /frozen/],
  ['newer terms', cause({ lastTerms: 3 }), /terms 3/],
  ['a deposit that is not there', cause({ pendingDeposit: 499n }), /consumes 500/],
  ['bets that are settled already', cause({ lastBet: 8n }), /next bet is 9/],
  ['a missing bet', cause({ lastBet: 6n }), /next bet is 7/],
  ['another balance', cause({ balance: 999_999n }), /starts from 1000500/],
  ['an empty key slot', cause({}, { keySlot: 1 }), /slot 1 is empty/],
  ['a key that is not valid yet', cause(until({ from: 101n, until: 200n })), /valid from slot 101/],
  ['a key that is over', cause(until({ from: 0n, until: 99n })), /until slot 99/],
  ['no vault', causeOf(run, { vault: undefined, slot: 100n, termsId: 2 }), /not on chain/],
] as const) {
  test(`${name} is a cause`, () => {
    assert.match(found?.reason ?? '', pattern);
    assert.equal(found?.lasting, name === 'frozen');
  });
}
