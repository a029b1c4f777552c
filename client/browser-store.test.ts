// Would catch: two tabs, or a page before and after its reload, that sign different bets with one number; and a store that fails silently.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createKeyPairSignerFromPrivateKeyBytes } from '@solana/kit';
import type { BrowserContext, Page } from 'playwright-core';
import type { TestPage } from './test/browser-page.ts';
import { bundle } from './test/bundle.ts';
import { chromiumFor, servePage } from './test/chromium.ts';
import { FakeChain } from './test/fake-chain.ts';
import { FakeService, RECEIPT_KEY } from './test/fake-service.ts';

const script = bundle("import { page } from './client/test/browser-page.ts'; globalThis.page = page;");
const receiptKey = [...RECEIPT_KEY];

/** A service, a browser, and pages of one origin on which a bettor sits. */
async function setPages(t: TestContext) {
  const browser = await chromiumFor(t);
  if (!browser) return undefined;
  const service = new FakeService(await FakeChain.create(RECEIPT_KEY));
  const apiUrl = await service.start();
  t.after(() => service.stop());
  const { address } = await createKeyPairSignerFromPrivateKeyBytes(new Uint8Array(32).fill(5));
  await service.addVault(address, 10_000_000n);
  const { url } = await servePage(t, { script: await script, apiUrl });
  const context = await browser.newContext();
  return { service, context, newTab: () => openTab(context, url) };
}

async function openTab(context: BrowserContext, url: string): Promise<Page> {
  const tab = await context.newPage();
  await tab.goto(url);
  await call(tab, 'open', receiptKey);
  return tab;
}

/** Calls a function of the page, once its script is there. */
async function call<N extends keyof TestPage>(tab: Page, name: N, argument?: unknown): Promise<Awaited<ReturnType<TestPage[N]>>> {
  await tab.waitForFunction(() => 'page' in globalThis);
  const result = await tab.evaluate(
    ([method, input]) =>
      (globalThis as unknown as { page: Record<string, (input: unknown) => unknown> }).page[method as string]?.(input),
    [name, argument],
  );
  return result as Awaited<ReturnType<TestPage[N]>>;
}

/** The different bodies of each number that the service has seen. */
function bodiesByNumber(service: FakeService): number[] {
  const bodies = Map.groupBy(new Set(service.bets), (body) => (JSON.parse(body) as { nonce: string }).nonce);
  return [...bodies.values()].map(({ length }) => length);
}

const until = async (holds: () => boolean) => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
};

test('two tabs that bet at once never sign one number twice', async (t) => {
  const pages = await setPages(t);
  if (!pages) return;
  const tabs = [await pages.newTab(), await pages.newTab()];
  const numbers = (await Promise.all(tabs.map((tab) => call(tab, 'bet', 40)))).flat();
  assert.deepEqual(
    numbers.map(Number).sort((a, b) => a - b),
    Array.from({ length: 80 }, (_, index) => index + 1),
  );
  assert.deepEqual(bodiesByNumber(pages.service), Array(80).fill(1));
});

test('a page that is loaded again in the middle of bets sends the same bytes, and so does another tab when one is closed', async (t) => {
  const pages = await setPages(t);
  if (!pages) return;
  const { service } = pages;
  const tab = await pages.newTab();
  assert.deepEqual(await call(tab, 'bet', 1), ['1']);
  service.faults = Array(100_000).fill('lost-answer');
  void call(tab, 'bet', 10).catch(() => undefined);
  await until(() => new Set(service.bets).size === 11);
  await tab.reload();
  service.faults = [];
  await call(tab, 'open', receiptKey);
  const resumed = await call(tab, 'resume');
  assert.deepEqual(
    resumed,
    Array.from({ length: 10 }, (_, index) => `${index + 2}`),
  );

  service.faults = Array(100_000).fill('lost-request');
  void call(tab, 'bet', 5).catch(() => undefined);
  await until(() => new Set(service.bets).size === 16);
  // The other tab has to wait for the lock, until the first is gone.
  const opening = pages.newTab();
  service.faults = [];
  await tab.close();
  const other = await opening;
  assert.deepEqual(await call(other, 'bet', 1), ['17']);
  assert.deepEqual(bodiesByNumber(service), Array(17).fill(1));
});

test('locks hold across tabs: no count is lost', async (t) => {
  const pages = await setPages(t);
  if (!pages) return;
  const tabs = [await pages.newTab(), await pages.newTab(), await pages.newTab()];
  await Promise.all(tabs.map((tab) => call(tab, 'count', 50)));
  assert.equal(await call(tabs[0] as Page, 'counted'), '150');
  assert.equal(await call(tabs[0] as Page, 'closedCode'), 'STORE_UNAVAILABLE');
});

test('a page without locks, or a window without a database, is told so', async (t) => {
  const browser = await chromiumFor(t, ['--host-resolver-rules=MAP insecure.test 127.0.0.1']);
  if (!browser) return;
  const { port, url } = await servePage(t, { script: await script, apiUrl: 'http://127.0.0.1:1' });
  const insecure = await browser.newPage();
  await insecure.goto(`http://insecure.test:${port}`);
  assert.equal(await call(insecure, 'storeCode'), 'STORE_UNAVAILABLE');
  const blocked = await browser.newPage();
  await blocked.addInitScript(() => Object.defineProperty(globalThis, 'indexedDB', { value: undefined }));
  await blocked.goto(url);
  assert.equal(await call(blocked, 'storeCode'), 'STORE_UNAVAILABLE');
  const full = await browser.newPage();
  await full.addInitScript(() => {
    indexedDB.open = () => {
      const request = new EventTarget() as IDBOpenDBRequest;
      Object.assign(request, { error: new DOMException('denied', 'UnknownError') });
      setTimeout(() => request.onerror?.(new Event('error')));
      return request;
    };
  });
  await full.goto(url);
  assert.equal(await call(full, 'storeCode'), 'STORE_UNAVAILABLE');
  const fine = await browser.newPage();
  await fine.goto(url);
  assert.equal(await call(fine, 'storeCode'), 'opened');
});
