import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply } from 'fastify';
import { ProtocolError } from '../../protocol/errors.ts';
import { CasinoError, type ErrorCode } from '../errors.ts';

/** Seconds after which a client may try again, where nothing better is known. */
const RETRY_AFTER_SECONDS = 1;
const WAITING = new Set<ErrorCode>(['BUSY', 'NOT_LEADING', 'RATE_LIMITED']);

export const errorJson = ({ code, message, retry, details }: CasinoError) => ({ error: { code, message, retry, ...details } });

/** How long who got this error should wait, if it is one that waiting helps. */
export const retryAfterMs = ({ code }: CasinoError): number | undefined =>
  WAITING.has(code) ? 1_000 * RETRY_AFTER_SECONDS : undefined;

/** Answers a request with a coded error. */
export function sendError(reply: FastifyReply, error: CasinoError): FastifyReply {
  if (WAITING.has(error.code) && !reply.hasHeader('retry-after')) reply.header('retry-after', String(RETRY_AFTER_SECONDS));
  return reply.status(error.status).send(errorJson(error));
}

/** Codes of the framework's own refusals. */
const FRAMEWORK_CODES: Record<string, ErrorCode> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
};

/** The coded error for whatever was thrown while a request was handled. */
export function toCasinoError(error: FastifyError): CasinoError {
  if (error instanceof CasinoError) return error;
  if (error instanceof ProtocolError) return new CasinoError('BAD_REQUEST', error.message, { cause: error });
  const status = error.statusCode ?? 500;
  if (status >= 500) return new CasinoError('INTERNAL', 'the service failed; the same bytes may be sent again', { cause: error });
  const code = FRAMEWORK_CODES[error.code] ?? 'BAD_REQUEST';
  return new CasinoError(code, error.message, { cause: error });
}

/** Answers on a connection that has no request: what arrived is not HTTP, or too slow, or one connection too many. */
export function refuseConnection(socket: Socket, error: CasinoError): void {
  if (!socket.writable) return void socket.destroy();
  const body = JSON.stringify(errorJson(error));
  const retry = WAITING.has(error.code) ? `retry-after: ${RETRY_AFTER_SECONDS}\r\n` : '';
  const head = `HTTP/1.1 ${error.status} ${error.code}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\naccess-control-allow-origin: *`;
  // Destroyed once it is written or can not be: a client that does not read must not keep it.
  socket.end(`${head}\r\n${retry}connection: close\r\n\r\n${body}`, () => socket.destroy());
  socket.on('error', () => socket.destroy());
}

/** The coded error for what Node's HTTP parser refused. */
export function parserRefusal(error: Error & { code?: string }): CasinoError {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return new CasinoError('HEADERS_TOO_LARGE', 'the headers are larger than this service reads');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new CasinoError('REQUEST_TIMEOUT', 'the request did not arrive in time');
    default:
      return new CasinoError('BAD_REQUEST', 'this is not HTTP as this service reads it');
  }
}
