// Would catch: a key that is lost, made twice, or promoted before the chain names it, wherever a rotation is cut off.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { Address } from '@solana/kit';
import { addressOf } from '../ledger/addresses.ts';
import { abandonRotation, beginRotation, finishRotations, nextKeypair, promoteKey } from './key-rotation.ts';
import { loadOperatorKeys } from './keys.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rotation-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const addressIn = (bytes: Uint8Array): Address => addressOf(bytes.slice(32));

test('a rotation goes on with the key that it began with, and takes over once the chain names it, and not before', async () => {
  const before = await loadOperatorKeys(directory);
  const next = addressIn(beginRotation(directory, 'settler'));
  assert.equal(addressIn(beginRotation(directory, 'settler')), next);
  const shown = { authority: before.authority.address, settler: before.settler.address };
  assert.equal(finishRotations(directory, shown), false);
  assert.equal((await loadOperatorKeys(directory)).settler.address, before.settler.address);
  assert.equal(finishRotations(directory, { ...shown, settler: next }), true);
  const after = await loadOperatorKeys(directory);
  assert.deepEqual([after.settler.address, after.creator], [next, before.creator]);
  assert.equal(nextKeypair(directory, 'settler'), undefined);
  assert.ok(readdirSync(directory).includes(`settler-${before.settler.address}.json`), 'the old key stays');
  for (const name of readdirSync(directory)) assert.equal(statSync(join(directory, name)).mode & 0o077, 0, name);
  assert.equal(finishRotations(directory, { ...shown, settler: next }), false);
});

test('two rotations at once agree on one key, and none is lost', async () => {
  const { authority } = await loadOperatorKeys(directory);
  const module = new URL('./key-rotation.ts', import.meta.url).href;
  const script = `import { beginRotation } from ${JSON.stringify(module)};
    process.stdout.write(Buffer.from(beginRotation(${JSON.stringify(directory)}, 'settler')).toString('hex'));`;
  const run = () =>
    new Promise<string>((resolve, reject) => {
      execFile(process.execPath, ['--input-type=module', '-e', script], (error, stdout) =>
        error ? reject(error) : resolve(stdout),
      );
    });
  const made = await Promise.all([run(), run(), run()]);
  assert.equal(new Set(made).size, 1);
  const next = addressIn(nextKeypair(directory, 'settler') as Uint8Array);
  assert.equal(finishRotations(directory, { authority: authority.address, settler: next }), true);
  assert.deepEqual(
    readdirSync(directory).filter((name) => name.includes('draft')),
    [],
  );
});

test('a promotion that was cut off after any of its files is finished', async () => {
  const { settler, authority } = await loadOperatorKeys(directory);
  const next = addressIn(beginRotation(directory, 'authority'));
  // The copy of the old key and the creator's address are there, the swap is not.
  writeFileSync(join(directory, `authority-${authority.address}.json`), readFileSync(join(directory, 'authority.json')));
  writeFileSync(join(directory, 'creator.address'), `${authority.address}\n`);
  assert.equal((await loadOperatorKeys(directory)).creator, authority.address);
  assert.equal(finishRotations(directory, { authority: next, settler: settler.address }), true);
  const after = await loadOperatorKeys(directory);
  assert.deepEqual([after.authority.address, after.creator], [next, authority.address]);
});

test('the house stays that of its first authority through many rotations', async () => {
  const { settler, creator } = await loadOperatorKeys(directory);
  for (let turn = 0; turn < 3; turn += 1) {
    const next = addressIn(beginRotation(directory, 'authority'));
    assert.equal(finishRotations(directory, { authority: next, settler: settler.address }), true);
    const after = await loadOperatorKeys(directory);
    assert.deepEqual([after.authority.address, after.creator], [next, creator]);
  }
});

test('another file under the old key’s name is never written over, and an abandoned key is kept', async () => {
  const { settler } = await loadOperatorKeys(directory);
  const other = addressIn(beginRotation(directory, 'authority'));
  abandonRotation(directory, 'authority');
  assert.equal(nextKeypair(directory, 'authority'), undefined);
  const kept = join(directory, `authority-${other}.json`);
  beginRotation(directory, 'settler');
  writeFileSync(join(directory, `settler-${settler.address}.json`), readFileSync(kept));
  assert.throws(() => promoteKey(directory, 'settler'), { code: 'CONFIG_INVALID' });
  assert.equal((await loadOperatorKeys(directory)).settler.address, settler.address);
});

test('a damaged file is refused without a word of what is in it', async () => {
  await loadOperatorKeys(directory);
  const path = join(directory, 'settler.next.json');
  for (const text of ['[1,2,3]', '{"secret":', `[${Array(64).fill(7).join(',')}]`]) {
    writeFileSync(path, text);
    assert.throws(
      () => nextKeypair(directory, 'settler'),
      (error: Error & { code?: string }) => error.code === 'CONFIG_INVALID' && !/secret|7,7|1,2/.test(error.message),
    );
  }
});
