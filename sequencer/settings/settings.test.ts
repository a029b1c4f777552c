// Would catch: a mistyped setting that is ignored, a wrong one that is taken, the wrong source winning, a secret in a message.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, test } from 'node:test';
import { connectRpc } from '../chain/rpc.ts';
import { DEFAULTS } from '../config.ts';
import { parseSettings, readSettingsFile } from './file.ts';
import { type Environment, type Flags, resolveSettings, serviceConfig } from './resolve.ts';
import { SETTING_NAMES, settingOf, variableOf } from './schema.ts';

const of = (text: string, more: { flags?: Flags; environment?: Environment } = {}) =>
  resolveSettings({ flags: {}, environment: {}, file: parseSettings('/house/casino.toml', text), ...more });
const problemsOf = (text: string) => of(text).problems.join('\n');

describe('a settings file', () => {
  test('sets what it names, in its units; everything else is the default', () => {
    const { values, origins, problems } = of(
      '[chain]\nrpc_url = "https://node.example"\n[api]\nport = 1\n[prover]\nproofs = false\ncircuits = ["tiny", "large"]\n[house]\nmax_stake = 5\nbankroll = "18446744073709551615"\n',
    );
    assert.deepEqual(problems, []);
    assert.deepEqual(
      [values.rpcUrl, values.port, values.proofs, values.circuits, values.maxStake, values.bankroll, values.pollMs],
      ['https://node.example', 1, false, ['tiny', 'large'], 5n, 2n ** 64n - 1n, DEFAULTS.pollMs],
    );
    assert.deepEqual([origins.get('port'), origins.get('pollMs'), origins.get('dataDirectory')], ['file', 'default', undefined]);
  });

  test('takes amounts beyond a double exactly', () => {
    assert.equal(of('[house]\nmax_stake = 9007199254740993').values.maxStake, 9_007_199_254_740_993n);
  });

  test('has paths relative to itself; flags and the environment have them relative to the current directory', () => {
    const text = '[data]\ndirectory = "data"\n[prover]\nkeys_directory = "../keys"';
    assert.deepEqual([of(text).values.dataDirectory, of(text).values.provingKeysDirectory], ['/house/data', '/keys']);
    assert.equal(of('', { flags: { data: 'data' } }).values.dataDirectory, resolve('data'));
    assert.equal(of('', { environment: { CASINO_DATA_DIRECTORY: 'x' } }).values.dataDirectory, resolve('x'));
  });

  test('with a key or table that is not known is refused, and told what was likely meant', () => {
    assert.match(problemsOf('[api]\nprot = 1'), /casino\.toml: \[api\] prot is not known; did you mean api\.port\?/);
    assert.match(problemsOf('[chian]\nrpc_url = ""'), /\[chian\] is not known; did you mean chain\?/);
    assert.match(problemsOf('[chain]\nport = 1'), /\[chain\] port is not known/);
    assert.match(problemsOf('api = 1'), /api must be a table/);
    assert.match(problemsOf('port = 1'), /\[port\] is not known/);
    assert.match(problemsOf('[[api]]\nport = 1'), /api must be a table/);
  });

  test('with a wrong value names the file, the key, what was found and what is allowed', () => {
    const cases: [string, RegExp][] = [
      ['[api]\nport = 70000', /^\/house\/casino\.toml: \[api\] port must be a whole number from 0 to 65535, not 70000$/],
      ['[api]\nport = "80"', /not 80$/],
      ['[api]\nport = 80.5', /not 80\.5$/],
      ['[api]\nhost = ""', /host name or IP address, not nothing$/],
      ['[house]\nmax_stake = 0', /from 1 to 18446744073709551615.*not 0$/],
      ['[house]\nmax_stake = -1', /not -1$/],
      ['[house]\nmax_stake = 1.5', /not 1\.5$/],
      ['[house]\nmax_stake = "18446744073709551616"', /not 18446744073709551616$/],
      ['[house]\nmax_stake = "1 SOL"', /not 1 SOL$/],
      ['[prover]\nproofs = "on"', /true or false.*not on$/],
      ['[prover]\ncircuits = ["tiny", "tiny"]', /some of tiny,small,large, each once, not tiny,tiny$/],
      ['[prover]\ncircuits = []', /not nothing$/],
      ['[chain]\nprogram = "0OIl"', /a program's address, base58, not 0OIl$/],
      ['[archive]\nafter_ms = 1979-05-27', /a whole number/],
      [
        '[house]\nexit_delay_slots = 30000',
        /change_delay_slots must be at least twice house\.exit_delay_slots \(30000\), not 43200/,
      ],
    ];
    for (const [text, expected] of cases) assert.match(problemsOf(text), expected, text);
  });

  test('tells all that is wrong at once', () => {
    assert.equal(of('[api]\nport = -1\nhost = 5\nhots = "a"').problems.length, 3);
  });

  test('that is no TOML, is missing, or has a key twice is refused without telling its lines', () => {
    for (const text of ['[chain]\nrpc_url = https://node.example/s3cret', 'a = 1\na = 2', '[__proto__]\nx = 1']) {
      assert.throws(
        () => parseSettings('f', text),
        (error: Error) => {
          assert.match(error.message, /^f is not TOML/);
          assert.doesNotMatch(error.message, /s3cret/);
          return true;
        },
      );
    }
    const directory = mkdtempSync(join(tmpdir(), 'settings-'));
    try {
      assert.throws(() => readSettingsFile(join(directory, 'none.toml')), { code: 'CONFIG_INVALID', message: /can not be read/ });
      const path = join(directory, 'casino.toml');
      writeFileSync(path, '[api]\nport = 5\n');
      assert.equal(readSettingsFile(path).found.get('port'), 5);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('sources', () => {
  test('go flag, environment, file, default, and each is checked even where another wins', () => {
    const file = '[api]\nport = 3';
    const environment = { CASINO_API_PORT: '2' };
    assert.deepEqual(
      [of(file).values.port, of(file, { environment }).values.port, of(file, { environment, flags: { port: '1' } }).values.port],
      [3, 2, 1],
    );
    const { problems } = of('[api]\nport = -3', { environment: { CASINO_API_PORT: 'x' }, flags: { port: '1' } });
    assert.deepEqual(problems.length, 2);
    assert.match(problems[0] as string, /^CASINO_API_PORT must be a whole number from 0 to 65535, not x$/);
  });

  test('of text say the same as a file', () => {
    const flags = { proofs: 'off', circuits: 'tiny,small', 'blob-store': ['files', 's3://b,ipfs+http://c'], 'max-stake': '7' };
    const { values, problems } = of('', { flags });
    assert.deepEqual(problems, []);
    assert.deepEqual(
      [values.proofs, values.circuits, values.blobStores, values.maxStake],
      [false, ['tiny', 'small'], ['files', 's3://b', 'ipfs+http://c'], 7n],
    );
    for (const port of ['', '1e3', '0x10', ' 80', '80 ', '08'])
      assert.equal(of('', { flags: { port } }).problems.length, 1, port);
  });

  test('of the environment that are no settings are refused; others of its names are not looked at', () => {
    assert.match(of('', { environment: { CASINO_API_PRT: '1' } }).problems.join(), /did you mean CASINO_API_PORT\?/);
    assert.deepEqual(of('', { environment: { CASINO_CONFIG: 'x', AWS_REGION: 'y' } }).problems, []);
  });

  test('with a secret do not show it when they are wrong', () => {
    const { problems } = of('', { flags: { rpc: 'ftp://user:s3cret@node' } });
    assert.match(problems.join(), /--rpc must be an http or https URL/);
    // The platform's fetch takes none, and its message has the whole address, which ends in the log.
    const named = 'http://me:hush@127.0.0.1:8899/hush';
    const { problems: shown } = resolveSettings({ flags: { rpc: named }, environment: {} });
    assert.match(shown.join(), /--rpc must be an http or https URL without user and password$/);
    assert.throws(() => connectRpc(named), { code: 'CONFIG_INVALID', message: /^((?!hush).)*$/ });
    assert.doesNotMatch(problems.join(), /s3cret/);
  });

  test('together have to name a data directory and a node', () => {
    assert.throws(() => serviceConfig(of('')), {
      code: 'CONFIG_INVALID',
      message: /data\.directory is missing.*\n.*rpc_url is missing/,
    });
    assert.equal(serviceConfig(of('', { flags: { data: 'd', rpc: 'http://n' } })).rpcUrl, 'http://n');
  });
});

test('every setting has a key, a flag and a variable of its own, and a default that it takes itself', () => {
  for (const name of [
    (one: (typeof SETTING_NAMES)[number]) => settingOf(one).key,
    (one: (typeof SETTING_NAMES)[number]) => settingOf(one).flag,
    variableOf,
  ]) {
    assert.equal(new Set(SETTING_NAMES.map(name)).size, SETTING_NAMES.length);
  }
  const text = SETTING_NAMES.flatMap((name) => {
    const value = (DEFAULTS as Partial<Record<typeof name, unknown>>)[name];
    const [table, key] = settingOf(name).key.split('.');
    return value === undefined ? [] : [`${table}.${key} = ${settingOf(name).kind.toToml(value)}`];
  }).join('\n');
  const { values, problems } = of(text);
  assert.deepEqual(problems, []);
  assert.deepEqual(values, DEFAULTS);
});
