// Would catch: a bettor who is not told, before money moves, that the house's proofs protect nobody.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { loadR1cs } from '../circuits/artifacts.ts';
import { developmentSetup, verifyingKeyBytes } from '../native/index.ts';
import { setTable } from './test/table.ts';

let development: Uint8Array;
before(async () => {
  development = verifyingKeyBytes(await developmentSetup(loadR1cs('tiny')));
});

/** What a client with these keys of the house knows and says, each time it opens the vault. */
async function heard(change: (keys: Uint8Array[]) => Uint8Array[] | undefined) {
  const table = await setTable();
  try {
    table.chain.keys = change(table.chain.keys ?? []);
    const warnings: string[] = [];
    const client = await table.connect({ onWarning: (message) => warnings.push(message) });
    await client.openVault();
    return { known: client.developmentKeys, warnings };
  } finally {
    await table.stop();
  }
}

test('a development key among others is known and told', async () => {
  const { known, warnings } = await heard((keys) => [...keys, development]);
  assert.equal(known, true);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] as string, /DEVELOPMENT KEYS/);
});

test('a development key that somebody has contributed to is one still', async () => {
  const changed = development.slice();
  changed[400] = (changed[400] as number) ^ 1;
  assert.equal((await heard(() => [changed])).known, true);
});

test('other keys are no reason to say anything', async () => {
  assert.deepEqual(await heard((keys) => keys), { known: false, warnings: [] });
});

test('a node that does not tell is told of', async () => {
  for (const keys of [undefined, []]) {
    const { known, warnings } = await heard(() => keys);
    assert.equal(known, undefined);
    assert.match(warnings[0] as string, /may be development keys/);
  }
});

test('without a listener the console hears it', async (t) => {
  const warn = t.mock.method(console, 'warn', () => {});
  const table = await setTable();
  try {
    table.chain.keys = [development];
    await (await table.connect()).openVault();
    assert.match(String(warn.mock.calls[0]?.arguments[0]), /DEVELOPMENT KEYS/);
  } finally {
    await table.stop();
  }
});
