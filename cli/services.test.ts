// Would catch: a reset that takes the keys of a house which stays on its chain, and a start that is ended while it gets on.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { LOCAL_PROGRAM_ADDRESS } from '../sequencer/config.ts';
import { dataPaths } from '../sequencer/context.ts';
import { Ledger } from '../sequencer/ledger/ledger.ts';
import { resetData, Supervised } from './services.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'services-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('a reset', () => {
  const data = () => join(root, 'data');
  const withLedgerOf = async (program: string) => {
    const ledger = await Ledger.open({ path: dataPaths(data()).ledger, onFailure: () => {} });
    await ledger.commit([{ kind: 'meta', key: 'identity', value: `${program}/house/genesis` }]);
    await ledger.close();
  };

  test('takes a local chain with all that belongs to it', async () => {
    mkdirSync(join(data(), 'chain'), { recursive: true });
    await withLedgerOf(LOCAL_PROGRAM_ADDRESS);
    resetData(data());
    assert.equal(existsSync(data()), false);
    resetData(data());
    mkdirSync(join(data(), 'chain'), { recursive: true });
    writeFileSync(dataPaths(data()).ledger, 'no ledger at all');
    resetData(data());
    assert.equal(existsSync(data()), false);
  });

  test('leaves a directory without a local chain, and one whose house is elsewhere', async () => {
    mkdirSync(dataPaths(data()).keys, { recursive: true });
    assert.throws(() => resetData(data()), { code: 'CONFIG_INVALID', message: /no local chain/ });
    // Started once without its settings, so that a local chain was made beside the house.
    mkdirSync(join(data(), 'chain'));
    await withLedgerOf('11111111111111111111111111111111');
    assert.throws(() => resetData(data()), { code: 'CONFIG_INVALID', message: /for the local chain alone/ });
    assert.ok(existsSync(dataPaths(data()).keys));
  });
});

describe('a process that starts', () => {
  const supervised = (script: string) => {
    const path = join(root, 'process.ts');
    writeFileSync(path, script);
    return new Supervised('process', { dataDirectory: root, silenceMs: 3_000, onProgress: () => {}, onRestart: () => {} }, [
      path,
    ]);
  };
  const say = (line: object) => `console.log('${JSON.stringify(line)}');`;

  test('is waited for as long as it gets on', async () => {
    const steps = `for (let step = 0; step < 12; step += 1) { ${say({ msg: 'on', progress: true })} await new Promise((r) => setTimeout(r, 500)); }`;
    const process = supervised(`${steps} ${say({ msg: 'ready', url: 'here' })} setInterval(() => {}, 1_000);`);
    assert.equal((await process.start()).url, 'here');
    await process.stop();
  });

  test('is ended once it says nothing', async () => {
    const process = supervised('setInterval(() => {}, 1_000);');
    await assert.rejects(process.start(), /did not start \(SIGKILL\)/);
  });
});
