// Would catch: a good receipt that does not verify, and a changed byte of a receipt file that goes unnoticed or is named as something else.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { useKernel } from '../../protocol/kernel.ts';
import { ReceiptFileError } from '../../protocol/receipt-fields.ts';
import { parseReceiptFile, type ReceiptFile, receiptFileJson, receiptFileText } from '../../protocol/receipt-file.ts';
import { NATIVE_KERNEL } from '../../sequencer/prover/native-kernel.ts';
import { connectChain } from '../rpc.ts';
import { BetWorld, failedOf } from '../test/bet-world.ts';
import { BET_CHECKS, type BetCheck, type BetCheckName } from './checks.ts';
import { betReportJson, describeBet } from './describe.ts';

const BETS = 5;
const ALL = Object.keys(BET_CHECKS) as BetCheckName[];
const byName = (a: BetCheck, b: BetCheck) => ALL.indexOf(a.name) - ALL.indexOf(b.name);
const STRANGER = 'So11111111111111111111111111111111111111112';

let bets: BetWorld;
before(async () => {
  useKernel(NATIVE_KERNEL);
  bets = await BetWorld.open(BETS);
});
after(() => bets.close());

/** A file with another value at a path, as text. */
function changed(file: ReceiptFile, path: string, value: (old: string) => unknown): string {
  const json = structuredClone(receiptFileJson(file)) as unknown as Record<string, unknown>;
  const names = path.split('.');
  const parent = names.slice(0, -1).reduce((at, name) => at[name] as Record<string, unknown>, json);
  const last = names.at(-1) as string;
  parent[last] = value(String(parent[last]));
  return JSON.stringify(json);
}
const flip = (hex: string, at = hex.length - 1) =>
  `${hex.slice(0, at)}${(Number.parseInt(hex[at] as string, 16) ^ 1).toString(16)}${hex.slice(at + 1)}`;

describe('a receipt that holds', () => {
  test('is settled, whoever exported it and wherever the blob comes from, by a node as by its recording', async () => {
    const rpc = connectChain({ url: bets.world.node.url });
    for (const [bettor, files] of bets.files.entries()) {
      for (const file of files) {
        const report = await bets.verify(file, { rpc });
        assert.deepEqual([report.verdict, failedOf(report)], ['settled', []], JSON.stringify(betReportJson(report)));
        assert.deepEqual(
          report.checks.filter(({ result }) => result !== 'passed'),
          [],
        );
        assert.deepEqual(
          report.checks.map(({ name }) => name),
          ALL,
        );
        assert.equal(report.betId, bets.world.answered[bettor]?.[Number(file.bet.betNumber) - 1]?.head);
        const own = await bets.world.clients[bettor]?.receiptFile(file.bet.betNumber);
        assert.deepEqual({ ...own, settlement: file.settlement }, file);
        const withBlob = { ...file, settlement: { ...file.settlement!, blob: await bets.blobOf(file) } };
        assert.equal((await bets.verify(withBlob, { blobs: undefined })).verdict, 'settled');
      }
    }
  });

  test('is found without a hint, by bisection, and past a transaction that anyone could have sent', async () => {
    const chain = bets.copy();
    const [newest] = chain.listed;
    const truncated = chain.transactions.get(newest?.signature ?? '');
    assert.ok(newest && truncated);
    for (const [index, { signature, slot }] of bets.chain.listed.entries()) {
      const spam = `${signature.slice(0, -4)}spam`;
      chain.listed.splice(2 * index, 0, { signature: spam, slot, failed: false });
      chain.transactions.set(spam, { ...truncated, logs: ['Log truncated'] });
    }
    const places: string[] = [];
    for (let betNumber = 1; betNumber <= BETS; betNumber += 1) {
      const { settlement, ...file } = bets.file(betNumber);
      const report = await bets.verify({ ...file, settlement: undefined }, { chain });
      assert.equal(report.verdict, 'settled', describeBet(report));
      assert.ok(report.settlement?.state === 'settled' && report.settlement.signature === settlement?.signature);
      places.push(report.settlement.signature);
    }
    assert.ok(new Set(places).size > 1, 'the bets lie in several batches');
  });

  test('is described with what its bettor knows of it, and as JSON', async () => {
    const report = await bets.verify(bets.file(2));
    const text = describeBet(report);
    const json = betReportJson(report);
    const answer = bets.world.answered[1]?.[1];
    for (const part of [
      '100000 base units on heads',
      answer?.outcome,
      answer?.won ? 'won' : 'lost',
      `payout ${answer?.payout}`,
    ]) {
      assert.ok(text.includes(String(part)), text);
    }
    assert.ok(text.includes(`in batch ${json.settlement && 'batch' in json.settlement && json.settlement.batch}`));
    assert.equal(text.split('\n').filter((line) => line.startsWith('  ✓')).length, ALL.length);
    assert.deepEqual([json.verdict, json.failed, json.receipt?.payout], ['settled', [], answer?.payout.toString()]);
    JSON.stringify(json);
  });

  test('is told check by check, each once it is decided, with what was held against what', async () => {
    const told: BetCheck[] = [];
    let asked = 0;
    const blobs = { get: (hash: Uint8Array) => bets.blobs.get(hash).finally(() => (asked = told.length)) };
    const report = await bets.verify(bets.file(1), { blobs, onCheck: (check) => told.push(check) });
    assert.deepEqual([...told].sort(byName), [...report.checks].sort(byName));
    assert.ok(asked > ALL.indexOf('settlement') && asked < ALL.length, 'those before the blob are told before it is there');
    for (const { name, compared } of told)
      assert.ok(Object.values(compared).every(Boolean) && Object.keys(compared).length > 0, name);
    const flipped = changed(bets.file(1), 'bet.client_seed', (old) => flip(old));
    const wrong = (await bets.verify(flipped)).checks.find(({ name }) => name === 'head');
    assert.notEqual(wrong?.compared['the bet leads to head'], wrong?.compared['the receipt has']);
  });

  test('shows what it shows without a node, without a blob, and where its blob is not', async () => {
    const file = bets.file(1);
    const alone = await bets.verify(file, { rpc: undefined });
    const skipped = (report: typeof alone) => report.checks.filter(({ result }) => result === 'skipped').map(({ name }) => name);
    assert.deepEqual(
      [alone.verdict, skipped(alone), alone.settlement],
      ['incomplete', ALL.slice(ALL.indexOf('chain')), undefined],
    );
    const blobless: BetCheckName[] = ['blob', 'blob-content', 'blob-bet', 'session-key', 'proof'];
    for (const blobs of [undefined, { get: async () => undefined }]) {
      const report = await bets.verify(file, { blobs });
      assert.deepEqual([report.verdict, skipped(report), failedOf(report)], ['incomplete', blobless, []]);
    }
  });
});

describe('a changed file', () => {
  const number = (text: string) => (BigInt(text) + 1n).toString();
  const cases: [path: string, change: (old: string) => unknown, expected: BetCheckName[]][] = [
    ['genesis_hash', () => STRANGER, ['chain', 'receipt-place', 'seed-commitment', 'head', 'session-signature']],
    ['program', () => STRANGER, ['vault-address', 'house']],
    ['house', () => STRANGER, ['vault-address', 'house', 'receipt-place', 'seed-commitment']],
    ['owner', () => STRANGER, ['vault-address', 'vault']],
    ['vault', () => STRANGER, ['vault-address', 'vault', 'receipt-place', 'seed-commitment', 'head', 'session-signature']],
    ['bet.bet_number', number, ['head', 'receipt-bet', 'session-signature', 'seed-path']],
    ['bet.terms_id', () => 2, ['head', 'receipt-bet', 'session-signature', 'seed-commitment']],
    ['bet.stake_units', number, ['head', 'receipt-bet', 'session-signature']],
    ['bet.choice', (old) => (old === 'heads' ? 'tails' : 'heads'), ['head', 'session-signature', 'terms']],
    ['bet.client_seed', (old) => flip(old), ['head', 'session-signature']],
    ['bet.head_before', (old) => flip(old), ['head', 'session-signature']],
    ['bet.session_key', (old) => flip(old), ['session-signature', 'session-key']],
    ['bet.signature', (old) => flip(old), ['session-signature']],
    ['receipt.message', (old) => flip(old, 2 * 205), ['receipt-signature']],
    ['receipt.message', (old) => flip(old, 0), ['receipt-signature', 'receipt-message']],
    ['receipt.message', (old) => flip(old, 2 * 104 + 1), ['receipt-signature', 'receipt-bet']],
    ['receipt.message', (old) => flip(old, 2 * 181 + 1), ['receipt-signature', 'receipt-bet', 'blob-bet']],
    ['receipt.message', (old) => flip(old, 2 * 189 + 1), ['receipt-signature', 'terms', 'blob-bet']],
    ['receipt.message', (old) => flip(old, 2 * 180 + 1), ['receipt-signature', 'outcome', 'batch-bet', 'blob-bet', 'terms']],
    ['receipt.signature', (old) => flip(old), ['receipt-signature']],
    ['receipt.key', () => STRANGER, ['receipt-signature', 'receipt-key']],
    ['seed.path.0', (old) => flip(old), ['seed-path']],
    ['seed.path.7', (old) => flip(old), ['seed-path']],
    ['seed.commitment.message', (old) => flip(old), ['seed-commitment', 'seed-path']],
    ['seed.commitment.signature', (old) => flip(old), ['seed-commitment']],
    ['seed.commitment.key', () => STRANGER, ['seed-commitment', 'receipt-key']],
    ['settlement.batch', number, ['hints']],
    ['settlement.signature', () => '1'.repeat(64), ['hints']],
    ['settlement.blob_cid', (old) => `b${'a'.repeat(old.length - 1)}`, ['hints']],
    ['settlement.blob', () => '00', ['blob']],
  ];
  for (const [path, change, expected] of cases) {
    test(`in ${path} fails: ${expected.join(', ')}`, async () => {
      const report = await bets.verify(changed(bets.file(3), path, change));
      const failed = failedOf(report);
      assert.equal(report.verdict, 'invalid', describeBet(report));
      for (const name of expected) assert.ok(failed.includes(name), `${name} is not among ${failed}`);
    });
  }

  test('covers every field, but for the format, whose change is refused', () => {
    const paths = new Set(cases.map(([path]) => path.replace(/path\.\d/, 'path')));
    const json = receiptFileJson(bets.file(3));
    const leaves = (value: object, at = ''): string[] =>
      Object.entries(value).flatMap(([name, inner]) =>
        typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? leaves(inner, `${at}${name}.`) : [`${at}${name}`],
      );
    assert.deepEqual(
      [...paths].sort(),
      leaves(json)
        .filter((path) => path !== 'format' && path !== 'version')
        .sort(),
    );
  });

  test('in any byte of any hex field never verifies', async () => {
    const file = bets.file(4);
    const text = receiptFileText({ ...file, settlement: { ...file.settlement!, blob: await bets.blobOf(file) } });
    const digits = [...text.matchAll(/"([0-9a-f]{64,})"/g)].flatMap((match) =>
      Array.from({ length: (match[1] as string).length }, (_, index) => match.index + 1 + index),
    );
    const digit = fc.constantFrom(...digits);
    await fc.assert(
      fc.asyncProperty(digit, fc.integer({ min: 1, max: 15 }), async (at, change) => {
        const old = Number.parseInt(text[at] as string, 16);
        const altered = `${text.slice(0, at)}${(old ^ change).toString(16)}${text.slice(at + 1)}`;
        try {
          const report = await bets.verify(altered);
          assert.equal(report.verdict, 'invalid');
          assert.ok(failedOf(report).length > 0);
        } catch (error) {
          // A field element at or above the field's order.
          assert.ok(error instanceof ReceiptFileError && error.code === 'BAD_FIELD', String(error));
        }
      }),
      { numRuns: 80 },
    );
  });

  test('of another bet’s parts fails, each part being good', async () => {
    const [mine, other] = [bets.file(2), bets.file(3)];
    const stranger = structuredClone(bets.files[0]?.[1] as ReceiptFile);
    const mixes: [ReceiptFile, BetCheckName][] = [
      [{ ...mine, receipt: other.receipt }, 'head'],
      [{ ...mine, bet: other.bet }, 'head'],
      [{ ...mine, seed: { ...mine.seed, path: other.seed.path } }, 'seed-path'],
      [{ ...mine, seed: stranger.seed }, 'seed-commitment'],
      [{ ...mine, receipt: stranger.receipt }, 'receipt-place'],
      [{ ...stranger, owner: mine.owner, vault: mine.vault }, 'receipt-place'],
      [{ ...mine, bet: { ...mine.bet, sessionKey: stranger.bet.sessionKey } }, 'session-signature'],
    ];
    for (const [file, name] of mixes) {
      const report = await bets.verify(file);
      assert.equal(report.verdict, 'invalid');
      assert.ok(failedOf(report).includes(name), `${name}: ${failedOf(report)}`);
    }
  });

  test('that is no receipt file is refused with a code', async () => {
    await assert.rejects(bets.verify('{}'), { name: 'ReceiptFileError', code: 'BAD_FIELD' });
    await assert.rejects(bets.verify(receiptFileText(bets.file(1)).slice(1)), { code: 'NOT_JSON' });
    assert.ok(parseReceiptFile(receiptFileText(bets.file(1))));
  });
});
