import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import helmet from '@fastify/helmet';
import fastifyStatic from '@fastify/static';
import Fastify, { type FastifyBaseLogger } from 'fastify';
import { builtPage } from './build.ts';

/** Longest that a build of the page may take. */
const BUILD_TIMEOUT_MS = 180_000;

/** The verifier's worker has a policy of its own: its reader says which node and which place of blobs it asks, and the page asks neither. */
const VERIFIER = /[\\/]verify-worker-[^\\/]+\.js(\.\w+)?$/;
const VERIFIER_POLICY = "default-src 'none'; script-src 'self'; connect-src http: https:";

export interface ExplorerOptions {
  port: number;
  host?: string;
  /** Where the reader's browser finds the sequencer's API. */
  apiUrl: string;
  /** Where it finds a node of the chain. */
  rpcUrl: string;
  log?: FastifyBaseLogger;
  /** Told in plain words what takes a while. */
  onProgress?(message: string): void;
}

export interface Explorer {
  url: string;
  close(): Promise<void>;
}

/**
 * Serves the explorer's page, built first if its sources have changed. The page itself reads API and chain; this server has no part in
 * what it shows. Rejects with the system's error, `EADDRINUSE` for one, if it can not listen.
 */
export async function startExplorer(options: ExplorerOptions): Promise<Explorer> {
  const { host = '127.0.0.1', port, log, onProgress } = options;
  const directory = await builtDirectory(onProgress);
  const server = Fastify({ ...(log ? { loggerInstance: log } : {}), forceCloseConnections: true });
  await server.register(helmet, headersOf(options, readFileSync(join(directory, 'index.html'), 'utf8')));
  server.get('/config.json', (_, reply) => {
    const { apiUrl: api_url, rpcUrl: rpc_url } = options;
    return reply.header('cache-control', 'no-cache').send({ api_url: withoutSlash(api_url), rpc_url: withoutSlash(rpc_url) });
  });
  await server.register(fastifyStatic, {
    root: directory,
    preCompressed: true,
    cacheControl: false,
    // A file that is named by its content never changes.
    setHeaders: (reply, path) => {
      const hashed = path.startsWith(join(directory, 'assets'));
      reply.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
      if (VERIFIER.test(path)) reply.header('content-security-policy', VERIFIER_POLICY);
    },
  });
  server.setNotFoundHandler((request, reply) => {
    const isPage = request.method === 'GET' && !new URL(request.url, 'http://localhost').pathname.includes('.');
    // Every page is the one document: its address says which to show.
    if (isPage) return reply.sendFile('index.html');
    return reply.status(404).type('text/plain').send('not found\n');
  });
  await server.listen({ host, port });
  const address = server.server.address();
  const bound = typeof address === 'object' && address ? address.port : port;
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return { url: `http://${shown.includes(':') ? `[${shown}]` : shown}:${bound}`, close: () => server.close() };
}

/** In a process of its own: a bundler's memory is not kept by a service that runs for weeks. */
async function builtDirectory(onProgress: ExplorerOptions['onProgress']): Promise<string> {
  const page = builtPage();
  if (page.exists) return page.directory;
  onProgress?.('building the explorer');
  const script = join(import.meta.dirname, 'build.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: BUILD_TIMEOUT_MS });
  return stdout.trim();
}

/** What the page may load, and whom it may talk to: itself, the API and the chain, and nobody else. */
function headersOf({ apiUrl, rpcUrl }: ExplorerOptions, html: string) {
  const inline = [...html.matchAll(/<script>(.*?)<\/script>/gs)].map(
    ([, text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`,
  );
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'", "'wasm-unsafe-eval'", ...inline],
        workerSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        connectSrc: ["'self'", ...[apiUrl, rpcUrl].flatMap(originsOf)],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    // The API is another origin, and answers this page by its own rules.
    crossOriginEmbedderPolicy: false,
    // Plain HTTP on the reader's own machine is the common case.
    strictTransportSecurity: false,
    referrerPolicy: { policy: 'no-referrer' as const },
  };
}

/** An address's origin over HTTP and over WebSocket. */
function originsOf(url: string): string[] {
  const { origin } = new URL(url);
  return [origin, origin.replace(/^http/, 'ws')];
}

const withoutSlash = (url: string): string => url.replace(/\/+$/, '');
