// Would catch: a value lost or torn by a crash, two processes signing from one folder, a key that leaves the folder.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { FileStore } from './file-store.ts';
import { type ClientStore, MemoryStore } from './store.ts';

const root = await mkdtemp(join(tmpdir(), 'client-store-'));
after(() => rm(root, { recursive: true }));

const locked = { code: 'STORE_LOCKED' };

it('gives back what was put, also after it was opened again', async () => {
  const directory = join(root, 'again');
  const first = await FileStore.open(directory);
  assert.equal(await first.get('a/b/record'), undefined);
  await first.put('a/b/record', 'one');
  await Promise.all(Array.from({ length: 20 }, (_, index) => first.put('a/b/record', `value ${index}`)));
  first.close();
  const second = await FileStore.open(directory);
  assert.equal(await second.get('a/b/record'), 'value 19');
  assert.deepEqual(await readdir(join(directory, 'a/b')), ['record.json']);
  assert.equal((await stat(join(directory, 'a/b/record.json'))).mode & 0o777, 0o600);
  second.close();
});

it('takes no half-written value for the last one', async () => {
  const directory = join(root, 'torn');
  const store = await FileStore.open(directory);
  await store.put('record', 'whole');
  await writeFile(join(directory, 'record.json.tmp'), 'ha');
  assert.equal(await store.get('record'), 'whole');
  await store.put('record', 'next');
  assert.equal(await store.get('record'), 'next');
  store.close();
});

it('refuses keys that could leave the folder', async () => {
  const store = await FileStore.open(join(root, 'keys'));
  for (const key of ['../up', 'a/../b', '', 'a//b', '/a', 'a/.', 'ä', 'a b']) {
    await assert.rejects(async () => store.put(key, 'x'), TypeError, key);
  }
  store.close();
});

it('is open in one process at a time, until that ends, however it ends', async () => {
  const directory = join(root, 'locked');
  const script = `const { FileStore } = await import(${JSON.stringify(new URL('./file-store.ts', import.meta.url).href)});
    await FileStore.open(${JSON.stringify(directory)}); console.log('open'); setInterval(() => 0, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  await assert.rejects(FileStore.open(directory), locked);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const store = await FileStore.open(directory);
  await assert.rejects(FileStore.open(directory), locked);
  store.close();
});

for (const [name, open] of [
  ['memory', async () => new MemoryStore()],
  ['file', () => FileStore.open(join(root, 'locks'))],
] as [string, () => Promise<ClientStore>][]) {
  it(`${name}: actions under one lock never overlap, also after one failed; other locks do not wait`, async () => {
    const store = await open();
    let running = 0;
    let most = 0;
    const action = async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running -= 1;
    };
    await Promise.allSettled([
      ...Array.from({ length: 10 }, () => store.withLock('a', action)),
      store.withLock('a', () => Promise.reject(new Error('failed'))),
      store.withLock('a', action),
    ]);
    assert.equal(most, 1);
    const inner = await store.withLock('a', () => store.withLock('b', async () => 'inner'));
    assert.equal(inner, 'inner');
  });
}

it('lets what runs end before another may open it, and takes nothing new', async () => {
  const directory = join(root, 'closing');
  const store = await FileStore.open(directory);
  let go = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  const running = store.withLock('a', async () => {
    await gate;
    await store.put('record', 'late');
    return store.get('record');
  });
  store.close();
  const isClosed = { code: 'STORE_LOCKED', message: 'the store is closed' };
  await assert.rejects(store.get('record'), isClosed);
  await assert.rejects(store.put('record', 'other'), isClosed);
  await assert.rejects(
    store.withLock('a', async () => 'x'),
    isClosed,
  );
  await assert.rejects(FileStore.open(directory), locked);
  go();
  assert.equal(await running, 'late');
  await store.closed();
  const next = await FileStore.open(directory);
  assert.equal(await next.get('record'), 'late');
  next.close();
});
