// Would catch: a page that only takes money out and carries the whole SDK, and something of Node that slips into the browser's SDK.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { bundle } from './test/bundle.ts';

/** Texts that only what bets contains. */
const OF_THE_BETTOR = ['the signing record changed while a bet was being signed', 'zk-casino/client-seed-again/1'];
const NEEDS_NODE = /["'](node:[a-z_/]+|__vite-browser-external[^"']*)["']/;

const kilobytes = (text: string) =>
  `${Math.round(text.length / 1_000)} kB, ${Math.round(gzipSync(text).length / 1_000)} kB gzipped`;

test('a page that only leaves a house does not carry what bets', async (t) => {
  const exits = await bundle("import { ExitClient } from './client/index.ts'; globalThis.ExitClient = ExitClient;");
  const all = await bundle("import * as sdk from './client/index.ts'; globalThis.sdk = { ...sdk };");
  for (const text of OF_THE_BETTOR) {
    assert.ok(all.includes(text), `the whole SDK lacks: ${text}`);
    assert.ok(!exits.includes(text), `the exits carry: ${text}`);
  }
  for (const code of [exits, all]) assert.doesNotMatch(code, NEEDS_NODE);
  t.diagnostic(`ExitClient alone: ${kilobytes(exits)}; the whole SDK: ${kilobytes(all)}`);
});
