// Would catch: an example that does not run any more against a real local casino, or shows something else than it says.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';
import { LOCAL_CHAIN_TIMING, type Services, startServices } from '../cli/services.ts';
import { freePort } from '../cli/test/free-port.ts';
import { chromiumFor } from '../client/test/chromium.ts';

const TIMEOUT_MS = 400_000;

let services: Services;
let dataDirectory: string;

before(
  async () => {
    dataDirectory = mkdtempSync(join(tmpdir(), 'examples-'));
    const ports = { apiPort: await freePort(), rpcPort: await freePort() };
    const quiet = { onProgress: () => {}, onRestart: () => {} };
    services = await startServices({ dataDirectory, ...ports, ...LOCAL_CHAIN_TIMING, ...quiet });
  },
  { timeout: TIMEOUT_MS },
);
after(async () => {
  await services?.stop();
  rmSync(dataDirectory, { recursive: true, force: true });
});

const place = () => ({ API_URL: services.apiUrl, RPC_URL: services.rpcUrl });

/** Runs an example to its end; its exit code and what it printed. `onOutput` hears all that was printed so far. */
async function run(name: string, env: Record<string, string>, onOutput: (text: string, stop: () => void) => void = () => {}) {
  const path = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, [path], {
    env: { ...process.env, ...place(), STORE: join(dataDirectory, name), ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
      onOutput(output, () => child.kill('SIGINT'));
    });
  }
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}

test('the first example bets, sees the bet settled, and has its money back', { timeout: TIMEOUT_MS }, async () => {
  const { code, output } = await run('node-bet', {});
  assert.equal(code, 0, output);
  assert.match(output, /it fell (heads|tails)/);
  assert.match(output, /settled by the transaction \w{60,}/);
  assert.match(output, /withdrew (49|50)\d{7} lamports/);
});

test('the bot places many bets, and stops cleanly when it is told to; its next run goes on', {
  timeout: TIMEOUT_MS,
}, async (t) => {
  const all = await run('bot', { BETS: '150' });
  assert.equal(all.code, 0, all.output);
  assert.match(all.output, /placed 150 bets/);
  assert.match(all.output, /unanswered: 0/);
  t.diagnostic(all.output.match(/placed.*/)?.[0] ?? '');
  let isStopped = false;
  const stopped = await run('bot', { BETS: '2000' }, (output, stop) => {
    if (!isStopped && output.includes('batch')) stop();
    isStopped ||= output.includes('batch');
  });
  assert.equal(stopped.code, 0, stopped.output);
  assert.match(stopped.output, /unanswered: 0/);
  const again = await run('bot', { BETS: '5' });
  assert.equal(again.code, 0, again.output);
  assert.match(again.output, /placed 5 bets/);
});

test('the page bets in a browser, and knows its vault again when it is loaded anew', { timeout: TIMEOUT_MS }, async (t) => {
  const browser = await chromiumFor(t);
  if (!browser) return;
  Object.assign(process.env, place());
  const root = fileURLToPath(new URL('./browser', import.meta.url));
  const server = await createServer({ root, configFile: join(root, 'vite.config.ts'), logLevel: 'silent', server: { port: 0 } });
  t.after(() => server.close());
  await server.listen();
  const page = await browser.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  await page.goto(server.resolvedUrls?.local[0] as string);
  const says = (text: RegExp) => page.getByRole('status').filter({ hasText: text }).waitFor({ timeout: 100_000 });

  await page.getByRole('button', { name: 'Throw-away wallet' }).click();
  await says(/Ready/);
  await page.getByRole('button', { name: /Deposit/ }).click();
  await says(/The deposit is final/);
  await page.getByRole('button', { name: 'Heads' }).click();
  await says(/you (won|lost)/);
  const bets = page.getByRole('list', { name: 'Your bets' }).getByRole('listitem');
  assert.match(await bets.first().innerText(), /^#1 (heads|tails): [+−]/);
  await bets.filter({ hasText: '· settled' }).waitFor({ timeout: 100_000 });
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });

  await page.reload();
  await page.getByRole('button', { name: 'Throw-away wallet' }).click();
  await says(/Ready/);
  await page.getByRole('button', { name: 'Tails' }).click();
  await says(/you (won|lost)/);
  assert.match(await bets.first().innerText(), /^#2/);
  await page.getByLabel('Stake in SOL').fill('0.1');
  for (let tries = 0; tries < 40 && !(await page.getByText('above the balance').isVisible()); tries += 1) {
    await page.getByRole('button', { name: 'Tails' }).click();
    await says(/you (won|lost)|above the balance/);
  }
  assert.deepEqual(faults, []);
});
