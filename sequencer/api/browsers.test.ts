import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { InjectOptions } from 'fastify';
import { chromium } from 'playwright-core';
import { chromiumPath, NO_CHROMIUM } from '../../client/test/chromium.ts';
import { useKernel } from '../../protocol/kernel.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { ApiFixture, bodyOf } from '../test/api-fixture.ts';

/* Catches an answer that a page of another origin can not read, errors above all, and a documentation page that a browser does not run. */
useKernel(NATIVE_KERNEL);

const ORIGIN = 'https://play.example';

describe('the API in a browser', () => {
  let fixture: ApiFixture;
  beforeEach(async () => {
    fixture = await new ApiFixture().open();
  });
  afterEach(() => fixture.close());

  const ask = (options: InjectOptions, origin = ORIGIN) =>
    fixture.api.inject({ ...options, headers: { origin, ...options.headers } });
  const post = (payload: object | string) =>
    ask({ method: 'POST', url: '/v1/bet', payload, headers: { 'content-type': 'application/json' } });
  const allowedOf = ({ headers }: Awaited<ReturnType<typeof ask>>) => headers['access-control-allow-origin'];

  test('every answer may be read by a page of any origin, errors of every kind too', async () => {
    const answers = [
      [200, await post(bodyOf(fixture.alice.sign()))],
      [200, await ask({ url: '/v1/bets' })],
      [400, await post('{"user":')],
      [400, await ask({ url: '/v1/bets?limit=0' })],
      [404, await ask({ url: '/nothing' })],
      [404, await ask({ url: `/v1/bets/${'0'.repeat(64)}` })],
      [404, await ask({ url: `/v1/blobs/bafkrei${'a'.repeat(52)}` })],
      [413, await post({ pad: 'x'.repeat(5_000) })],
      [400, await ask({ url: '/v1/bets/%zz' })],
      [400, await ask({ url: `/v1/bets/${'0'.repeat(200)}` })],
    ] as const;
    for (const [status, answer] of answers) assert.deepEqual([answer.statusCode, allowedOf(answer)], [status, '*'], answer.body);
    const exposed = String(answers[0][1].headers['access-control-expose-headers']);
    for (const header of ['retry-after', 'etag']) assert.match(exposed, new RegExp(header));
    assert.equal(answers[0][1].headers['access-control-allow-credentials'], undefined);
  });

  test('answers that say to come back later may be read too', async () => {
    await fixture.serve({ requestsPerMinute: 1 });
    await ask({ url: '/v1/house' });
    const limited = await ask({ url: '/v1/house' });
    assert.deepEqual([limited.statusCode, allowedOf(limited)], [429, '*']);
    assert.ok(limited.headers['retry-after']);
    await fixture.serve({ limits: { inFlight: 0 } });
    const busy = await ask({ url: '/v1/house' });
    assert.deepEqual([busy.statusCode, busy.json().error.code, allowedOf(busy)], [503, 'BUSY', '*']);
  });

  test('the question before a bet is answered, is kept, and counts for no limit', async () => {
    await fixture.serve({ requestsPerMinute: 1 });
    const headers = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' };
    for (let time = 0; time < 3; time += 1) {
      const answer = await ask({ method: 'OPTIONS', url: '/v1/bet', headers });
      assert.deepEqual([answer.statusCode, allowedOf(answer)], [204, '*']);
      assert.match(String(answer.headers['access-control-allow-headers']), /content-type/);
      assert.match(String(answer.headers['access-control-allow-methods']), /POST/);
      assert.ok(Number(answer.headers['access-control-max-age']) > 0);
    }
    assert.equal((await post(bodyOf(fixture.alice.sign()))).statusCode, 200);
  });

  test('a list of origins lets in those and no others, and says that answers differ by it', async () => {
    await fixture.serve({ corsOrigins: [ORIGIN, 'http://localhost:8788'] });
    for (const url of ['/v1/house', '/nothing']) {
      const own = await ask({ url });
      assert.deepEqual([allowedOf(own), own.headers.vary], [ORIGIN, 'Origin'], url);
      const other = await ask({ url }, 'https://evil.example');
      assert.deepEqual([allowedOf(other), other.headers.vary], [undefined, 'Origin'], url);
    }
    assert.equal(allowedOf(await ask({ url: '/v1/house' }, 'https://play.example.evil.example')), undefined);
  });

  test('the bare address says where things are, and each is there', async () => {
    const door = (await ask({ url: '/' })).json();
    const places = Object.values<string>(door).filter((place) => place.startsWith('/') && place !== '/ws');
    assert.ok(places.length >= 5);
    for (const url of places) assert.equal((await ask({ url })).statusCode, 200, url);
  });

  const path = chromiumPath();
  const skip = path === undefined && NO_CHROMIUM;
  test('the documentation page runs under the policy of its own headers, and asks for nothing elsewhere', { skip }, async () => {
    await fixture.listen();
    const browser = await chromium.launch({ executablePath: path as string, args: ['--no-sandbox'] });
    try {
      const page = await browser.newPage();
      const wrong: string[] = [];
      page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()));
      page.on('pageerror', (error) => wrong.push(error.message));
      page.on('request', (request) => request.url().startsWith(fixture.url) || wrong.push(request.url()));
      await page.goto(`${fixture.url}/docs`);
      await page.getByText('Places a bet').waitFor();
      await page.locator('#operations-house-getHouse .opblock-summary-control').click();
      await page.locator('#operations-house-getHouse button.execute').click();
      await page.locator('#operations-house-getHouse .live-responses-table').getByText('profit_bps').first().waitFor();
      assert.deepEqual(
        wrong.filter((one) => !one.startsWith('data:')),
        [],
      );
      if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT, fullPage: true });
    } finally {
      await browser.close();
    }
  });
});
