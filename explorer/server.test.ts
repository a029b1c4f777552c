// Would catch: a page that may talk to anyone, a file that is kept too long or not at all, two builds that break each other.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { brotliDecompressSync } from 'node:zlib';
import { buildExplorer, builtPage } from './build.ts';
import { type Explorer, startExplorer } from './server.ts';

/** What the first page may weigh until it can be used, compressed. */
const MAX_FIRST_PAGE_BYTES = 60_000;

let explorer: Explorer;
before(async () => {
  explorer = await startExplorer({ port: 0, apiUrl: 'https://api.example.org/', rpcUrl: 'http://127.0.0.1:8899' });
});
after(() => explorer.close());

const get = (path: string, encoding = 'identity') =>
  fetch(`${explorer.url}${path}`, { headers: { 'accept-encoding': encoding } });

test('the page may run its own scripts, and talk to the API and the chain, and to nobody else', async () => {
  for (const path of ['/', '/bets/00?x', '/index.html']) {
    const policy = (await get(path)).headers.get('content-security-policy') ?? '';
    const directives = new Map(policy.split(';').map((part) => [part.split(' ')[0], part.split(' ').slice(1)]));
    assert.deepEqual(directives.get('default-src'), ["'none'"]);
    assert.deepEqual(directives.get('connect-src'), [
      "'self'",
      'https://api.example.org',
      'wss://api.example.org',
      'http://127.0.0.1:8899',
      'ws://127.0.0.1:8899',
    ]);
    const scripts = directives.get('script-src') ?? [];
    assert.ok(scripts.includes("'self'"));
    assert.ok(
      scripts.every((source) => /^'(self|wasm-unsafe-eval|sha256-.*)'$/.test(source)),
      scripts.join(' '),
    );
  }
});

test('the page knows where API and chain are', async () => {
  const answer = await get('/config.json');
  assert.deepEqual(await answer.json(), { api_url: 'https://api.example.org', rpc_url: 'http://127.0.0.1:8899' });
  assert.equal(answer.headers.get('cache-control'), 'no-cache');
});

test('what is named by its content is kept for ever, the document not at all, and what is not there is not the document', async () => {
  const document = await get('/');
  assert.equal(document.headers.get('cache-control'), 'no-cache');
  const html = await document.text();
  assert.equal(await (await get('/batches/7')).text(), html);
  const script = /src="(\/assets\/[^"]+\.js)"/.exec(html)?.[1];
  assert.ok(script);
  assert.match((await get(script)).headers.get('cache-control') ?? '', /immutable/);
  for (const path of ['/assets/none.js', '/..%2f..%2fpackage.json', '/.env', '/assets/%2e%2e/%2e%2e/server.ts']) {
    assert.equal((await get(path)).status, 404, path);
  }
  assert.equal((await fetch(`${explorer.url}/bets`, { method: 'POST' })).status, 404);
});

test('the first page is small, and comes compressed', async () => {
  const { directory } = builtPage();
  const html = readFileSync(join(directory, 'index.html'), 'utf8');
  const first = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path as string);
  const live = readdirSync(join(directory, 'assets')).filter((name) =>
    /^(live|bet-table|table-box|values|use-|figure)[^.]*\.(js|css)$/.test(name),
  );
  const paths = ['/', ...new Set([...first, ...live.map((name) => `/assets/${name}`)])];
  let bytes = 0;
  for (const path of paths) bytes += Number((await get(path, 'br')).headers.get('content-length'));
  assert.ok(bytes > 10_000 && bytes < MAX_FIRST_PAGE_BYTES, `${bytes} bytes`);
  const script = join(directory, first.find((path) => path.endsWith('.js')) as string);
  assert.deepEqual(brotliDecompressSync(readFileSync(`${script}.br`)), readFileSync(script));
});

test('a port that is taken is an error that says so', async () => {
  const port = Number(new URL(explorer.url).port);
  const place = { apiUrl: 'http://127.0.0.1:1', rpcUrl: 'http://127.0.0.1:1' };
  await assert.rejects(startExplorer({ port, ...place }), { code: 'EADDRINUSE' });
});

test('two builds at once are one, and leave nothing half done', async () => {
  const dist = mkdtempSync(join(tmpdir(), 'explorer-dist-'));
  try {
    const [one, other] = await Promise.all([buildExplorer(dist), buildExplorer(dist)]);
    assert.equal(one, other);
    assert.deepEqual(
      readdirSync(dist).map((name) => join(dist, name)),
      [one],
    );
    assert.ok(builtPage(dist).exists);
  } finally {
    rmSync(dist, { recursive: true });
  }
});
