/* Catches a reference page that no longer says what the code does. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { GENERATED } from './generate/pages.ts';

for (const [path, page] of Object.entries(GENERATED)) {
  test(`docs/${path} is what \`npm run docs\` writes`, () => {
    assert.equal(readFileSync(new URL(path, import.meta.url), 'utf8'), page());
  });
}
