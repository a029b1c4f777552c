import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

export const launch = (executablePath: string): Promise<Browser> =>
  // Test machines are containers without user namespaces.
  chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });

/** Longest that a page may take to show something. */
const PATIENCE_MS = 20_000;

/** A page that remembers all that a reader of its console would be alarmed by. */
export interface WatchedPage {
  page: Page;
  /** Fails if anything was wrong: an error in the console, one that nobody caught, a breach of the content security policy. */
  assertQuiet(): void;
  close(): Promise<void>;
}

export async function watchedPage(browser: Browser, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const wrong: string[] = [];
  page.on('console', (message) => {
    // A service that shares a busy machine with its tests may be busy for a moment: the page asks again.
    if (message.text().includes('status of 503')) return;
    if (['error', 'warning'].includes(message.type())) wrong.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => wrong.push(`not caught: ${error.stack ?? error.message}`));
  return {
    page,
    assertQuiet: () => assert.deepEqual(wrong, []),
    close: () => context.close(),
  };
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface AxeResult {
  violations: { id: string; help: string; nodes: { html: string; failureSummary?: string }[] }[];
}

/** Fails on anything of a page that axe-core finds not accessible. */
export async function assertAccessible(page: Page, what: string): Promise<void> {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: { run(): Promise<AxeResult> } }).axe.run());
  const told = violations.map(
    ({ id, help, nodes }) =>
      `${id}: ${help}\n${nodes.map(({ html, failureSummary }) => `  ${html}\n  ${failureSummary}`).join('\n')}`,
  );
  assert.deepEqual(told, [], what);
}

/** Where screenshots go: a folder of this run, or the one that `SCREENSHOTS` names. */
export const screenshotFolder = (): string => process.env.SCREENSHOTS ?? mkdtempSync(join(tmpdir(), 'explorer-screenshots-'));
