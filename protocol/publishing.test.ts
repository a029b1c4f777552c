import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { base16 } from 'multiformats/bases/base16';
import { base32, base32upper } from 'multiformats/bases/base32';
import { base58btc } from 'multiformats/bases/base58';
import { CID } from 'multiformats/cid';
import * as raw from 'multiformats/codecs/raw';
import { create as multihash } from 'multiformats/hashes/digest';
import { type PublicBatch, publicInput } from './batch.ts';
import { blobCid, blobHashOf, blobHashOfCid, decodeBlob, encodeBlob, MAX_BLOB_BYTES } from './blob.ts';
import { fieldToHex, fromHex, toHex } from './bytes.ts';
import { FIELD_ORDER } from './field.ts';
import {
  decodeAuditManifest,
  decodeLimit,
  decodeReceipt,
  decodeRefusal,
  decodeSeedCommitment,
  encodeAuditManifest,
  encodeLimit,
  encodeReceipt,
  encodeRefusal,
  encodeSeedCommitment,
  verifyMessage,
} from './messages.ts';
import { seedPath, seedRangeOf, seedRoot, seedTree, verifySeed } from './seed-commitment.ts';

const vector = (name: string) => JSON.parse(readFileSync(new URL(`vectors/${name}.json`, import.meta.url), 'utf8'));
const refuses = (code: string, act: () => unknown) => assert.throws(act, { name: 'ProtocolError', code });
const bytes = (text: string) => fromHex(text, text.length / 2);

describe('messages of the receipt key', () => {
  const golden = vector('messages');
  const kinds = [
    { name: 'receipt', length: 213, encode: encodeReceipt, decode: decodeReceipt },
    { name: 'limit', length: 124, encode: encodeLimit, decode: decodeLimit },
    { name: 'refusal', length: 146, encode: encodeRefusal, decode: decodeRefusal },
    { name: 'seedCommitment', length: 148, encode: encodeSeedCommitment, decode: decodeSeedCommitment },
    { name: 'auditManifest', length: 120, encode: encodeAuditManifest, decode: decodeAuditManifest },
  ] as const;

  test('the golden bytes come back through decode and encode', () => {
    for (const { name, length, encode, decode } of kinds) {
      const message = bytes(golden[name]);
      assert.equal(message.length, length, name);
      assert.equal(toHex((encode as (value: unknown) => Uint8Array)(decode(message))), golden[name]);
    }
  });

  test('one kind is never read as another, and no byte may be missing or left over', () => {
    for (const { name, decode } of kinds) {
      for (const other of kinds) {
        if (other.name !== name) refuses('BAD_TAG', () => decode(bytes(golden[other.name])));
      }
      refuses('BAD_LENGTH', () => decode(bytes(golden[name]).subarray(0, -1)));
      refuses('BAD_LENGTH', () => decode(bytes(`${golden[name]}00`)));
    }
  });

  test('decoding leaves the bytes alone, a Buffer too, whose slices share memory', () => {
    for (const { name, decode } of kinds) {
      const message = Buffer.from(golden[name], 'hex');
      const first = decode(message);
      assert.deepEqual(decode(message), first);
      assert.equal(message.toString('hex'), golden[name]);
    }
  });

  test('values beyond their layout are refused', () => {
    const receipt = decodeReceipt(bytes(golden.receipt));
    refuses('NOT_CANONICAL', () => encodeReceipt({ ...receipt, stake: 1n << 64n }));
    refuses('NOT_CANONICAL', () => encodeReceipt({ ...receipt, head: FIELD_ORDER }));
    const wrong = bytes(golden.receipt);
    wrong[180] = 2;
    refuses('BAD_VALUE', () => decodeReceipt(wrong));
    refuses('BAD_VALUE', () => decodeRefusal(encodeRefusal({ ...decodeRefusal(bytes(golden.refusal)), code: 99 })));
  });

  test('a signature holds for its message and key alone', () => {
    const secret = new Uint8Array(32).fill(5);
    const receiptKey = ed25519.getPublicKey(secret);
    const message = bytes(golden.receipt);
    const signature = ed25519.sign(message, secret);
    assert.ok(verifyMessage({ receiptKey, signature, message }));
    assert.ok(!verifyMessage({ receiptKey, signature, message: bytes(golden.limit) }));
    assert.ok(!verifyMessage({ receiptKey: ed25519.getPublicKey(message.subarray(0, 32)), signature, message }));
    assert.ok(!verifyMessage({ receiptKey, signature: signature.subarray(1), message }));
  });
});

describe('revealed seeds', () => {
  const seeds = Array.from({ length: 256 }, (_, index) => BigInt(index) + 1n);
  const tree = seedTree(seeds);

  test('each bet of a range has a path to the root, which fits no other bet or seed', () => {
    const root = seedRoot(tree);
    for (const betNumber of [257n, 258n, 400n, 511n, 512n]) {
      const serverSeed = seeds[Number(betNumber - 257n)] as bigint;
      const path = seedPath(tree, betNumber);
      assert.ok(verifySeed({ root, betNumber, serverSeed, path }));
      assert.ok(!verifySeed({ root, betNumber: betNumber === 512n ? 511n : betNumber + 1n, serverSeed, path }));
      assert.ok(!verifySeed({ root, betNumber, serverSeed: serverSeed + 1n, path }));
      assert.ok(!verifySeed({ root, betNumber, serverSeed, path: path.slice(1) }));
    }
  });

  test('ranges are 1..256, 257..512 and so on', () => {
    assert.deepEqual([1n, 256n, 257n, 512n, 513n].map(seedRangeOf), [0n, 0n, 1n, 1n, 2n]);
    refuses('BAD_VALUE', () => seedRangeOf(0n));
    refuses('BAD_LENGTH', () => seedTree([1n]));
  });
});

describe('batches and blobs', () => {
  for (const golden of vector('batches')) {
    const blob = bytes(golden.blob);
    const batch: PublicBatch = {
      batchNumber: BigInt(golden.batchNumber),
      termsId: golden.termsId,
      profitBps: golden.profitBps,
      vrfCommitment: BigInt(`0x${golden.vrfCommitment}`),
      blobHash: bytes(golden.blobHash),
      outcomes: golden.outcomes,
      runs: golden.runs.map((run: Record<string, string> & { bets: unknown[] }) => ({
        accountId: BigInt(`0x${run.accountId}`),
        sessionKeyHash: BigInt(`0x${run.sessionKeyHash}`),
        start: BigInt(run.start as string),
        after: BigInt(run.after as string),
        firstBet: BigInt(run.firstBet as string),
        betCount: run.bets.length,
      })),
    };

    test(`${golden.name}: the public input is pinned and every field of it counts`, () => {
      const input = (changed: Partial<PublicBatch>) => publicInput({ ...batch, ...changed }, golden.maxVaults);
      assert.equal(fieldToHex(input({})), golden.publicInput);
      const run = batch.runs[0] as PublicBatch['runs'][number];
      const changes: Partial<PublicBatch>[] = [
        { batchNumber: 43n },
        { termsId: 4 },
        { profitBps: 9_801 },
        { vrfCommitment: 1n },
        { blobHash: new Uint8Array(32) },
        { outcomes: batch.outcomes.map((bit, row) => (row === 0 ? (bit ? 0 : 1) : bit)) },
        ...(['accountId', 'sessionKeyHash', 'start', 'after', 'firstBet'] as const).map((name) => ({
          runs: [{ ...run, [name]: run[name] + 1n }, ...batch.runs.slice(1)],
        })),
        { runs: [{ ...run, betCount: run.betCount + 1 }, ...batch.runs.slice(1)] },
      ];
      const seen = new Set([input({}), ...changes.map(input)]);
      assert.equal(seen.size, changes.length + 1);
      refuses('BAD_VALUE', () => publicInput({ ...batch, runs: Array(5).fill(run) }, 4));
      refuses('NOT_CANONICAL', () => input({ runs: [{ ...run, after: 1n << 64n }] }));
    });

    test(`${golden.name}: the blob comes back, and hash and CID are pinned`, () => {
      assert.equal(toHex(encodeBlob(decodeBlob(blob))), golden.blob);
      assert.equal(toHex(blobHashOf(blob)), golden.blobHash);
      assert.equal(blobCid(blobHashOf(blob)), golden.cid);
    });

    test(`${golden.name}: a changed byte is refused or decodes to other bytes`, () => {
      fc.assert(
        fc.property(fc.nat(blob.length - 1), fc.integer({ min: 1, max: 255 }), (offset, flip) => {
          const changed = blob.slice();
          changed[offset] = (changed[offset] as number) ^ flip;
          try {
            assert.equal(toHex(encodeBlob(decodeBlob(changed))), toHex(changed));
          } catch (error) {
            assert.equal((error as Error).name, 'ProtocolError');
          }
        }),
      );
    });
  }

  test('runs out of order, twice the same vault and empty runs are refused', () => {
    const blob = decodeBlob(bytes(vector('batches')[1].blob));
    refuses('BAD_VALUE', () => encodeBlob({ ...blob, runs: blob.runs.toReversed() }));
    refuses('BAD_VALUE', () => encodeBlob({ ...blob, runs: [blob.runs[0], blob.runs[0]] as typeof blob.runs }));
    refuses('BAD_VALUE', () => encodeBlob({ ...blob, runs: [] }));
    refuses('BAD_VALUE', () => encodeBlob({ ...blob, runs: blob.runs.map((run) => ({ ...run, bets: [] })) }));
  });

  test('the longest blob is as long as the limit that readers keep', () => {
    const blob = decodeBlob(bytes(vector('batches')[1].blob));
    const [run] = blob.runs as [(typeof blob.runs)[number]];
    const runs = Array.from({ length: 250 }, (_, index) => {
      const vault = Uint8Array.from(run.vault).fill(index, 0, 1);
      return { ...run, vault, bets: run.bets.slice(0, 1) };
    });
    assert.equal(encodeBlob({ ...blob, runs }).length, MAX_BLOB_BYTES);
  });
});

describe("a blob's CID", () => {
  const hashes = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const cidOf = (hash: Uint8Array) => CID.createV1(raw.code, multihash(0x12, hash));

  test('is what another implementation makes of the hash, and gives the hash back', () => {
    fc.assert(
      fc.property(hashes, (hash) => {
        assert.equal(blobCid(hash), cidOf(hash).toString(base32));
        assert.deepEqual(blobHashOfCid(blobCid(hash)), hash);
      }),
    );
  });

  test('has one spelling: other versions, codecs, hashes and bases are refused', () => {
    const hash = blobHashOf(Uint8Array.of(1, 2, 3));
    const cid = blobCid(hash);
    const digest = multihash(0x12, hash);
    refuses('BAD_LENGTH', () => blobHashOfCid(CID.createV0(multihash(0x12, hash) as never).toString()));
    refuses('BAD_VALUE', () => blobHashOfCid(CID.createV1(0x70, digest).toString()));
    refuses('BAD_VALUE', () => blobHashOfCid(CID.createV1(raw.code, multihash(0x1b, hash)).toString()));
    refuses('BAD_VALUE', () => blobHashOfCid(CID.createV1(raw.code, digest).toString(base32upper)));
    refuses('BAD_LENGTH', () => blobHashOfCid(CID.createV1(raw.code, digest).toString(base16)));
    refuses('BAD_LENGTH', () => blobHashOfCid(CID.createV1(raw.code, digest).toString(base58btc)));
    for (const text of ['', 'b', cid.slice(0, -1), `${cid}a`, ` ${cid}`, `${cid}=`])
      refuses('BAD_LENGTH', () => blobHashOfCid(text));
    for (const text of [
      `B${cid.slice(1)}`,
      cid.replace('k', 'K'),
      cid.replace('k', '1'),
      cid.replace('k', 'é'),
      `/${cid.slice(1)}`,
    ]) {
      refuses('BAD_VALUE', () => blobHashOfCid(text));
    }
  });

  test('has no second spelling in the bits that its last character leaves over', () => {
    const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
    fc.assert(
      fc.property(hashes, (hash) => {
        const cid = blobCid(hash);
        const last = alphabet.indexOf(cid.at(-1) as string);
        assert.equal(last % 4, 0);
        for (const over of [1, 2, 3]) refuses('NOT_CANONICAL', () => blobHashOfCid(cid.slice(0, -1) + alphabet[last + over]));
      }),
    );
  });

  test('never comes from anything but itself, whatever is changed in it', () => {
    fc.assert(
      fc.property(hashes, fc.nat(58), fc.string({ minLength: 1, maxLength: 1 }), (hash, at, char) => {
        const changed = blobCid(hash).slice(0, at) + char + blobCid(hash).slice(at + 1);
        try {
          assert.equal(blobCid(blobHashOfCid(changed)), changed);
        } catch (error) {
          assert.equal((error as Error).name, 'ProtocolError');
        }
      }),
    );
  });
});
