// Would catch: a page that ticks what it did not check, that calls something down a fraud, or that shows another bet's good receipt as this one's.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { freePort } from '../cli/test/free-port.ts';
import { chromiumPath, NO_CHROMIUM } from '../client/test/chromium.ts';
import { parseReceiptFile } from '../protocol/receipt-file.ts';
import { BET_CHECKS } from '../verifier/bet/checks.ts';
import { assertAccessible } from './test/browser.ts';
import { check, checksOf, PlayWorld, press, savedReceipt, settled, useSources, verdictIn } from './test/play-world.ts';

const TIMEOUT_MS = 480_000;
const ALL = Object.keys(BET_CHECKS);
const BETS = 12;

/** The text with another last digit in the value of a field. */
function changed(text: string, field: string): string {
  const at = text.indexOf(`"${field}": "`) + field.length + 5;
  return `${text.slice(0, at)}${text[at] === '0' ? '1' : '0'}${text.slice(at + 1)}`;
}

describe('verification in a browser', { skip: chromiumPath() ? false : NO_CHROMIUM, timeout: TIMEOUT_MS }, () => {
  let world: PlayWorld;
  let player: Page;
  let receipt: string;
  let betId: string;

  before(async () => {
    world = await PlayWorld.open();
    player = await world.seat();
    await press(player, 'hthhtthththt');
    await settled(player);
    receipt = await savedReceipt(player, 2);
    betId = (await player.locator('tr[data-bet="2"] a').getAttribute('href'))?.split('/').at(-1) as string;
  });
  after(() => world?.close());

  test('goes from the table to the bet, and passes every check there, in a thread of its own', async () => {
    const page = player;
    const workers: string[] = [];
    page.on('worker', (worker) => workers.push(worker.url()));
    await page.locator('tr[data-bet="2"] a').click();
    await page.getByRole('button', { name: 'Verify this bet' }).click();
    assert.equal(await verdictIn(page), 'settled');
    assert.deepEqual(await checksOf(page, 'passed'), ALL);
    assert.match(
      await page.locator('[data-verdict]').innerText(),
      /24 of 24 checks passed[\s\S]*DEVELOPMENT KEY[\s\S]*number 2: 0\.01 SOL on/,
    );
    assert.match(workers.join(), /verify-worker/);
    await assertAccessible(page, 'the page');
  });

  test('checks a receipt that its bettor kept, dropped or pasted', async () => {
    const page = await world.visit('/verify');
    assert.equal(await check(page, receipt), 'settled');
    // The bettor's own file does not know where the bet was settled: nothing to compare.
    assert.deepEqual(await checksOf(page, 'skipped'), ['hints']);
    await page.getByText('Or paste it').click();
    await page.locator('textarea').fill(changed(receipt, 'head_before'));
    await page.getByRole('button', { name: 'Check the text' }).click();
    await page.waitForSelector('[data-verdict=invalid]');
    await page.context().close();
  });

  test('names what is wrong with a file that was changed, and blames the file', async () => {
    const page = await world.visit('/verify');
    for (const [field, expected] of [
      ['head_before', ['head', 'session-signature']],
      ['client_seed', ['head', 'session-signature']],
    ] as const) {
      assert.equal(await check(page, changed(receipt, field)), 'invalid', field);
      assert.deepEqual(await checksOf(page, 'failed'), expected, field);
      assert.match(await page.locator('[data-verdict]').innerText(), /against the receipt file/);
    }
    const file = JSON.parse(receipt);
    const { signature } = file.receipt;
    file.receipt.signature = `${signature.slice(0, -1)}${signature.endsWith('0') ? '1' : '0'}`;
    assert.equal(await check(page, JSON.stringify(file)), 'invalid');
    assert.deepEqual(await checksOf(page, 'failed'), ['receipt-signature']);
    for (const [text, code] of [
      ['no file', 'NOT_JSON'],
      ['{"format": "other"}', 'UNKNOWN_FORMAT'],
      [receipt.replace('"owner"', '"owned"'), 'BAD_FIELD'],
      [' '.repeat(1_000_001), 'RECEIPT_UNREACHABLE'],
    ] as const) {
      assert.equal(await check(page, text), 'no-result', code);
      assert.equal(await page.locator('[data-verdict]').getAttribute('data-code'), code);
    }
    await page.context().close();
  });

  test('shows the receipt of another bet as that, however good it is', async () => {
    const page = await world.visit(`/bets/${betId}`);
    const other =
      (await player
        .context()
        .pages()[0]
        ?.evaluate(() => '')) ?? '';
    assert.equal(other, '');
    const bets = (await (await fetch(`${world.services.apiUrl}/v1/bets`)).json()) as {
      bets: { bet_id: string; nonce: string }[];
    };
    const third = bets.bets.find(({ nonce }) => nonce === '3');
    const served = await (await fetch(`${world.services.apiUrl}/v1/bets/${third?.bet_id}/receipt`)).text();
    await page.route('**/v1/bets/*/receipt', (route) =>
      route.fulfill({ body: served, headers: { 'access-control-allow-origin': '*', 'content-type': 'application/json' } }),
    );
    await page.getByRole('button', { name: 'Verify this bet' }).click();
    assert.equal(await verdictIn(page), 'other-bet');
    await page.context().close();
  });

  test('says of a node that is down, and of a blob that is nowhere, what to do, and nothing against the house', async () => {
    const page = await world.visit('/verify');
    await useSources(page, { rpcUrl: `http://127.0.0.1:${await freePort()}` });
    assert.equal(await check(page, receipt), 'no-result');
    const result = page.locator('[data-verdict]');
    assert.equal(await result.getAttribute('data-code'), 'RPC_UNREACHABLE');
    assert.match(await result.innerText(), /node of the chain does not answer[\s\S]*CORS[\s\S]*says nothing about the house/);
    assert.deepEqual(await checksOf(page, 'failed'), []);
    assert.equal((await checksOf(page, 'passed')).length, ALL.indexOf('chain'), 'what the file shows alone is shown');
    await assertAccessible(page, 'the page');

    // Another origin than the page may ask: the worker asks it nevertheless. Its blobs are not there.
    const elsewhere = world.services.rpcUrl.replace('127.0.0.1', 'localhost');
    const blobsUrl = `${world.services.apiUrl.replace('127.0.0.1', 'localhost')}/v1/nowhere`;
    await useSources(page, { rpcUrl: elsewhere, blobsUrl });
    assert.equal(await check(page, receipt), 'incomplete', await page.locator('[data-verdict]').innerText());
    assert.deepEqual(await checksOf(page, 'failed'), []);
    await page.context().close();

    const bet = await world.visit(`/bets/${betId}`);
    await bet.route('**/v1/bets/*/receipt', (route) => route.abort());
    await bet.getByRole('button', { name: 'Verify this bet' }).click();
    assert.equal(await verdictIn(bet), 'no-result');
    assert.match(await bet.locator('[data-verdict]').innerText(), /service does not send the receipt/);
    await bet.context().close();
  });

  test('fails a receipt of another house than the reader means', async () => {
    const page = await world.visit('/verify');
    await useSources(page, { house: parseReceiptFile(receipt).vault });
    assert.equal(await check(page, receipt), 'invalid');
    assert.deepEqual(await checksOf(page, 'failed'), ['house']);
    await useSources(page, { rpcUrl: 'javascript:alert(1)', house: 'nobody' });
    assert.equal(await page.locator('.field-error').count(), 2, 'what is no address is not taken');
    await page.context().close();
  });

  test('replays the house, stops when told to, goes on where it was, and finds a blob that was changed', async () => {
    const page = await world.visit('/verify', { colorScheme: 'dark' });
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let asked = 0;
    await page.context().route(`${world.services.rpcUrl}/**`, async (route) => {
      if (route.request().postData()?.includes('"getTransaction"')) {
        asked += 1;
        if (asked > 10) await held;
      }
      await route.continue();
    });
    await page.getByRole('button', { name: 'Verify the house' }).click();
    await page.waitForSelector('progress');
    await page.getByRole('button', { name: 'Stop' }).click();
    release();
    await page.getByText('what is done is kept').waitFor();
    await page.getByRole('button', { name: 'Go on' }).click();
    assert.equal(await verdictIn(page), 'passed');
    assert.match(await page.locator('[data-verdict]').innerText(), new RegExp(`${BETS} bets[\\s\\S]*going on after`));
    await assertAccessible(page, 'the page');

    await page.context().route('**/v1/blobs/*', async (route) => {
      const body = await (await route.fetch()).body();
      body[0] = (body[0] as number) ^ 1;
      await route.fulfill({ body, headers: { 'access-control-allow-origin': '*' } });
    });
    await page.getByRole('button', { name: 'Start over' }).click();
    await page.waitForSelector('[data-verdict=diverges]');
    assert.match(await page.locator('[data-verdict]').innerText(), /sources do not have all of it[\s\S]*blob-altered/);
    await page.context().close();
  });

  test('loads verifier and client where they are used, and lets the verifier alone ask others', async () => {
    const page = await world.visit('/house');
    await page.waitForLoadState('networkidle');
    const loaded = await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name));
    assert.deepEqual(
      loaded.filter((name) => /verify-worker|player/.test(name)),
      [],
    );
    const policy = (await page.request.get(world.explorer.url)).headers()['content-security-policy'] ?? '';
    assert.match(policy, /worker-src 'self'/);
    assert.doesNotMatch(policy, /connect-src[^;]* https?:(?!\/\/)/);
    await page.context().close();
  });
});
