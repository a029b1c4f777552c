import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Address } from '@solana/kit';
import type { BatchSettled, CasinoEvent } from '../../program/client/index.ts';
import type { Receipt } from '../../protocol/messages.ts';
import { type CheckedVault, checkReceipts } from './checker.ts';

const HOUSE = 'house' as Address;
const VAULT = 'vault' as Address;
const SIGNATURE = new Uint8Array(64).fill(7);

const receipt = (betNumber: bigint, won: boolean): Receipt & { signature: Uint8Array } => ({
  domain: 1n,
  house: new Uint8Array(32),
  vault: new Uint8Array(32),
  termsId: 1,
  betNumber,
  head: betNumber,
  serverSeed: betNumber,
  outcome: won ? 1 : 0,
  stake: 10n,
  payout: won ? 19n : 0n,
  balanceAfter: 0n,
  time: 0n,
  signature: SIGNATURE,
});

/** Three bets in two batches, one won, two lost; 100 paid in, 30 paid out. */
function honest(): { vault: CheckedVault; events: CasinoEvent[] } {
  const batch = (batchNumber: bigint, outcomes: (0 | 1)[], run: Omit<BatchSettled['runs'][number], 'vault'>): BatchSettled => ({
    name: 'BatchSettled',
    house: HOUSE,
    batchNumber,
    termsId: 1,
    verifyingKeyId: 1,
    blobHash: new Uint8Array(32),
    houseBalanceAfter: 0n,
    outcomes,
    runs: [{ vault: VAULT, ...run }],
  });
  const receipts = [receipt(1n, true), receipt(2n, false), receipt(3n, false)];
  const vault: CheckedVault = {
    address: VAULT,
    receipts: new Map(receipts.map((one) => [one.betNumber, one])),
    chain: { balance: 59n, pendingDeposit: 0n, claimable: 30n, lastBet: 3n },
    ledger: new Map(receipts.map((one) => [one.betNumber, SIGNATURE])),
  };
  const events: CasinoEvent[] = [
    { name: 'Deposited', house: HOUSE, vault: VAULT, amount: 100n },
    batch(1n, [1, 0], { start: 100n, after: 99n, firstBet: 1n, betCount: 2, consumed: 100n, paid: 0n }),
    batch(2n, [0], { start: 99n, after: 89n, firstBet: 3n, betCount: 1, consumed: 0n, paid: 30n }),
  ];
  return { vault, events };
}

const judge = ({ vault, events }: ReturnType<typeof honest>) => checkReceipts({ vaults: [vault], events });

test('an honest history is found to be one', () => {
  assert.deepEqual(judge(honest()), { acked: 3, lost: [], duplicated: [], discrepancies: [] });
});

test('a receipt without a settled bet is lost, and so is one that the ledger lacks', () => {
  const story = honest();
  const unsettled = new Map([...story.vault.receipts, [4n, receipt(4n, true)]]);
  assert.equal(judge({ ...story, vault: { ...story.vault, receipts: unsettled } }).lost.length, 2);
  assert.equal(judge({ ...story, vault: { ...story.vault, ledger: new Map() } }).lost.length, 3);
});

test('a bet in two batches is found', () => {
  const story = honest();
  const verdict = judge({ ...story, events: [...story.events, story.events[2] as CasinoEvent] });
  assert.equal(verdict.duplicated.length, 1);
  assert.ok(verdict.discrepancies.length > 0, 'its batch number, too');
});

test('another outcome, another balance, another receipt in the ledger, a bet nobody placed are discrepancies', () => {
  const flipped = honest();
  (flipped.events[1] as BatchSettled).outcomes = [0, 0];
  assert.equal(judge(flipped).discrepancies.length, 1);
  const unpaid = honest();
  assert.equal(
    judge({ ...unpaid, vault: { ...unpaid.vault, chain: { ...unpaid.vault.chain, balance: 60n } } }).discrepancies.length,
    1,
  );
  const wrongRun = honest();
  (wrongRun.events[2] as BatchSettled).runs = (wrongRun.events[2] as BatchSettled).runs.map((run) => ({ ...run, after: 88n }));
  assert.equal(judge(wrongRun).discrepancies.length, 1);
  const story = honest();
  const other = new Map([...story.vault.ledger, [2n, new Uint8Array(64)]]);
  assert.equal(judge({ ...story, vault: { ...story.vault, ledger: other } }).discrepancies.length, 1);
  const invented = new Map([...story.vault.receipts].slice(0, 2));
  assert.ok(
    judge({ ...story, vault: { ...story.vault, receipts: invented } }).discrepancies.some((text) => /no receipt/.test(text)),
  );
});
