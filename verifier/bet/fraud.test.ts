// Would catch: a house that signs one thing and settles another and goes unconvicted, and a node or a file that makes an honest house look so.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ed25519 } from '@noble/curves/ed25519.js';
import { type Address, getAddressEncoder } from '@solana/kit';
import { payoutOf } from '../../protocol/bet.ts';
import { blobCid, blobHashOf, decodeBlob, encodeBlob } from '../../protocol/blob.ts';
import { ByteWriter } from '../../protocol/bytes.ts';
import { useKernel } from '../../protocol/kernel.ts';
import { decodeReceipt } from '../../protocol/messages.ts';
import { outcomeOf } from '../../protocol/outcome.ts';
import type { ReceiptFile } from '../../protocol/receipt-file.ts';
import { NATIVE_KERNEL } from '../../sequencer/prover/native-kernel.ts';
import { BetWorld, failedOf } from '../test/bet-world.ts';
import { playBack, type RecordedChain } from '../test/recording.ts';
import { SENDER, signedTransaction } from '../test/signed-transaction.ts';
import type { BetCheckName } from './checks.ts';
import { describeBet } from './describe.ts';
import type { BetReport, BetVerdict } from './verify-bet.ts';

const STRANGER = 'So11111111111111111111111111111111111111112';
const STRANGER_SEED = new Uint8Array(32).fill(9);
const RECEIPT_KEY_OFFSET = 112;
const FROZEN_OFFSET = 10;
const LAST_BET_OFFSET = 248;
const TERMS_PROFIT_OFFSET = 80;

let bets: BetWorld;
before(async () => {
  useKernel(NATIVE_KERNEL);
  bets = await BetWorld.open(4);
});
after(() => bets.close());

function found(report: BetReport, expected: { verdict: BetVerdict; failed: BetCheckName[] }): void {
  assert.deepEqual([report.verdict, failedOf(report)], [expected.verdict, expected.failed], describeBet(report));
}

/** Changes the bytes of an account of a recorded chain. */
function alter(chain: RecordedChain, address: string, change: (data: Uint8Array) => void): RecordedChain {
  const account = chain.accounts.get(address as Address);
  assert.ok(account);
  change(account.data);
  return chain;
}

const flipBit = (bytes: Uint8Array, at: number) => bytes.set([(bytes[at] as number) ^ 1], at);

/** Changes the event of the transaction that settled a bet, as a node that lies would tell it. */
function lieAbout(file: ReceiptFile, change: (event: Uint8Array) => void): RecordedChain {
  const chain = bets.copy();
  const transaction = chain.transactions.get(file.settlement?.signature ?? '');
  assert.ok(transaction?.logs);
  chain.transactions.set(file.settlement?.signature ?? '', {
    ...transaction,
    logs: transaction.logs.map((line) => {
      const data = /^Program data: (.*)$/.exec(line)?.[1];
      if (data === undefined) return line;
      const event = Uint8Array.from(Buffer.from(data, 'base64'));
      change(event);
      return `Program data: ${Buffer.from(event).toString('base64')}`;
    }),
  });
  return chain;
}
const EVENT = { batchNumber: 8 + 32, termsId: 48, blobHash: 8 + 32 + 8 + 4 + 2, outcomes: 8 + 32 + 8 + 4 + 2 + 32 + 8 + 2 + 1 };

describe('a receipt that the house signed is evidence', () => {
  const receiptOf = (file: ReceiptFile) => decodeReceipt(file.receipt.message);
  const lies: [string, (file: ReceiptFile) => ReceiptFile, BetCheckName[]][] = [
    [
      'of another outcome',
      (file) => bets.signed(file, { outcome: (1 - receiptOf(file).outcome) as 0 | 1 }),
      ['outcome', 'terms', 'batch-bet', 'blob-bet'],
    ],
    ['of another payout', (file) => bets.signed(file, { payout: receiptOf(file).payout + 1n }), ['terms', 'blob-bet']],
    ['of another stake', (file) => bets.signed(file, { stake: receiptOf(file).stake + 10_000n }), ['receipt-bet', 'blob-bet']],
    ['of other terms', (file) => bets.signed(file, { termsId: 9 }), ['receipt-bet', 'terms', 'batch-bet']],
    ['of another number', (file) => bets.signed(file, { betNumber: 9n }), ['receipt-bet']],
  ];
  for (const [name, lie, failed] of lies) {
    test(name, async () => {
      const report = await bets.verify(lie(bets.file(2)));
      assert.equal(report.verdict, 'fraud', describeBet(report));
      for (const check of failed) assert.ok(failedOf(report).includes(check), `${check}: ${failedOf(report)}`);
      assert.match(describeBet(report), /evidence/);
    });
  }

  test('of a seed that is not the one in the blob, chosen for its outcome', async () => {
    const file = bets.file(2);
    const { serverSeed, outcome } = receiptOf(file);
    const reports = await Promise.all(
      [1n, 2n, 3n, 4n, 5n, 6n].map((step) => bets.verify(bets.signed(file, { serverSeed: serverSeed + step }))),
    );
    for (const report of reports) {
      assert.equal(report.verdict, 'fraud');
      for (const check of ['seed-path', 'blob-bet']) assert.ok(failedOf(report).includes(check));
    }
    assert.ok(
      reports.some((report) => !failedOf(report).includes('outcome')),
      `a seed that gives ${outcome}`,
    );
  });

  test('of what was settled otherwise only with the proof of its batch', async () => {
    const file = bets.file(2);
    const { head, outcome } = receiptOf(file);
    const other = (1 - outcome) as 0 | 1;
    const serverSeed = [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n].find(
      (seed) => outcomeOf({ serverSeed: seed, head }) === other,
    ) as bigint;
    const payout = payoutOf({ stakeUnits: file.bet.stakeUnits, won: other === file.bet.choice, profitBps: 9_800 });
    const forged = bets.signed(file, { serverSeed, outcome: other, payout });
    found(await bets.verify(forged), { verdict: 'fraud', failed: ['seed-path', 'batch-bet', 'blob-bet'] });
    found(await bets.verify(forged, { blobs: undefined }), { verdict: 'invalid', failed: ['seed-path', 'batch-bet'] });
  });

  test('of a bet in whose place another was settled', async () => {
    const { bet, ...file } = bets.file(2);
    // Bettor and house can make this together at any time: the receipt is right by itself, and not what was settled.
    const other = { ...bet, clientSeed: bet.clientSeed + 1n };
    const report = await bets.verify(bets.signed({ bet: other, ...file }, { head: receiptOf(bets.file(2)).head + 1n }));
    assert.equal(report.verdict, 'fraud');
    assert.ok(failedOf(report).includes('blob-bet'));
  });

  test('but not if another key signed it, nor while the bet that it names is another', async () => {
    const file = bets.file(2);
    const payout = receiptOf(file).payout + 1n;
    found(await bets.verify(bets.signed(file, { payout }, STRANGER_SEED)), {
      verdict: 'invalid',
      failed: ['receipt-key', 'terms', 'blob-bet'],
    });
    assert.equal(
      (await bets.verify({ ...file, bet: { ...file.bet, choice: (1 - file.bet.choice) as 0 | 1 } })).verdict,
      'invalid',
    );
  });
});

describe('keys of the house', () => {
  /** Puts a stranger's key in the place of the house's, which is returned. */
  const key = (data: Uint8Array): Uint8Array => {
    const present = data.slice(RECEIPT_KEY_OFFSET, RECEIPT_KEY_OFFSET + 32);
    data.set(getAddressEncoder().encode(STRANGER as Address), RECEIPT_KEY_OFFSET);
    return present;
  };

  test('the one before the present one signs for it too', async () => {
    const file = bets.file(1);
    const chain = alter(bets.copy(), file.house, (data) => {
      data.set(key(data), RECEIPT_KEY_OFFSET + 32);
    });
    const rpc = { ...playBack(chain), signatures: () => assert.fail('the history is read') };
    assert.equal((await bets.verify(file, { rpc })).verdict, 'settled');
  });

  test('any earlier one is found in the history of the house, and a stranger’s is not', async () => {
    const file = bets.file(1);
    const chain = alter(bets.copy(), file.house, (data) => {
      key(data);
    });
    assert.equal((await bets.verify(file, { chain })).verdict, 'settled');
    found(await bets.verify(bets.signed(file, {}, STRANGER_SEED), { chain }), { verdict: 'invalid', failed: ['receipt-key'] });
  });

  test('any earlier one is found where the house filled the log of the change, so that its event is cut off', async () => {
    const file = bets.file(1);
    const chain = alter(bets.copy(), file.house, (data) => {
      key(data);
    });
    const program = file.program as Address;
    const accounts = [SENDER, file.house as Address];
    const changes = [
      { data: new ByteWriter().u8(19).u8(1).bytes(ed25519.getPublicKey(STRANGER_SEED)).finish(), slot: chain.slot - 1n },
      { data: new ByteWriter().u8(20).u8(1).finish(), slot: chain.slot },
    ];
    for (const { data, slot } of changes) {
      const { raw, signature } = signedTransaction({ program, calls: [{ accounts, data }], logs: ['Log truncated'], slot });
      chain.transactions.set(signature, raw);
      chain.listed.unshift({ signature, slot, failed: false });
    }
    const mine = bets.signed(file, {}, STRANGER_SEED);
    assert.equal((await bets.verify(mine, { chain })).verdict, 'settled');
    // What was announced and never came into force is not the house's key.
    chain.listed.shift();
    found(await bets.verify(mine, { chain }), { verdict: 'invalid', failed: ['receipt-key'] });
  });

  test('the house that is meant is the one that counts, and a file that names it itself is told so', async () => {
    const file = bets.file(1);
    const [meant, unnamed] = [await bets.verify(file, { house: file.house }), await bets.verify(file)];
    assert.deepEqual([meant.verdict, meant.houseGiven], ['settled', true]);
    assert.doesNotMatch(describeBet(meant), /make up/);
    // Anyone can deploy a program, or write accounts of their own, that settles whatever they like.
    assert.deepEqual([unnamed.verdict, unnamed.houseGiven], ['settled', false]);
    assert.match(describeBet(unnamed), /make up/);
    found(await bets.verify(file, { house: STRANGER }), { verdict: 'invalid', failed: ['house'] });
  });

  test('a receipt of another chain is not one of this', async () => {
    const chain = bets.copy();
    chain.genesisHash = STRANGER;
    found(await bets.verify(bets.file(1), { chain }), { verdict: 'invalid', failed: ['chain'] });
  });
});

describe('a bet that is not settled', () => {
  const unsettled = (options: { frozen: boolean; lastBet: number }) =>
    alter(bets.copy(), bets.file(3).vault, (data) => {
      data[LAST_BET_OFFSET] = options.lastBet;
      if (options.frozen) data[FROZEN_OFFSET] = 1;
    });

  test('is pending, and void once its owner has left by force', async () => {
    const file = bets.file(3);
    const pending = await bets.verify(file, { chain: unsettled({ frozen: false, lastBet: 2 }) });
    assert.deepEqual([pending.verdict, failedOf(pending), pending.settlement], ['pending', [], { state: 'pending' }]);
    const voided = await bets.verify(file, { chain: unsettled({ frozen: true, lastBet: 2 }) });
    assert.deepEqual([voided.verdict, failedOf(voided), voided.settlement], ['voided', [], { state: 'voided' }]);
    assert.equal((await bets.verify(file, { chain: unsettled({ frozen: true, lastBet: 3 }) })).verdict, 'settled');
  });

  test('under terms that the node does not show yet is no fraud: it may be behind', async () => {
    const file = bets.file(3);
    const chain = unsettled({ frozen: false, lastBet: 2 });
    for (const { address, data } of chain.accounts.values()) if (data.length === 96) chain.accounts.delete(address);
    found(await bets.verify(file, { chain }), { verdict: 'invalid', failed: ['terms'] });
  });

  test('still convicts the house of what it signed', async () => {
    const file = bets.signed(bets.file(3), { payout: 1n });
    found(await bets.verify(file, { chain: unsettled({ frozen: false, lastBet: 2 }) }), { verdict: 'fraud', failed: ['terms'] });
  });
});

describe('a node that lies', () => {
  const cases: [name: string, at: number, failed: BetCheckName][] = [
    ['of the outcomes', EVENT.outcomes, 'batch'],
    ['of the blob', EVENT.blobHash, 'batch'],
    ['of the batch number', EVENT.batchNumber, 'batch'],
    ['of the terms', EVENT.termsId + 1, 'batch'],
    ['with an event that is none', 0, 'settlement'],
    ['with an event of another house', 8, 'batch'],
  ];
  for (const [name, at, failed] of cases) {
    test(`${name} convicts itself, and not the house`, async () => {
      const file = bets.file(2);
      const report = await bets.verify(file, { chain: lieAbout(file, (event) => flipBit(event, at)) });
      assert.equal(report.verdict, 'invalid', describeBet(report));
      assert.ok(failedOf(report).includes(failed), `${failedOf(report)}`);
      assert.ok(report.checks.some(({ result, blame }) => result === 'failed' && blame === 'node'));
    });
  }

  test('of the terms’ odds shows by the proof', async () => {
    const file = bets.file(2);
    const terms = [...bets.chain.accounts.values()].find(({ data }) => data.length === 96)?.address as string;
    const report = await bets.verify(file, { chain: alter(bets.copy(), terms, (data) => flipBit(data, TERMS_PROFIT_OFFSET)) });
    assert.equal(report.verdict, 'invalid');
    assert.ok(failedOf(report).includes('proof'));
  });

  test('of a verifying key shows by its hash, or by the proof', async () => {
    const file = bets.file(2);
    for (const hashed of [false, true]) {
      const chain = bets.copy();
      for (const { address, data } of [...chain.accounts.values()].filter((account) => account.data.length === 672)) {
        alter(chain, address, (bytes) => {
          const key = data.slice(96);
          // Alpha and IC0 are both points of G1, so that this is a key, and another one.
          bytes.set(key.slice(448, 512), 96);
          bytes.set(key.slice(0, 64), 96 + 448);
          if (hashed) bytes.set(blobHashOf(bytes.slice(96)), 48);
        });
      }
      found(await bets.verify(file, { chain }), { verdict: 'invalid', failed: hashed ? ['proof'] : ['batch'] });
    }
  });

  test('of a key whose secret anyone knows is told what such a proof is worth', async () => {
    const file = bets.file(2);
    const chain = bets.copy();
    for (const { address } of [...chain.accounts.values()].filter(({ data }) => data.length === 672)) {
      alter(chain, address, (bytes) => {
        bytes.copyWithin(96 + 320, 96 + 192, 96 + 320);
        bytes.set(blobHashOf(bytes.slice(96)), 48);
      });
    }
    const report = await bets.verify(file, { chain });
    assert.equal(report.settlement?.state === 'settled' && report.settlement.keyWeakness, 'no-contribution');
    assert.match(describeBet(report), /PROVE NOTHING/);
    assert.doesNotMatch(describeBet(await bets.verify(file)), /PROVE NOTHING/);
  });

  test('by leaving the settling transaction out leaves the bet unchecked, and settled by its vault', async () => {
    const { settlement, ...file } = bets.file(2);
    const chain = bets.copy();
    chain.transactions.delete(settlement?.signature ?? '');
    found(await bets.verify({ ...file, settlement }, { chain }), { verdict: 'incomplete', failed: [] });
    chain.listed = chain.listed.filter(({ signature }) => signature !== settlement?.signature);
    found(await bets.verify({ ...file, settlement: undefined }, { chain }), { verdict: 'incomplete', failed: [] });
  });

  test('about its whole transaction can not sign it', async () => {
    const file = bets.file(2);
    const chain = bets.copy();
    const transaction = chain.transactions.get(file.settlement?.signature ?? '');
    assert.ok(transaction);
    flipBit(transaction.wire, transaction.wire.length - 1);
    found(await bets.verify(file, { chain }), { verdict: 'invalid', failed: ['settlement'] });
  });
});

describe('a blob', () => {
  test('that is not the one that the chain names is told apart, wherever it comes from', async () => {
    const file = bets.file(2);
    const blob = await bets.blobOf(file);
    const other = Uint8Array.from(blob);
    flipBit(other, blob.length - 1);
    const settlement = { ...(file.settlement as NonNullable<ReceiptFile['settlement']>), blob: other };
    found(await bets.verify({ ...file, settlement }), { verdict: 'invalid', failed: ['blob'] });
    const kept = await bets.verify(file, { blobs: { get: async () => other } });
    found(kept, { verdict: 'invalid', failed: ['blob'] });
    assert.equal(kept.checks.find(({ name }) => name === 'blob')?.blame, 'blobs');
  });

  test('that the node swaps together with its hash fails by the proof: the house is not convicted', async () => {
    const file = bets.file(2);
    const decoded = decodeBlob(await bets.blobOf(file));
    const run = decoded.runs.find(({ vault }) => blobIs(vault, file.vault));
    assert.ok(run);
    const index = 2 - Number(run.firstBet);
    run.bets[index] = { ...(run.bets[index] as (typeof run.bets)[number]), clientSeed: 7n };
    const blob = encodeBlob(decoded);
    const chain = lieAbout(file, (event) => event.set(blobHashOf(blob), EVENT.blobHash));
    const settlement = { ...(file.settlement as NonNullable<ReceiptFile['settlement']>), blobCid: blobCid(blobHashOf(blob)) };
    const report = await bets.verify({ ...file, settlement }, { chain, blobs: { get: async () => blob } });
    assert.equal(report.verdict, 'invalid', describeBet(report));
    for (const name of ['batch', 'blob-content', 'blob-bet']) assert.ok(failedOf(report).includes(name), name);
  });
});

function blobIs(vault: Uint8Array, address: string): boolean {
  return Buffer.from(vault).equals(Buffer.from(getAddressEncoder().encode(address as Address)));
}
