// Would catch: a bet that is lost or signed twice by a reload, a second tab or a service that is gone; money that does not come out again.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { chromiumPath, NO_CHROMIUM } from '../client/test/chromium.ts';
import { assertAccessible } from './test/browser.ts';
import { answered, PlayWorld, press, settled } from './test/play-world.ts';

const TIMEOUT_MS = 480_000;

const balanceOf = async (page: Page) => BigInt((await page.locator('[data-balance]').getAttribute('data-balance')) ?? '-1');
const numbersOf = (page: Page) =>
  page.locator('tr[data-bet]').evaluateAll((rows) => rows.map((row) => Number(row.getAttribute('data-bet'))));

describe('the table', { skip: chromiumPath() ? false : NO_CHROMIUM, timeout: TIMEOUT_MS }, () => {
  let world: PlayWorld;
  before(async () => {
    world = await PlayWorld.open();
  });
  after(() => world?.close());

  test('takes a newcomer from nothing to settled bets and their money back', async () => {
    const page = await world.seat();
    assert.equal(await balanceOf(page), 5_000_000_000n);
    await press(page, 'hthtT');
    assert.match(await page.locator('.last-result').innerText(), /(Heads|Tails): you (won|lost)/);
    assert.match(await page.locator('.checked').innerText(), /signature[\s\S]*seed[\s\S]*outcome[\s\S]*balance/);
    assert.deepEqual(await numbersOf(page), [5, 4, 3, 2, 1]);
    const won = await page.locator('tr[data-bet] .won').count();
    assert.equal(await balanceOf(page), 5_000_000_000n + BigInt(won) * 9_800_000n - BigInt(5 - won) * 10_000_000n);
    await settled(page);

    await page.reload();
    await page.waitForSelector('[data-stage=ready][data-busy=false]');
    assert.deepEqual(await numbersOf(page), [5, 4, 3, 2, 1], 'they come from this browser');

    await page.getByRole('button', { name: 'Withdraw all' }).click();
    await page.waitForFunction(() => document.querySelector('[data-balance="0"]') && document.querySelector('[data-busy=false]'));
    assert.equal(await page.getByRole('button', { name: 'Withdraw all' }).isDisabled(), true);
    await page.locator('#amount').fill('2');
    await page.getByRole('button', { name: 'Deposit', exact: true }).click();
    await page.waitForFunction(() => document.querySelector('[data-balance="2000000000"]'));
    await press(page, 'h');
    await page.context().close();
  });

  test('lets nothing through that is no stake, and bets on no key that is typed', async () => {
    const page = await world.seat();
    const stake = page.locator('#stake');
    for (const text of ['', '0', '-1', '1e3', '0.000000001', '9999', 'h', 't']) {
      await stake.fill(text);
      assert.equal(await page.getByRole('button', { name: /^Heads/ }).isDisabled(), true, text);
      await stake.press('h');
    }
    await stake.fill('0.02');
    await stake.press('t');
    await page.getByRole('button', { name: 'double the stake' }).click();
    assert.equal(await stake.inputValue(), '0.00001', 'what is no amount begins again at the least');
    assert.equal(await page.locator('tr[data-state]').count(), 0);
    await page.context().close();
  });

  test('gets a bet answered after a reload that was signed before it', async () => {
    const page = await world.seat();
    await press(page, 'h');
    let isHeld = false;
    await page.route('**/v1/bet', (route) => {
      // The first one is on its way when the page is left.
      if (isHeld) return route.continue();
      isHeld = true;
    });
    const sent = page.waitForRequest('**/v1/bet');
    await page.keyboard.press('t');
    await sent;
    await page.reload();
    await answered(page, 2);
    await page.getByText('recovered').waitFor();
    assert.deepEqual(await numbersOf(page), [2, 1]);
    await press(page, 'h');
    assert.deepEqual(await numbersOf(page), [3, 2, 1]);
    await page.context().close();
  });

  test('keeps a bet that nobody answers, says so, and sends the same again', async () => {
    const page = await world.seat();
    const bodies: string[] = [];
    await page.route('**/v1/bet', (route) => {
      bodies.push(route.request().postData() ?? '');
      return route.abort();
    });
    await page.keyboard.press('h');
    await page.waitForSelector('tr[data-state=unanswered]');
    assert.equal(await page.locator('.problem').getAttribute('data-code'), 'API_UNREACHABLE');
    await assertAccessible(page, 'the page');
    await page.unrouteAll();
    const again = page.waitForRequest('**/v1/bet');
    await page.getByRole('button', { name: 'Send it again' }).click();
    bodies.push((await again).postData() ?? '');
    await answered(page, 1);
    assert.equal(new Set(bodies).size, 1, 'byte for byte');
    assert.equal(await page.locator('tr[data-state=unanswered]').count(), 0);
    await page.context().close();
  });

  test('bets from two tabs at once without one number twice', async () => {
    const first = await world.seat();
    const second = await world.visit('/play', { context: first.context() });
    await second.waitForSelector('[data-stage=ready][data-busy=false]');
    await Promise.all([
      first.locator('body').evaluate(() => {
        for (const key of 'hthth') dispatchEvent(new KeyboardEvent('keydown', { key }));
      }),
      second.locator('body').evaluate(() => {
        for (const key of 'ththt') dispatchEvent(new KeyboardEvent('keydown', { key }));
      }),
    ]);
    for (const page of [first, second]) {
      await answered(page, 10);
      assert.equal(await page.locator('.problem').count(), 0);
      assert.deepEqual(
        (await numbersOf(page)).sort((a, b) => a - b),
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
      );
    }
    await first.context().close();
  });

  test('offers no throw-away wallet where there is no faucet, and says what is down where something is', async () => {
    const context = await world.browser.newContext();
    await context.route(`${world.services.rpcUrl}/**`, async (route) => {
      if (!route.request().postData()?.includes('requestAirdrop')) return route.continue();
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code: -32601, message: 'Method not found' } });
      await route.fulfill({ body, headers: { 'access-control-allow-origin': '*', 'content-type': 'application/json' } });
    });
    const page = await world.visit('/play', { context });
    await page.getByRole('heading', { name: 'Connect a wallet' }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Start playing' }).count(), 0);
    await context.unrouteAll();
    await context.route(`${world.services.rpcUrl}/**`, (route) => route.abort());
    await page.reload();
    await page.waitForSelector('[data-stage=cut-off] .problem');
    await context.unrouteAll();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('button', { name: 'Start playing' }).waitFor();
    await context.close();
  });

  test('can be used by everybody, in both themes', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await world.visit('/play', { colorScheme });
      await page.getByRole('button', { name: 'Start playing' }).waitFor();
      await assertAccessible(page, colorScheme);
      await page.getByRole('button', { name: 'Start playing' }).click();
      await page.waitForSelector('[data-stage=ready][data-busy=false]');
      await press(page, 'ht');
      await page.getByText('Advanced').click();
      await assertAccessible(page, colorScheme);
      await page.context().close();
    }
  });
});
