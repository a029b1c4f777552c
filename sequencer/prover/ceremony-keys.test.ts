// Would catch: a service that settles under a key which is not its transcript's, or whose secret is public, and mainnet with such a key.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { circuitInfo, loadR1cs } from '../../circuits/artifacts.ts';
import { startTestChain } from '../../localchain/test-harness.ts';
import { developmentSetup, verifyingKeyBytes } from '../../native/index.ts';
import { transcriptFor, writeCeremonyFiles } from '../../native/test/ceremony-files.ts';
import { contributedKey } from '../../native/test/contributed-key.ts';
import { stopReferenceThreads } from '../../native/test/fixtures.ts';
import type { VerifyingKey } from '../../program/client/index.ts';
import { MAINNET_GENESIS_HASH } from '../../protocol/constants.ts';
import { connectRpc } from '../chain/rpc.ts';
import { DEFAULTS } from '../config.ts';
import { makeDevelopmentHouse } from '../operations/house-making.ts';
import { openHouse, takesDevelopmentKeys } from '../operations/house-setup.ts';
import { loadOperatorKeys } from '../operations/keys.ts';
import { ChainProxy } from '../test/chain-proxy.ts';
import { loadCeremonyKeys, loadDevelopmentKeys, type ProvingKey } from './proving-keys.ts';

const root = mkdtempSync(join(tmpdir(), 'ceremony-keys-'));
const circuit = circuitInfo('tiny');
let zkey: Uint8Array;
let development: Uint8Array;

before(async () => {
  zkey = await contributedKey(loadR1cs('tiny'), { secrets: 'others' });
  development = await developmentSetup(loadR1cs('tiny'));
});
after(async () => {
  await stopReferenceThreads();
  rmSync(root, { recursive: true, force: true });
});

let counter = 0;
const fresh = () => {
  counter += 1;
  return join(root, String(counter));
};
const refuses = (directory: string, message: RegExp) =>
  assert.throws(() => loadCeremonyKeys(directory, ['tiny']), { code: 'PROVING_KEY_INVALID', retry: false, message });

test('the key of a ceremony is taken, with its number and its verifying key', () => {
  const directory = fresh();
  const { key: path } = writeCeremonyFiles(directory, { circuit, zkey });
  assert.deepEqual(loadCeremonyKeys(directory, ['tiny']), [{ circuit, vkId: 1, path, verifyingKey: verifyingKeyBytes(zkey) }]);
});

test('a size without its files, a damaged key and a damaged transcript are refused, each by its name', () => {
  refuses(fresh(), /transcript can not be used/);
  const directory = fresh();
  const paths = writeCeremonyFiles(directory, { circuit, zkey });
  assert.throws(() => loadCeremonyKeys(directory, ['small', 'tiny']), { code: 'PROVING_KEY_INVALID', message: /small-/ });
  rmSync(paths.key);
  refuses(directory, /no such file/);
  // A coefficient: the verifying key is as before.
  const changed = zkey.slice();
  changed[zkey.length >> 1] = (changed[zkey.length >> 1] as number) ^ 1;
  writeFileSync(paths.key, changed);
  refuses(directory, /SHA-256 is not that of the transcript/);
  writeFileSync(paths.key, zkey);
  for (const text of ['', '{}', 'not json']) {
    writeFileSync(paths.transcript, text);
    refuses(directory, /transcript can not be used/);
  }
});

test('a transcript of another circuit, of another key, or one that contradicts itself is refused', async () => {
  const own = transcriptFor(zkey, circuit);
  const other = transcriptFor(development, circuit);
  const edits = {
    'another circuit': { ...own, r1csSha256: circuitInfo('small').r1csSha256 },
    'SHA-256 is not that': { ...other },
    "verifying key is not the transcript's": { ...own, verifyingKey: other.verifyingKey },
    'contradicts itself': { ...own, verifyingKeySha256: other.verifyingKeySha256 },
    'can not be used': { ...own, zkeySha256: other.zkeySha256 },
    'do not end with a beacon': { ...own, contributions: own.contributions.slice(1).map((one) => ({ ...one, number: 1 })) },
    'unknown field': { ...own, extra: 1 },
  };
  for (const [reason, transcript] of Object.entries(edits)) {
    const directory = fresh();
    writeCeremonyFiles(directory, { circuit, zkey, transcript });
    refuses(directory, new RegExp(reason));
  }
});

test('a development key is refused with its mark, without it, and with contributions on top of it', async () => {
  const marked = fresh();
  writeCeremonyFiles(marked, { circuit, zkey: development });
  refuses(marked, /this is a development key/);
  // The mark is the last section of the file.
  const unmarked = fresh();
  const view = Buffer.from(development);
  const mark = view.lastIndexOf('DEVELOPMENT ONLY') - 12;
  const stripped = Buffer.from(view.subarray(0, mark));
  stripped.writeUInt32LE(stripped.readUInt32LE(8) - 1, 8);
  writeCeremonyFiles(unmarked, { circuit, zkey: stripped });
  refuses(unmarked, /forge proofs under it \(development\)/);
  const laundered = fresh();
  writeCeremonyFiles(laundered, { circuit, zkey: await contributedKey(loadR1cs('tiny'), { secrets: 'development' }) });
  refuses(laundered, /derived-from-development/);
});

test('a house takes development keys while one is at work, whoever added it', () => {
  const account = { bump: 0, id: 1, maxBets: 3, maxVaults: 1, house: '' as never, keyHash: new Uint8Array(32) };
  const keyOf = (file: Uint8Array, slots: Partial<VerifyingKey> = {}): VerifyingKey => ({
    ...account,
    key: verifyingKeyBytes(file),
    activeFromSlot: 10n,
    retiredFromSlot: (1n << 64n) - 1n,
    ...slots,
  });
  assert.equal(takesDevelopmentKeys([keyOf(zkey)], 50n), false);
  assert.equal(takesDevelopmentKeys([keyOf(zkey), keyOf(development)], 50n), true);
  assert.equal(takesDevelopmentKeys([keyOf(development)], 9n), false);
  assert.equal(takesDevelopmentKeys([keyOf(development)], 10n), true);
  assert.equal(takesDevelopmentKeys([keyOf(development, { retiredFromSlot: 20n })], 19n), true);
  assert.equal(takesDevelopmentKeys([keyOf(development, { retiredFromSlot: 20n })], 20n), false);
});

test('on mainnet a house with development keys is not even made', async () => {
  const chain = await startTestChain({ directory: join(root, 'chain'), programs: [] });
  const proxy = await ChainProxy.start(chain.server.url);
  try {
    proxy.fail(['getGenesisHash'], {
      kind: 'say',
      text: JSON.stringify({ jsonrpc: '2.0', id: '1', result: MAINNET_GENESIS_HASH }),
    });
    const keysDirectory = join(root, 'operator');
    const [own] = await loadDevelopmentKeys(join(root, 'development'), { circuits: ['tiny'], onProgress: () => {} });
    const ceremony = { ...(own as ProvingKey), verifyingKey: verifyingKeyBytes(zkey) };
    const quiet = { nowMs: () => 0, onProgress: () => {} };
    const options = { ...DEFAULTS, rpc: connectRpc(proxy.url), keysDirectory, ...quiet };
    const open = async (provingKey: ProvingKey) =>
      openHouse({ ...options, keys: await loadOperatorKeys(keysDirectory), provingKeys: [provingKey], wasOpen: false });
    await assert.rejects(open(own as ProvingKey), {
      code: 'PROVING_KEY_INVALID',
      message: /tiny \(development\).*--proving-keys/,
    });
    assert.deepEqual(
      proxy.calls.map(({ method }) => method),
      ['getGenesisHash'],
    );
    // A ceremony's key gets further: to the chain, which has no house here, and where none is made by a start.
    proxy.fail(['getAccountInfo'], {
      kind: 'say',
      text: '{"jsonrpc":"2.0","id":"1","result":{"context":{"slot":1},"value":null}}',
    });
    await assert.rejects(open(ceremony), { code: 'CONFIG_INVALID', message: /no house on this chain/ });
    const development = { ...options, keys: await loadOperatorKeys(keysDirectory), provingKeys: [ceremony] };
    await assert.rejects(makeDevelopmentHouse(development), { code: 'CONFIG_INVALID', message: /mainnet-beta is made by/ });
    assert.ok(proxy.calls.every(({ method }) => method.startsWith('get')));
  } finally {
    await proxy.close();
    await chain.close();
  }
});
