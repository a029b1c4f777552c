// Would catch: a reference of the SDK that says something else than the code.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { sdkReference } from './make-sdk.ts';

test('sdk.md is what node docs/reference/make-sdk.ts writes', () => {
  assert.equal(readFileSync(new URL('sdk.md', import.meta.url), 'utf8'), sdkReference());
});
