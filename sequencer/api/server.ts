import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import { type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import websocket from '@fastify/websocket';
import Fastify, { type FastifyBaseLogger, type FastifyError, type FastifyReply, LogController } from 'fastify';
import { ProtocolError } from '../../protocol/errors.ts';
import { CasinoError, type ErrorCode } from '../errors.ts';
import type { EventFeed } from './feed.ts';
import { type ApiParts, registerRoutes } from './routes.ts';

/** A bet takes some 700 bytes. */
const MAX_BODY_BYTES = 4_096;
const MAX_PATH_PARAMETER_CHARS = 128;
const REQUEST_TIMEOUT_MS = 10_000;
/** A WebSocket client sends nothing but control frames. */
const MAX_SOCKET_MESSAGE_BYTES = 1_024;
/** Seconds after which a client that was told `BUSY` may try again. */
const RETRY_AFTER_SECONDS = '1';

export interface ApiOptions {
  parts: ApiParts;
  feed: EventFeed;
  /** Requests a minute from one address. */
  requestsPerMinute: number;
  log: FastifyBaseLogger;
}

/** The public API, ready to listen. */
export async function createApi(options: ApiOptions) {
  const server = Fastify({
    loggerInstance: options.log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    routerOptions: { maxParamLength: MAX_PATH_PARAMETER_CHARS },
    forceCloseConnections: true,
  })
    .withTypeProvider<TypeBoxTypeProvider>()
    .setValidatorCompiler(TypeBoxValidatorCompiler);
  server.setErrorHandler((error: FastifyError, request, reply) => {
    const known = toCasinoError(error);
    if (known.code === 'INTERNAL') request.log.error({ err: error }, 'request failed');
    sendError(reply, known);
  });
  server.setNotFoundHandler((_, reply) => sendError(reply, new CasinoError('NOT_FOUND', 'no such route')));
  await server.register(helmet);
  await server.register(rateLimit, {
    max: options.requestsPerMinute,
    timeWindow: 60_000,
    errorResponseBuilder: () => new CasinoError('RATE_LIMITED', 'too many requests from this address; slow down'),
  });
  await server.register(websocket, { options: { maxPayload: MAX_SOCKET_MESSAGE_BYTES } });
  await server.register(async (scope) => {
    scope.get<{ Querystring: { user?: string } }>('/ws', { websocket: true }, (socket, request) => {
      options.feed.add(socket, request.query.user);
    });
  });
  registerRoutes(server, options.parts);
  return server;
}

export type ApiServer = Awaited<ReturnType<typeof createApi>>;

function sendError(reply: FastifyReply, error: CasinoError): void {
  if (error.code === 'BUSY' || error.code === 'NOT_LEADING' || error.code === 'RATE_LIMITED') {
    reply.header('retry-after', RETRY_AFTER_SECONDS);
  }
  const { code, message, retry, details } = error;
  reply.status(error.status).send({ error: { code, message, retry, ...details } });
}

/** Codes of the framework's own refusals. */
const FRAMEWORK_CODES: Record<string, ErrorCode> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
};

function toCasinoError(error: FastifyError): CasinoError {
  if (error instanceof CasinoError) return error;
  if (error instanceof ProtocolError) return new CasinoError('BAD_REQUEST', error.message, { cause: error });
  const status = error.statusCode ?? 500;
  if (status >= 500) return new CasinoError('INTERNAL', 'the service failed; the same bytes may be sent again', { cause: error });
  const code = FRAMEWORK_CODES[error.code] ?? 'BAD_REQUEST';
  return new CasinoError(code, error.message, { cause: error });
}
