import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { LOCAL_CHAIN_TIMING, type Services, startServices } from '../../cli/services.ts';
import { freePort } from '../../cli/test/free-port.ts';
import { chromiumPath } from '../../client/test/chromium.ts';
import { type Explorer, startExplorer } from '../server.ts';
import { launch } from './browser.ts';

const WAIT_MS = 150_000;

/** A real service on a real chain with real, small proofs, its explorer, and a browser. */
export class PlayWorld {
  readonly services: Services;
  readonly explorer: Explorer;
  readonly browser: Browser;
  readonly #directory: string;

  private constructor(parts: { services: Services; explorer: Explorer; browser: Browser; directory: string }) {
    this.services = parts.services;
    this.explorer = parts.explorer;
    this.browser = parts.browser;
    this.#directory = parts.directory;
  }

  static async open(): Promise<PlayWorld> {
    const directory = mkdtempSync(join(tmpdir(), 'play-'));
    const ports = { apiPort: await freePort(), rpcPort: await freePort() };
    const services = await startServices({
      ...{ dataDirectory: directory, ...ports, ...LOCAL_CHAIN_TIMING, sequencerFlags: ['--circuits', 'tiny'] },
      ...{ onProgress: () => {}, onRestart: () => {} },
    });
    const { apiUrl, rpcUrl } = services;
    const explorer = await startExplorer({ port: 0, apiUrl, rpcUrl });
    return new PlayWorld({ services, explorer, browser: await launch(chromiumPath() ?? ''), directory });
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.explorer.close();
    await this.services.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** A page in a browser of its own, with nothing stored; what it reports as an error fails the test that closes it. */
  async visit(path: string, options: { context?: BrowserContext; colorScheme?: 'light' | 'dark' } = {}): Promise<Page> {
    const context = options.context ?? (await this.browser.newContext({ colorScheme: options.colorScheme ?? 'light' }));
    context.setDefaultTimeout(WAIT_MS);
    const page = await context.newPage();
    await page.goto(`${this.explorer.url}${path}`);
    return page;
  }

  /** A seat at the table: a throw-away wallet with a vault and something in it. */
  async seat(): Promise<Page> {
    const page = await this.visit('/play');
    await page.getByRole('button', { name: 'Start playing' }).click();
    await page.waitForSelector('[data-stage=ready][data-busy=false]');
    return page;
  }
}

/** Bets with the keyboard, one key a bet, and waits until all are answered; `before`: rows that were there. */
export async function press(page: Page, keys: string): Promise<void> {
  const before = await page.locator('tr[data-bet]').count();
  for (const key of keys) await page.keyboard.press(key);
  await answered(page, before + keys.length);
}

export async function answered(page: Page, count: number): Promise<void> {
  await page.waitForFunction((least) => document.querySelectorAll('tr[data-bet]').length >= least, count);
}

/** Until the chain has settled all of the page's bets for good. */
export async function settled(page: Page): Promise<void> {
  await page.waitForFunction(() => document.querySelectorAll('tr[data-state]:not([data-state=Finalized])').length === 0);
}

/** Saves a bet's receipt as a person does, and gives its text. */
export async function savedReceipt(page: Page, betNumber: number): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: `Save the receipt of bet ${betNumber}`, exact: true }).click(),
  ]);
  return readFileSync(await download.path(), 'utf8');
}

/** Gives the verify page a receipt file, and waits for what it comes to. */
export async function check(page: Page, text: string, name = 'receipt.json'): Promise<string | null> {
  await page.locator('input[type=file]').setInputFiles({ name, mimeType: 'application/json', buffer: Buffer.from(text) });
  return verdictIn(page);
}

export async function verdictIn(page: Page): Promise<string | null> {
  return page.locator('[data-verdict]').getAttribute('data-verdict');
}

/** Names of the checks with a result. */
export function checksOf(page: Page, result: string): Promise<string[]> {
  return page
    .locator(`[data-result=${result}]`)
    .evaluateAll((items) => items.map((item) => item.getAttribute('data-check') ?? ''));
}

/** Puts other sources than the operator's in their place. */
export async function useSources(page: Page, sources: Record<string, string>): Promise<void> {
  await page.locator('.sources > summary').click();
  for (const [name, value] of Object.entries(sources)) await page.locator(`input[name=${name}]`).fill(value);
  await page.getByRole('button', { name: 'Use these' }).click();
  await page.locator('.sources > summary').click();
}
