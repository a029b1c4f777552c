// Would catch: a page that does not come, shows another than the service's facts, forgets its filters, alarms, or keeps somebody out.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { chromiumPath, NO_CHROMIUM } from '../client/test/chromium.ts';
import { ChainWorld } from '../sequencer/test/chain-world.ts';
import { type Explorer, startExplorer } from './server.ts';
import type { BatchesPage, BetDetail, BetSummary, House } from './src/api-types.ts';
import { grouped, sol } from './src/format.ts';
import { assertAccessible, launch, screenshotFolder, type WatchedPage, watchedPage } from './test/browser.ts';

const executablePath = chromiumPath();
const BETS_EACH = 15;
const ROWS = 25;

describe('the explorer in a browser', { skip: executablePath ? false : NO_CHROMIUM }, () => {
  let world: ChainWorld;
  let explorer: Explorer;
  let browser: Browser;
  let watched: WatchedPage;

  before(async () => {
    world = await ChainWorld.open(2);
    await world.bet(BETS_EACH);
    await world.settleAndCheck();
    explorer = await startExplorer({ port: 0, apiUrl: world.apiUrl, rpcUrl: world.node.url });
    browser = await launch(executablePath as string);
  });
  after(async () => {
    await browser?.close();
    await explorer?.close();
    await world?.close();
  });

  /** What the API itself says, asked again while it is busy. */
  const read = async <T>(path: string): Promise<T> => {
    for (;;) {
      const answer = await fetch(`${world.apiUrl}${path}`);
      if (answer.status !== 503) return (await answer.json()) as T;
    }
  };
  const newest = async (query = ''): Promise<BetSummary> => {
    const [bet] = (await read<{ bets: BetSummary[] }>(`/v1/bets?limit=1${query}`)).bets;
    return bet as BetSummary;
  };
  /** Opens a page, and checks that it was quiet once `look` is done. */
  const onPage = async (path: string, look: (page: WatchedPage['page']) => Promise<void>, options = {}) => {
    watched = await watchedPage(browser, options);
    try {
      await watched.page.goto(`${explorer.url}${path}`);
      await look(watched.page);
      watched.assertQuiet();
    } finally {
      await watched.close();
    }
  };
  const betLinks = '.table-box tbody tr td:first-child a';

  test('a bet is seen as it is answered, followed to its batch, and found again', async () => {
    await onPage('/', async (page) => {
      await page.getByRole('status').getByText('Live', { exact: true }).waitFor();
      const [client] = world.clients;
      assert.ok(client);
      await world.bet(1, [client]);
      const bet = await newest();
      const row = page.locator('tr', { has: page.locator(`a[href="/bets/${bet.bet_id}"]`) });
      await row.waitFor();
      // By the events alone: nothing is read again.
      await row.getByText('Finalized').waitFor();
      await row.locator('td:first-child a').click();
      await page.getByRole('heading', { level: 1, name: /^Bet/ }).waitFor();
      const detail = await read<BetDetail>(`/v1/bets/${bet.bet_id}`);
      for (const text of [
        detail.client_seed,
        detail.server_seed,
        detail.head_before,
        detail.sig ?? '',
        detail.session_key,
        detail.user,
      ]) {
        await page.getByText(text, { exact: true }).first().waitFor();
      }
      for (const lamports of [detail.amount, detail.payout, detail.balance_before, detail.balance]) {
        await page
          .getByText(`${grouped(lamports)} lamports`)
          .first()
          .waitFor();
      }
      await page.getByRole('link', { name: `Batch ${detail.batch}`, exact: true }).click();
      await page.getByRole('heading', { level: 1, name: `Batch ${detail.batch}` }).waitFor();
      await page.locator(`a[href="/bets/${bet.bet_id}"]`).waitFor();
      for (const state of ['Pending', 'Proving', 'Proved', 'Submitted', 'Confirmed', 'Finalized']) {
        await page.locator('.timeline').getByText(state, { exact: true }).waitFor();
      }
    });
  });

  test('the search box, by keyboard alone, finds bets, batches and bettors, and says what it takes', async () => {
    await onPage('/house', async (page) => {
      const { bet_id: id, user } = await newest();
      const find = async (text: string) => {
        await page.keyboard.press('/');
        await page.keyboard.type(text);
        await page.keyboard.press('Enter');
      };
      await page.getByRole('heading', { level: 1, name: 'House' }).waitFor();
      await find('what');
      await page.getByRole('alert').getByText('Enter a bet id').waitFor();
      await page.getByRole('searchbox').fill('');
      await page.getByRole('searchbox').blur();
      await find(id);
      await page.waitForURL(`**/bets/${id}`);
      await find('1');
      await page.waitForURL('**/batches/1');
      await find(user);
      await page.waitForURL(`**/bets?user=${user}`);
      await page.keyboard.press('Tab');
    });
  });

  test('filters are in the address, and survive a reload', async () => {
    const { user } = await newest();
    await onPage('/bets', async (page) => {
      await page.locator(betLinks).first().waitFor();
      await page.getByLabel('Result').selectOption('true');
      await page.waitForURL('**/bets?won=true');
      await page.getByRole('textbox', { name: 'Bettor' }).fill(user);
      await page.getByRole('textbox', { name: 'Bettor' }).press('Enter');
      await page.waitForURL((url) => url.searchParams.get('user') === user && url.searchParams.get('won') === 'true');
      const wanted = (await read<{ bets: BetSummary[] }>(`/v1/bets?user=${user}&won=true&limit=${ROWS}`)).bets.map(
        ({ bet_id: id }) => `/bets/${id}`,
      );
      const shown = () => page.locator(betLinks).evaluateAll((links) => links.map((link) => link.getAttribute('href')));
      await page.locator(`a[href="${wanted[0]}"]`).waitFor();
      assert.deepEqual(await shown(), wanted);
      await page.reload();
      await page.locator(betLinks).first().waitFor();
      assert.deepEqual(await shown(), wanted);
      assert.equal(await page.getByLabel('Result').inputValue(), 'true');
      await page.goto(`${explorer.url}/bets?to=1`);
      await page.getByText('No bet fits these filters').waitFor();
    });
  });

  test('pages of bets: every bet once, older by a link, and back by the browser', async () => {
    await onPage('/bets', async (page) => {
      const seen: string[] = [];
      const readPage = async () => {
        await page.locator(betLinks).first().waitFor();
        return page.locator(betLinks).evaluateAll((links) => links.map((link) => link.getAttribute('href') ?? ''));
      };
      const first = await readPage();
      assert.equal(first.length, ROWS);
      seen.push(...first);
      await page.getByRole('link', { name: 'Older' }).click();
      await page.locator(`a[href="${first[0]}"]`).waitFor({ state: 'detached' });
      seen.push(...(await readPage()));
      const all = (await read<{ bets: BetSummary[] }>('/v1/bets?limit=100')).bets.map(({ bet_id: id }) => `/bets/${id}`);
      assert.deepEqual(seen, all);
      await page.goBack();
      await page.locator(`a[href="${first[0]}"]`).waitFor();
      assert.deepEqual(await readPage(), first);
    });
  });

  test('development keys are warned of', async () => {
    for (const path of ['/', '/house']) {
      watched = await watchedPage(browser);
      await watched.page.route('**/v1/house', async (route) => {
        const answer = await route.fetch();
        await route.fulfill({ response: answer, json: { ...(await answer.json()), development_keys: true } });
      });
      await watched.page.goto(`${explorer.url}${path}`);
      await watched.page.getByText('Development keys.').waitFor();
      await watched.close();
    }
    await onPage('/', async (page) => {
      await page.getByText('final on chain').waitFor();
      assert.equal(await page.getByText('Development keys.').count(), 0);
    });
  });

  test("a receipt is saved that is the service's own", async () => {
    const { bet_id: id } = await newest();
    await onPage(`/bets/${id}`, async (page) => {
      const saving = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Receipt file' }).click();
      const stream = await (await saving).createReadStream();
      const text = Buffer.concat(await stream.toArray()).toString();
      assert.deepEqual(JSON.parse(text), await read(`/v1/bets/${id}/receipt`));
    });
  });

  test('the house: its money, its keys, and its escrow as the chain has it', async () => {
    await onPage('/house', async (page) => {
      const house = await read<House>('/v1/house');
      await page.getByText('The escrow covers all that is owed.').waitFor();
      await page.getByText('All is well.').waitFor();
      for (const key of [house.house, house.authority, house.settler, house.receipt_key])
        await page.getByText(key).first().waitFor();
      await page
        .getByText(`${grouped(house.liabilities)} lamports`)
        .first()
        .waitFor();
      await page.getByText(sol(house.balance)).first().waitFor();
    });
  });

  test('charts say in words and in tables what they draw', async () => {
    await onPage('/charts', async (page) => {
      const { batches } = await read<BatchesPage>('/v1/batches?limit=100');
      const bets = batches.reduce((sum, batch) => sum + batch.bets, 0);
      await page.getByText(`${bets} bets in ${batches.length} batches`).waitFor();
      assert.equal(await page.locator('.chart canvas').count(), 4);
      await page.getByText('The same as a table').last().click();
      const rows = page.getByRole('table', { name: 'Outcome balance' }).locator('tbody tr');
      assert.equal(await rows.count(), batches.length);
      await rows.last().getByText(String(bets), { exact: true }).waitFor();
    });
  });

  test("the theme is the system's until another is chosen, which stays", async () => {
    await onPage(
      '/batches',
      async (page) => {
        const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
        const dark = await ground();
        await page.getByRole('button', { name: 'Switch to the light theme' }).click();
        const light = await ground();
        assert.notEqual(light, dark);
        await page.reload();
        assert.equal(await ground(), light);
      },
      { colorScheme: 'dark' },
    );
  });

  test('what is not there is said, and so is a service that does not answer', async () => {
    await onPage('/nowhere', (page) => page.getByText('There is no such page').waitFor());
    const away = await startExplorer({ port: 0, apiUrl: 'http://127.0.0.1:1', rpcUrl: 'http://127.0.0.1:1' });
    // The browser itself reports each failed request in its console.
    const { page, close } = await watchedPage(browser);
    try {
      for (const path of ['/', '/bets', '/bets/00', '/batches', '/batches/1', '/house', '/charts']) {
        await page.goto(`${away.url}${path}`);
        await page.getByRole('button', { name: 'Try again' }).first().waitFor();
        await page.getByText('UNREACHABLE').first().waitFor();
      }
    } finally {
      await close();
      await away.close();
    }
    const lost = await watchedPage(browser);
    await lost.page.goto(`${explorer.url}/bets/${'0'.repeat(64)}`);
    await lost.page.getByText('NOT_FOUND').waitFor();
    await lost.close();
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    test(`every page is accessible, and fits a small screen, in the ${colorScheme} theme`, async () => {
      const { bet_id: id, batch } = await newest('&status=Finalized');
      const folder = screenshotFolder();
      const paths = {
        live: '/',
        bets: '/bets',
        bet: `/bets/${id}`,
        batches: '/batches',
        batch: `/batches/${batch}`,
        house: '/house',
        charts: '/charts',
        verify: '/verify',
        play: '/play',
      };
      for (const [name, path] of Object.entries(paths)) {
        await onPage(
          path,
          async (page) => {
            await page.locator('main h1').waitFor();
            await page.waitForLoadState('networkidle');
            await page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' });
            await assertAccessible(page, `${path} in the ${colorScheme} theme`);
            await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`), fullPage: true });
            await page.setViewportSize({ width: 320, height: 640 });
            assert.equal(
              await page.evaluate(() => document.documentElement.scrollWidth),
              320,
              `${path} is wider than a small screen`,
            );
            if (colorScheme === 'light') await assertAccessible(page, `${path} on a small screen`);
            await page.screenshot({ path: join(folder, `${name}-${colorScheme}-small.png`), fullPage: true });
          },
          { colorScheme, reducedMotion: 'reduce' },
        );
      }
    });
  }
});
