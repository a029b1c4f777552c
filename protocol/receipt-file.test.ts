// Would catch: a receipt file that reads in two ways, that loses something, or that a changed byte leaves readable as the same file.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { fromBase58 } from './base58.ts';
import { fromHex, toHex } from './bytes.ts';
import { FIELD_ORDER } from './field.ts';
import { ReceiptFileError } from './receipt-fields.ts';
import { parseReceiptFile, type ReceiptFile, receiptFileJson, receiptFileText } from './receipt-file.ts';

const ADDRESSES = ['11111111111111111111111111111111', 'So11111111111111111111111111111111111111112'] as const;
const SIGNATURE = '5VERv8NMvzbJMEkV8xnrLkEaWRtSz9CosKDYjCJjBRnbJLgp8uirBgmQpjKhoR4tjF3ZpRzrFmBV6UjKdiSZkQUW';
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const field = fc.bigInt({ min: 0n, max: FIELD_ORDER - 1n });
const address = fc.constantFrom(...ADDRESSES);
const number = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n });
const keyed = (length: number) => fc.record({ message: bytes(length), signature: bytes(64), key: address });
const files: fc.Arbitrary<ReceiptFile> = fc.record({
  ...{ genesisHash: address, program: address, house: address, owner: address, vault: address },
  bet: fc.record({
    betNumber: number,
    termsId: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    stakeUnits: fc.bigInt({ min: 1n, max: 2n ** 40n - 1n }),
    choice: fc.constantFrom<0 | 1>(0, 1),
    ...{ clientSeed: field, headBefore: field, sessionKey: bytes(64), signature: bytes(96) },
  }),
  receipt: keyed(213),
  seed: fc.record({ path: fc.array(bytes(32), { minLength: 8, maxLength: 8 }), commitment: keyed(148) }),
  settlement: fc.option(
    fc.record({
      ...{ batchNumber: number, signature: fc.constant(SIGNATURE), blobCid: fc.constant(`b${'a'.repeat(58)}`) },
      blob: fc.option(fc.uint8Array({ maxLength: 300 }), { nil: undefined }),
    }),
    { nil: undefined },
  ),
});
const sample = fc.sample(
  files.filter(({ settlement }) => settlement?.blob !== undefined),
  { numRuns: 1, seed: 7 },
)[0] as ReceiptFile;
const WRONG_FOR_ALL = ['x', `0${'f'.repeat(400)}`, 'F'.repeat(64), 0, -1, 1.5, 2 ** 53, [], {}, true];
const WRONG_BUT_FOR_THE_BLOB = ['', '00', null];
type Json = { [name: string]: Json } & unknown;
const refused = (text: string, code: string, field?: string) =>
  assert.throws(
    () => parseReceiptFile(text),
    (error) => error instanceof ReceiptFileError && error.code === code && (field === undefined || error.message.includes(field)),
    `${code} ${field}`,
  );
/** The paths of all values of a JSON value that are no objects. */
const leaves = (value: unknown, path: string[] = []): string[][] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, inner]) => leaves(inner, [...path, name]))
    : [path];
const withValue = (path: readonly string[], value: unknown): string => {
  const json = structuredClone(receiptFileJson(sample)) as unknown as Json;
  const parent = path.slice(0, -1).reduce((at, name) => at[name] as Json, json) as Record<string, unknown>;
  if (value === undefined) delete parent[path.at(-1) as string];
  else parent[path.at(-1) as string] = value;
  return JSON.stringify(json);
};

describe('a receipt file', () => {
  test('comes back as it was written, pretty or not', () => {
    fc.assert(
      fc.property(files.map(structuredClone<ReceiptFile>), (file) => {
        assert.deepEqual(parseReceiptFile(receiptFileText(file)), file);
        assert.deepEqual(parseReceiptFile(JSON.stringify(receiptFileJson(file))), file);
      }),
    );
  });

  test('with a field of another shape, or without it, is refused, and the field is named', () => {
    const paths = leaves(receiptFileJson(sample)).slice(2);
    assert.equal(paths.length, 31);
    for (const path of paths) {
      const isHash = path.at(-2) === 'path';
      const name = isHash ? 'path' : (path.at(-1) as string);
      const isBlob = name === 'blob';
      for (const wrong of isBlob ? WRONG_FOR_ALL : [...WRONG_FOR_ALL, ...WRONG_BUT_FOR_THE_BLOB]) {
        refused(withValue(path, wrong), 'BAD_FIELD', name);
      }
      if (!isHash) refused(withValue(path, undefined), 'BAD_FIELD', name);
    }
  });

  test('with a field more is refused, wherever it is', () => {
    for (const path of [['bet'], ['receipt'], ['seed'], ['seed', 'commitment']]) {
      refused(withValue(path, []), 'BAD_FIELD', path.at(-1));
      refused(withValue([...path, 'more'], 1), 'UNKNOWN_FIELD', `${path.join('.')}.more`);
    }
    refused(withValue(['more'], 1), 'UNKNOWN_FIELD', 'more');
    refused(withValue(['settlement', 'more'], 1), 'UNKNOWN_FIELD', 'settlement.more');
  });

  test('has no value outside its range', () => {
    const r = FIELD_ORDER.toString(16);
    refused(withValue(['bet', 'client_seed'], r), 'BAD_FIELD', 'bet.client_seed');
    refused(withValue(['bet', 'head_before'], r), 'BAD_FIELD', 'bet.head_before');
    refused(withValue(['bet', 'stake_units'], (2n ** 40n).toString()), 'BAD_FIELD', 'bet.stake_units');
    refused(withValue(['bet', 'bet_number'], (2n ** 64n).toString()), 'BAD_FIELD', 'bet.bet_number');
    refused(withValue(['bet', 'bet_number'], '0'), 'BAD_FIELD', 'bet.bet_number');
    refused(withValue(['settlement', 'blob'], 'ab'.repeat(100_001)), 'BAD_FIELD', 'settlement.blob');
    refused(`${' '.repeat(300_000)}${receiptFileText(sample)}`, 'TOO_LARGE');
  });

  test('has one form: no doubled key, no escape, no other order, no other number', () => {
    const text = JSON.stringify(receiptFileJson(sample));
    refused(text.replace('"version":1', '"version":1,"version":1'), 'NOT_CANONICAL');
    refused(text.replace('"version":1', '"version":1.0'), 'NOT_CANONICAL');
    refused(text.replace('"zk-', '"\\u007ak-'), 'NOT_CANONICAL');
    const { format, ...rest } = receiptFileJson(sample);
    refused(JSON.stringify({ ...rest, format }), 'NOT_CANONICAL');
    refused(`${text}x`, 'NOT_JSON');
    refused(text.slice(0, -1), 'NOT_JSON');
    refused('[]', 'BAD_FIELD');
    refused('{"format":"another"}', 'UNKNOWN_FORMAT');
    refused(text.replace('"version":1', '"version":2'), 'UNKNOWN_VERSION');
    refused(text.replace('"house":', '"__proto__":'), 'BAD_FIELD', 'house');
  });

  test('with any one character changed is refused or reads as another file', () => {
    const text = receiptFileText(sample);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.integer({ min: 32, max: 126 }), (at, code) => {
        const changed = `${text.slice(0, at)}${String.fromCharCode(code)}${text.slice(at + 1)}`;
        if (changed === text || changed.replaceAll(/\s/g, '') === text.replaceAll(/\s/g, '')) return;
        try {
          assert.notDeepEqual(parseReceiptFile(changed), sample);
        } catch (error) {
          assert.ok(error instanceof ReceiptFileError, String(error));
        }
      }),
      { numRuns: 3_000 },
    );
  });
});

test('base58 has one text for each value, of the asked length', () => {
  assert.equal(toHex(fromBase58('11111111111111111111111111111112', 32)), toHex(fromHex('01'.padStart(64, '0'), 32)));
  assert.equal(toHex(fromBase58('2NEpo7TZRRrLZSi2U', 12)), '48656c6c6f20576f726c6421');
  for (const text of [
    '1111111111111111111111111111112',
    '111111111111111111111111111111112',
    '',
    'x'.repeat(500),
    '0',
    'l',
    'O',
    'I',
    'é',
  ]) {
    assert.throws(() => fromBase58(text, 32), { name: 'ProtocolError' });
  }
});
