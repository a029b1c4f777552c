import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { ChainLog, LocalChain } from './chain.ts';
import { SubscriberConnection } from './connection.ts';
import { LocalChainError } from './errors.ts';
import { MAX_BODY_BYTES, MAX_CONNECTIONS, MAX_WEBSOCKET_MESSAGE_BYTES, MAX_WEBSOCKETS, REQUEST_TIMEOUT_MS } from './limits.ts';
import { answerBody } from './rpc/dispatch.ts';
import { Subscriptions } from './subscriptions.ts';

const MAX_PORT = 65_535;
const LOOPBACK_HOSTS = new Set(['127.0.0.1', '::1', 'localhost']);

/** A running server; HTTP and WebSocket share the port. */
export type RpcServer = {
  url: string;
  webSocketUrl: string;
  /** Subscriptions of all WebSockets. */
  openSubscriptions(): number;
  close(): Promise<void>;
};

/** Throws `LOCALCHAIN_CONFIG_INVALID` unless the host is loopback, as anyone who reaches the server can mint lamports. */
export function checkListenAddress({ host, port }: { host: string; port: number }): void {
  if (port > MAX_PORT) throw new LocalChainError('LOCALCHAIN_CONFIG_INVALID', `--port must be at most ${MAX_PORT}`);
  if (!LOOPBACK_HOSTS.has(host)) {
    const message = `--host must be loopback (127.0.0.1, ::1 or localhost), not ${host}: this chain is for development only`;
    throw new LocalChainError('LOCALCHAIN_CONFIG_INVALID', message);
  }
}

/**
 * Serves a chain's JSON-RPC. The host must pass `checkListenAddress`; port 0 takes a free port.
 */
export async function startServer(options: { chain: LocalChain; host: string; port: number; log: ChainLog }): Promise<RpcServer> {
  const { chain, host, port, log } = options;
  checkListenAddress({ host, port });
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    answer(chain, { request, response, log }).catch((error: unknown) => {
      log.warn({ err: error }, 'an HTTP request failed');
      response.destroy();
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  const subscriptions = new Subscriptions(chain);
  const sockets = attachWebSockets(server, { subscriptions, log });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  const authority = `${host.includes(':') ? `[${host}]` : host}:${bound}`;
  const close = async (): Promise<void> => {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const forced = setTimeout(() => server.closeAllConnections(), 1_000);
    await closed;
    clearTimeout(forced);
  };
  const openSubscriptions = (): number => subscriptions.count;
  return { url: `http://${authority}`, webSocketUrl: `ws://${authority}`, openSubscriptions, close };
}

function attachWebSockets(server: Server, parts: { subscriptions: Subscriptions; log: ChainLog }): WebSocketServer {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_WEBSOCKET_MESSAGE_BYTES,
    perMessageDeflate: false,
  });
  server.on('upgrade', (request, socket, head) => {
    if (!isLocal(request) || sockets.clients.size >= MAX_WEBSOCKETS) {
      socket.end(`HTTP/1.1 ${isLocal(request) ? '503 Service Unavailable' : '403 Forbidden'}\r\nConnection: close\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      new SubscriberConnection(webSocket, parts);
    });
  });
  return sockets;
}

/**
 * Whether a request names this machine, and comes from no page of another host: a web site can make a browser
 * connect to loopback, by its own origin or by a name that it points there.
 */
function isLocal(request: IncomingMessage): boolean {
  const names = [`http://${request.headers.host ?? ''}`, request.headers.origin];
  return names.every((name) => {
    if (name === undefined) return true;
    if (!URL.canParse(name)) return false;
    return LOOPBACK_HOSTS.has(new URL(name).hostname.replace(/^\[(.*)\]$/, '$1'));
  });
}

async function answer(
  chain: LocalChain,
  exchange: { request: IncomingMessage; response: ServerResponse; log: ChainLog },
): Promise<void> {
  const { request, response, log } = exchange;
  const end = (status: number, body: string): void => {
    const type = body.startsWith('{') || body.startsWith('[') ? 'application/json; charset=utf-8' : 'text/plain';
    response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body);
  };
  if (!isLocal(request)) return end(403, 'only pages and clients of this machine are served');
  if (request.headers.origin !== undefined) {
    response.setHeader('access-control-allow-origin', request.headers.origin);
    response.setHeader('access-control-allow-headers', 'content-type, solana-client');
    response.setHeader('vary', 'origin');
  }
  if (request.method === 'OPTIONS') return end(204, '');
  if (request.method === 'GET' && request.url === '/health') return end(200, 'ok');
  if (request.method !== 'POST') return end(405, 'Used HTTP Method is not allowed. POST or OPTIONS is required');
  if (!(request.headers['content-type'] ?? '').startsWith('application/json')) {
    return end(415, 'Supplied content type is not allowed. Content-Type: application/json is required');
  }
  const body = await readBody(request);
  if (body === null) return end(413, `a request body holds at most ${MAX_BODY_BYTES} bytes`);
  const text = await answerBody(chain, body, log);
  end(text === null ? 204 : 200, text ?? '');
}

/** The whole body as text, `null` when it is too large. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // The rest is read and dropped, so that the client gets to see the answer; the time limit bounds it.
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return bytes > MAX_BODY_BYTES ? null : Buffer.concat(chunks).toString('utf8');
}
