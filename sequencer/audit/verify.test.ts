// Would catch: an export that was changed and passes, a finding that does not say what is wrong, and a check that a hostile folder leads astray.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ed25519 } from '@noble/curves/ed25519.js';
import { ReceiptSigner } from '../admission/signer.ts';
import { addressOf } from '../ledger/addresses.ts';
import { AUDIT_KEY, AuditFixture, betTime } from '../test/audit-fixture.ts';
import type { FormatName } from './format.ts';
import { encodeManifest, type Manifest, signManifest } from './manifest.ts';
import { TABLES } from './tables.ts';
import { type ShownHouse, verifyAudit } from './verify.ts';

const OTHER_SEED = new Uint8Array(32).fill(9);
const OTHER_KEY = { signer: new ReceiptSigner(OTHER_SEED), receiptKey: ed25519.getPublicKey(OTHER_SEED) };
const FORMAT_NAMES = ['csv', 'jsonl', 'parquet'] as const;

describe('the check of an audit export', () => {
  let f: AuditFixture;
  let copies = 0;
  before(async () => {
    f = await new AuditFixture().open();
    for (const format of FORMAT_NAMES) await f.export(format, format);
    await f.export('small', 'csv', { range: { fromMs: 0, toMs: betTime(3) } });
  });
  after(() => f.close());

  const copyOf = (format: FormatName | 'small'): string => {
    copies += 1;
    const directory = f.out(`copy-${copies}`);
    cpSync(f.out(format), directory, { recursive: true });
    return directory;
  };
  const shown = (): ShownHouse => {
    const { genesisHash, program, house } = f.place;
    return { genesisHash, program, house, receiptKeys: [addressOf(AUDIT_KEY.receiptKey)] };
  };
  const found = async (directory: string, house: ShownHouse = shown()) => {
    const { findings } = await verifyAudit({ directory, houseOf: async () => house });
    return findings.map(({ kind, subject }) => `${kind} ${subject}`);
  };
  const flip = (path: string, offset: number) => {
    const bytes = readFileSync(path);
    bytes[offset] = (bytes[offset] as number) ^ 1;
    writeFileSync(path, bytes);
  };
  /** Writes a manifest that says something else, hashes and signature made to fit. */
  const rewrite = (directory: string, change: (manifest: Manifest) => void, key = AUDIT_KEY) => {
    const manifest = JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8')) as Manifest;
    for (const file of manifest.files) {
      const bytes = readFileSync(join(directory, file.name));
      Object.assign(file, { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
    }
    change(manifest);
    const bytes = encodeManifest(manifest);
    writeFileSync(join(directory, 'manifest.json'), bytes);
    writeFileSync(join(directory, 'signature.json'), signManifest(bytes, manifest, key));
  };

  test('finds nothing in one that is whole, and says who signed', async () => {
    for (const format of FORMAT_NAMES) {
      const { findings, signedBy, manifest } = await verifyAudit({ directory: f.out(format), houseOf: async () => shown() });
      assert.deepEqual(findings, [], format);
      assert.equal(signedBy, addressOf(AUDIT_KEY.receiptKey));
      assert.equal(manifest?.files.length, TABLES.length);
    }
  });

  test('names the file in which one bit was flipped, at its beginning, in the middle and at its end', async () => {
    for (const format of FORMAT_NAMES) {
      for (const name of readdirSync(f.out(format)).filter((one) => !one.endsWith('.json'))) {
        const { length } = readFileSync(join(f.out(format), name));
        for (const offset of [0, length >> 1, length - 1]) {
          const directory = copyOf(format);
          flip(join(directory, name), offset);
          assert.deepEqual(await found(directory), [`file-changed ${name}`], `${name} at ${offset}`);
          rmSync(directory, { recursive: true });
        }
      }
    }
  });

  test('finds flipped bits all over the manifest, by the signature if not before', async () => {
    const { length } = readFileSync(join(f.out('small'), 'manifest.json'));
    const directory = copyOf('small');
    const path = join(directory, 'manifest.json');
    for (let offset = 0; offset < length; offset += 5) {
      flip(path, offset);
      const kinds = await found(directory);
      const named = kinds.some((one) => one === 'signature-invalid signature.json' || one === 'manifest-malformed manifest.json');
      assert.ok(named, `byte ${offset}: ${kinds.join(', ')}`);
      flip(path, offset);
    }
    assert.deepEqual(await found(directory), []);
  });

  test('finds each byte of the signature file that was changed', async () => {
    const directory = copyOf('small');
    const path = join(directory, 'signature.json');
    const { length } = readFileSync(path);
    for (let offset = 0; offset < length; offset += 3) {
      const whole = readFileSync(path);
      flip(path, offset);
      const kinds = await found(directory);
      // White space between its members means nothing.
      if (kinds.length === 0) assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), JSON.parse(whole.toString()));
      writeFileSync(path, whole);
    }
  });

  test('names a file that is missing, is a link, was added, and a manifest or signature that is gone', async () => {
    for (const [what, act] of Object.entries<(directory: string) => void>({
      'file-missing bets.csv': (directory) => rmSync(join(directory, 'bets.csv')),
      'file-missing voided.csv': (directory) => {
        rmSync(join(directory, 'voided.csv'));
        symlinkSync(join(f.out('csv'), 'voided.csv'), join(directory, 'voided.csv'));
      },
      'file-added bets2.csv': (directory) => writeFileSync(join(directory, 'bets2.csv'), ''),
      'file-added bets.jsonl': (directory) => writeFileSync(join(directory, 'bets.jsonl'), ''),
      'unsigned signature.json': (directory) => rmSync(join(directory, 'signature.json')),
      'manifest-missing manifest.json': (directory) => rmSync(join(directory, 'manifest.json')),
    })) {
      const directory = copyOf('csv');
      act(directory);
      assert.deepEqual(await found(directory), [what]);
    }
    await assert.rejects(verifyAudit({ directory: f.out('nowhere') }), { code: 'CONFIG_INVALID' });
  });

  test('names a signature by another key, of another manifest, and a house that is not on the chain', async () => {
    const foreign = copyOf('csv');
    rewrite(foreign, () => {}, OTHER_KEY);
    assert.deepEqual(await found(foreign), ['foreign-signature signature.json']);
    const retired = { ...shown(), receiptKeys: [addressOf(AUDIT_KEY.receiptKey), addressOf(OTHER_KEY.receiptKey)] };
    assert.deepEqual(await found(foreign, retired), [], 'the key before the newest');
    const swapped = copyOf('csv');
    cpSync(join(f.out('jsonl'), 'signature.json'), join(swapped, 'signature.json'));
    assert.deepEqual(await found(swapped), ['signature-invalid signature.json']);
    for (const [name, value] of Object.entries({ house: addressOf(OTHER_SEED), program: addressOf(OTHER_SEED) })) {
      assert.deepEqual(await found(f.out('csv'), { ...shown(), [name]: value }), ['foreign-house manifest.json'], name);
    }
    const { genesisHash: _, ...place } = shown();
    const other = { ...place, genesisHash: addressOf(OTHER_SEED) };
    assert.deepEqual(await found(f.out('csv'), other), ['foreign-house manifest.json']);
  });

  test('takes no receipt for the signature of an export', async () => {
    const directory = copyOf('csv');
    const message = new Uint8Array(213).fill(1);
    message.set(Buffer.from('ZKCRCPT1'));
    const signature = {
      message: Buffer.from(message).toString('hex'),
      signature: Buffer.from(AUDIT_KEY.signer.sign(message)).toString('hex'),
      receipt_key: addressOf(AUDIT_KEY.receiptKey),
    };
    writeFileSync(join(directory, 'signature.json'), JSON.stringify(signature));
    assert.deepEqual(await found(directory), ['signature-invalid signature.json']);
  });

  test('adds up again what a signed manifest says: rows, sums, and what two files say of the same', async () => {
    for (const format of FORMAT_NAMES) {
      const rows = copyOf(format);
      rewrite(rows, ({ files }) => Object.assign(files[0] as object, { rows: 1 }));
      assert.deepEqual(await found(rows), [`rows-differ bets.${format}`]);
      const sums = copyOf(format);
      rewrite(sums, ({ totals }) => Object.assign(totals.bets as object, { staked: '1' }));
      assert.deepEqual(await found(sums), ['totals-differ bets.staked']);
    }
    const ties = copyOf('csv');
    const path = join(ties, 'batch_runs.csv');
    const lines = readFileSync(path, 'utf8').split('\r\n');
    writeFileSync(path, [lines[0], lines[1], ''].join('\r\n'));
    rewrite(ties, ({ files, totals }) => {
      const file = files.find(({ table }) => table === 'batch_runs');
      Object.assign(file as object, { rows: 1 });
      Object.assign(totals.batch_runs as object, { bets: '2' });
    });
    assert.deepEqual(await found(ties), ['totals-differ batches.bets', 'totals-differ batches.vaults']);
  });

  test('says what is malformed in a file that a signed manifest vouches for', async () => {
    for (const [format, text, message] of [
      ['csv', 'a,b\r\n', /header/],
      ['csv', '', /no header/],
      ['jsonl', '{"vault":"x"}\n', /members/],
      ['jsonl', 'null', /no end/],
      ['jsonl', 'null\n', /no object/],
      ['parquet', 'PAR1', /./],
    ] as const) {
      const directory = copyOf(format);
      writeFileSync(join(directory, `bets.${format}`), text);
      rewrite(directory, () => {});
      const { findings } = await verifyAudit({ directory });
      assert.deepEqual(
        findings.map(({ kind, subject }) => `${kind} ${subject}`),
        [`file-malformed bets.${format}`],
      );
      assert.match(findings[0]?.message as string, message);
    }
    const twice = copyOf('jsonl');
    writeFileSync(join(twice, 'configurations.jsonl'), '{"entry":"1","time":1,"time":7000,"settings":"{}"}\n');
    rewrite(twice, () => {});
    assert.deepEqual(await found(twice), ['file-malformed configurations.jsonl']);
    const quotes = ['"a"b', 'a"b', '"a', 'a\rb', 'a\nb'];
    for (const broken of quotes) {
      const directory = copyOf('csv');
      const path = join(directory, 'configurations.csv');
      writeFileSync(path, `entry,time,settings\r\n1,2,${broken}\r\n`);
      rewrite(directory, () => {});
      assert.deepEqual(await found(directory), ['file-malformed configurations.csv'], broken);
    }
  });

  test('is led to no file outside of the folder, and no table is left out in silence', async () => {
    for (const change of [
      ({ files }: Manifest) => Object.assign(files[0] as object, { name: '../csv/bets.csv' }),
      ({ files }: Manifest) => Object.assign(files[0] as object, { name: 'signature.json' }),
      ({ files }: Manifest) => files.push(files[0] as Manifest['files'][0]),
      ({ files }: Manifest) => files.pop(),
      ({ files }: Manifest) => Object.assign(files[0] as object, { columns: 2 }),
      ({ absent }: Manifest) => absent.push('bets'),
      ({ files, absent }: Manifest) => absent.push((files.shift() as Manifest['files'][0]).table),
      ({ totals }: Manifest) => Object.assign(totals, { profit: { all: '1' } }),
      ({ totals }: Manifest) => Object.assign(totals.bets as object, { profit: '1' }),
      (manifest: Manifest) => Object.assign(manifest, { format: '__proto__' }),
      (manifest: Manifest) => Object.assign(manifest, { totals: null }),
    ]) {
      const directory = copyOf('csv');
      rewrite(directory, change as (manifest: Manifest) => void);
      assert.deepEqual(await found(directory), ['manifest-malformed manifest.json'], change.toString());
    }
  });

  test('takes no manifest that says one thing to one reader and another to the next', async () => {
    const directory = copyOf('csv');
    const path = join(directory, 'manifest.json');
    const text = readFileSync(path, 'utf8');
    const manifest = JSON.parse(text) as Manifest;
    for (const twice of [
      text.replace('"format"', '"from": 5,\n  "format"'),
      text.replace('"staked": "', '"staked": "7",\n      "staked": "'),
      text.replace(/"to": (\d+)/, '"to": $1.0'),
    ]) {
      assert.notEqual(twice, text);
      assert.deepEqual(JSON.parse(twice), manifest);
      const bytes = new TextEncoder().encode(twice);
      writeFileSync(path, bytes);
      writeFileSync(join(directory, 'signature.json'), signManifest(bytes, manifest, AUDIT_KEY));
      assert.deepEqual(await found(directory), ['manifest-malformed manifest.json']);
    }
  });
});
