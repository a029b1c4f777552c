// Would catch: tables of another key or damaged ones in use, a cache that is never hit, a load that fails for the cache's sake.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { developmentSetup, Prover, verifyGroth16 } from './index.ts';
import { g1OffCurve } from './test/bad-points.ts';
import {
  multiplierR1cs,
  multiplierWitness,
  readSections,
  stopReferenceThreads,
  toBytes,
  withCode,
  withSection,
} from './test/fixtures.ts';

const HEADER_BYTES = 40;
/** With windows of 8 bits each base has a point for each of 32 windows, and no table here has more than one chunk. */
const WINDOW_BITS = 8;
const WINDOWS = 32;
const CONTRIBUTIONS = 10;

let zkey: Uint8Array;
let otherZkey: Uint8Array;
let witness: Uint8Array;
let tableCache: string;
const folders: string[] = [];

before(async () => {
  zkey = await developmentSetup(multiplierR1cs);
  otherZkey = withSection(zkey, CONTRIBUTIONS, (content) => content.with(0, 1));
  witness = await multiplierWitness({ x: 3n, y: 5n });
});
beforeEach(() => {
  tableCache = join(mkdtempSync(join(tmpdir(), 'table-cache-')), 'made', 'on-demand');
  folders.push(tableCache);
});
after(async () => {
  for (const folder of folders) rmSync(join(folder, '..', '..'), { recursive: true, force: true });
  await stopReferenceThreads();
});

const load = (bytes = zkey) => Prover.load(bytes, { tableCache, windowBits: WINDOW_BITS, threadsPerProof: 2 });

async function proves(prover: Prover): Promise<void> {
  const { verifyingKey } = prover;
  assert.equal(verifyGroth16({ verifyingKey, ...(await prover.prove(witness)) }), true);
}

/** The one file of the cache. */
function cacheFile(): string {
  const [name, ...others] = readdirSync(tableCache);
  assert(name !== undefined && others.length === 0, 'one file');
  return join(tableCache, name);
}

/** Loads, expecting a build, then expects the file to be whole. */
async function isBuiltAnew(detail: string): Promise<void> {
  assert.equal((await load()).tablesFrom, 'built', detail);
  assert.equal((await load()).tablesFrom, 'cache', detail);
}

test('the second load takes the tables from the cache and proves the same', async () => {
  const built = await load();
  const cached = await load();
  assert.deepEqual([built.tablesFrom, cached.tablesFrom], ['built', 'cache']);
  assert.deepEqual(cached.verifyingKey, built.verifyingKey);
  assert.equal(cached.tableBytes, built.tableBytes);
  assert.equal(readFileSync(cacheFile()).length, HEADER_BYTES + built.tableBytes);
  await proves(built);
  await proves(cached);
  const wrong = witness.slice();
  wrong[76 + 32] = (wrong[76 + 32] ?? 0) ^ 1;
  await assert.rejects(cached.prove(wrong), withCode('WITNESS_UNSATISFIED'));
  assert.equal((await Prover.load(zkey)).tablesFrom, 'built');
});

test('a file that is cut, longer or changed anywhere is made anew', async () => {
  await load();
  const path = cacheFile();
  const whole = readFileSync(path);
  const lengths = [0, 7, HEADER_BYTES - 1, HEADER_BYTES, whole.length >> 1, whole.length - 64, whole.length - 1];
  for (const length of lengths) {
    writeFileSync(path, whole.subarray(0, length));
    await isBuiltAnew(`cut to ${length}`);
  }
  writeFileSync(path, Buffer.concat([whole, Buffer.alloc(1)]));
  await isBuiltAnew('longer');
  const step = Math.floor(whole.length / 24);
  for (const at of [0, 8, 39, 40, ...Array.from({ length: 24 }, (_, i) => i * step + i), whole.length - 1]) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
    writeFileSync(path, changed);
    await isBuiltAnew(`byte ${at}`);
  }
  assert.deepEqual(readFileSync(path), whole);
});

test('a file of another key, width, format or kernel is not used', async () => {
  assert.equal((await load(otherZkey)).tablesFrom, 'built');
  const other = cacheFile();
  await isBuiltAnew('another key');
  const [own] = readdirSync(tableCache)
    .map((name) => join(tableCache, name))
    .filter((path) => path !== other);
  assert(own !== undefined);
  copyFileSync(other, own);
  await isBuiltAnew('another key under our name');
  assert.equal((await Prover.load(zkey, { tableCache, windowBits: 9 })).tablesFrom, 'built');
  assert.equal((await Prover.load(zkey, { tableCache, windowBits: WINDOW_BITS, tablePasses: 2 })).tablesFrom, 'built');
  for (const [pattern, replacement] of [
    [/-f1-/, '-f0-'],
    [/-k[0-9a-f]{16}-/, '-k0000000000000000-'],
  ] as const) {
    const otherVersion = own.replace(pattern, replacement);
    assert.notEqual(otherVersion, own);
    copyFileSync(own, otherVersion);
    rmSync(own);
    await isBuiltAnew(replacement);
    copyFileSync(otherVersion, own);
    assert.equal((await load()).tablesFrom, 'cache', 'the same content under its own name');
    writeFileSync(own, readFileSync(own).fill(0, HEADER_BYTES));
    await isBuiltAnew('zeros');
  }
});

test('a directory that cannot be read or written leaves the load as it is', async () => {
  await load();
  const file = cacheFile();
  for (const directory of [file, join(file, 'below-a-file'), '/proc/no-such-directory', 'nul\0byte']) {
    const prover = await Prover.load(zkey, { tableCache: directory });
    assert.equal(prover.tablesFrom, 'built', directory);
    await proves(prover);
  }
  rmSync(file);
  mkdirSync(file);
  assert.equal((await load()).tablesFrom, 'built', 'a directory in place of the file');
  assert.deepEqual(readdirSync(tableCache), [file.slice(tableCache.length + 1)], 'no temporary file is left');
  for (const wrong of ['', 5 as unknown as string]) {
    await assert.rejects(Prover.load(zkey, { tableCache: wrong }), withCode('INVALID_ARGUMENT'));
  }
});

test('loads of one key at the same time all work and leave one file', async () => {
  for (const prover of await Promise.all(Array.from({ length: 8 }, () => load()))) await proves(prover);
  cacheFile();
  assert.equal((await load()).tablesFrom, 'cache');
});

test('temporary files of writers that ended are removed, those of others stay', async () => {
  await load();
  const path = cacheFile();
  const [abandoned, recent] = [`${path}.0000000000000000.tmp`, `${path}.0000000000000001.tmp`];
  for (const temporary of [abandoned, recent]) writeFileSync(temporary, 'x');
  const twoHoursAgo = Date.now() / 1000 - 7200;
  utimesSync(abandoned, twoHoursAgo, twoHoursAgo);
  rmSync(path);
  await load();
  assert.deepEqual(
    readdirSync(tableCache)
      .map((name) => join(tableCache, name))
      .sort(),
    [path, recent].sort(),
  );
});

test('a key with a bad point is refused every time and leaves no file', async () => {
  const point = toBytes(...g1OffCurve());
  const bad = withSection(zkey, 9, (content) => Uint8Array.from([...point, ...content.slice(point.length)]));
  for (let attempt = 0; attempt < 2; attempt++) await assert.rejects(load(bad), withCode('MALFORMED_ZKEY'));
  assert.throws(() => readdirSync(tableCache), { code: 'ENOENT' });
});

/** The checksum that a file of this content has under its name, by the format's description in table_cache.rs. */
function checksum(name: string, points: Buffer): Buffer {
  const nonzero = (id: number, size: number) => {
    const content = readSections(zkey).find((section) => section.id === id)?.content ?? new Uint8Array(0);
    const starts = Array.from({ length: content.length / size }, (_, i) => i * size);
    return starts.filter((start) => content.subarray(start, start + size).some((byte) => byte !== 0)).length * size;
  };
  const count = (id: number) => readSections(zkey).find((section) => section.id === id)?.content.length ?? 0;
  const bytes = [nonzero(5, 64), nonzero(6, 64), nonzero(7, 128), count(8) + count(9)].map((size) => size * WINDOWS);
  const hash = createHash('sha256').update(name);
  let offset = 0;
  for (const length of bytes) {
    const table = points.subarray(offset, offset + length);
    hash.update(createHash('sha256').update(table).digest());
    offset += length;
  }
  assert.equal(offset, points.length);
  return hash.digest();
}

test('wrong tables with a right checksum give errors, never a proof or a crash', async () => {
  await load();
  const path = cacheFile();
  const whole = readFileSync(path);
  const name = path.slice(tableCache.length + 1);
  const forge = (change: (points: Buffer) => void) => {
    const points = Buffer.from(whole.subarray(HEADER_BYTES));
    change(points);
    writeFileSync(path, Buffer.concat([whole.subarray(0, 8), checksum(name, points), points]));
  };
  forge(() => {});
  assert.deepEqual(readFileSync(path), whole, 'the description is right');
  const changes: ((points: Buffer) => void)[] = [
    (points) => points.fill(0),
    (points) => points.fill(1),
    (points) => {
      for (let at = 0; at < points.length; at += 64) points[at] = (points[at] ?? 0) ^ 1;
    },
    (points) => points.copy(points, 0, points.length >> 1),
  ];
  for (const [i, change] of changes.entries()) {
    forge(change);
    const prover = await load();
    assert.equal(prover.tablesFrom, 'cache', `change ${i}`);
    await assert.rejects(prover.prove(witness), withCode('INTERNAL', 'WITNESS_UNSATISFIED'), `change ${i}`);
  }
  forge((points) => points.fill(255, 0, 32));
  await isBuiltAnew('a coordinate that is not canonical');
});
