import { type Agent, request } from 'node:http';
import { ClientError } from '../client/errors.ts';
import type { HttpTransport } from '../client/transport.ts';

/** Sends requests over an agent's connections, so that their number is known. */
export function agentTransport(agent: Agent): HttpTransport {
  return ({ method, url, body, timeoutMs }) =>
    new Promise((resolve, reject) => {
      const unreachable = (cause: unknown) =>
        reject(new ClientError('API_UNREACHABLE', `${method} ${url}: no answer`, { cause }));
      const headers = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const sent = request(url, { method, agent, headers, timeout: timeoutMs }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', unreachable);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'], text });
        });
      });
      sent.on('timeout', () => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      sent.on('error', unreachable);
      sent.end(body);
    });
}
