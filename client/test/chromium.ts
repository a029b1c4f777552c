import { existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** What a test that needs a Chromium is skipped with where there is none. */
export const NO_CHROMIUM = 'no Chromium on the PATH: apt-get install chromium, or set CHROMIUM to the path of one';

/** A Chromium on the PATH, or the one that `CHROMIUM` names. Undefined if there is none; an error where `CHROMIUM_REQUIRED` is set. */
export function chromiumPath(): string | undefined {
  const named = process.env.CHROMIUM;
  const found = named
    ? [named]
    : (process.env.PATH ?? '').split(delimiter).flatMap((directory) => NAMES.map((name) => join(directory, name)));
  const path = found.find((candidate) => existsSync(candidate));
  if (!path && process.env.CHROMIUM_REQUIRED) throw new Error(NO_CHROMIUM);
  return path;
}

/** A Chromium, closed when the test ends. Without one the test is skipped, and undefined given. */
export async function chromiumFor(t: TestContext, flags: readonly string[] = []): Promise<Browser | undefined> {
  const path = chromiumPath();
  if (path === undefined) {
    t.skip(NO_CHROMIUM);
    return undefined;
  }
  // The pages are the test's own; without this flag Chromium does not start as root.
  const browser = await chromium.launch({ executablePath: path, args: ['--no-sandbox', ...flags] });
  t.after(() => browser.close());
  return browser;
}

/** Serves a page with one script at `/`; whatever else is asked for goes to the service at `apiUrl`. */
export async function servePage(
  t: TestContext,
  input: { script: string; apiUrl: string },
): Promise<{ port: number; url: string }> {
  const html = '<!doctype html><html lang="en"><title>test</title><script type="module" src="/script.js"></script></html>';
  const server = createServer((request, response) => {
    if (request.url === '/') return response.setHeader('content-type', 'text/html').end(html);
    if (request.url === '/script.js') return response.setHeader('content-type', 'text/javascript').end(input.script);
    void pass(request, { response, apiUrl: input.apiUrl }).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}` };
}

async function pass(request: IncomingMessage, { response, apiUrl }: { response: ServerResponse; apiUrl: string }): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { method = 'GET' } = request;
  const body = method === 'POST' ? Buffer.concat(chunks) : null;
  const answer = await fetch(`${apiUrl}${request.url}`, { method, body });
  response.writeHead(answer.status).end(await answer.text());
}
