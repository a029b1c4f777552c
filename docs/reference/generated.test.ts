// Would catch: a page of the reference that says something else than the program.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { variableOf } from '../../sequencer/settings/schema.ts';
import { cliPage } from './cli-page.ts';
import { configPage } from './config-page.ts';

const page = (name: string) => readFileSync(new URL(`./${name}`, import.meta.url), 'utf8');
const HINT = 'run `npm run reference` and look at what changed';

test('config.md is what the settings say', () => {
  assert.equal(page('config.md'), configPage(), HINT);
  assert.ok(configPage().includes(variableOf('rpcUrl')));
});

test('cli.md is what the help says', () => {
  assert.equal(page('cli.md'), cliPage(), HINT);
  for (const section of ['## casino init', '## casino config check', '## casino keys ceremony start', '## casino verify bet']) {
    assert.ok(cliPage().includes(`${section}\n`), section);
  }
});
