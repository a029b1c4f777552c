import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import { type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import underPressure from '@fastify/under-pressure';
import websocket from '@fastify/websocket';
import Fastify, { type FastifyBaseLogger, type FastifyError, LogController } from 'fastify';
import { CasinoError } from '../errors.ts';
import { clientOf } from './addresses.ts';
import { registerDocument, registerFrontDoor } from './documentation.ts';
import type { EventFeed } from './feed.ts';
import { corsOptions, HEADERS } from './headers.ts';
import { API_LIMITS, type ApiLimits } from './limits.ts';
import { limitConnections, requestLimiter } from './overload.ts';
import { parserRefusal, refuseConnection, sendError, toCasinoError } from './refusals.ts';
import type { ApiParts } from './routes/parts.ts';
import { registerRoutes } from './routes.ts';
import { FeedQuery } from './schemas.ts';

const MAX_PATH_PARAMETER_CHARS = 128;

export interface ApiOptions {
  parts: ApiParts;
  feed: EventFeed;
  /** Requests a minute from one address. */
  requestsPerMinute: number;
  /** Origins whose pages may ask; `*`: all. */
  corsOrigins: readonly string[];
  log: FastifyBaseLogger;
  limits?: Partial<ApiLimits>;
}

/** The public API, ready to listen. */
export async function createApi(options: ApiOptions) {
  const limits = { ...API_LIMITS, ...options.limits };
  const server = makeServer(options.log, limits);
  server.setErrorHandler((error: FastifyError, request, reply) => {
    const known = toCasinoError(error);
    if (known.code === 'INTERNAL') request.log.error({ err: error }, 'request failed');
    return sendError(reply, known);
  });
  server.setNotFoundHandler((_, reply) => sendError(reply, new CasinoError('NOT_FOUND', 'no such route')));
  limitConnections(server.server, limits);
  await server.register(cors, corsOptions(options.corsOrigins));
  await server.register(helmet, HEADERS);
  await server.register(websocket, { options: { maxPayload: limits.socketMessageBytes } });
  await server.register(underPressure, {
    maxEventLoopDelay: limits.eventLoopDelayMs,
    pressureHandler: (request) => {
      if (request.routeOptions.url?.startsWith('/health')) return;
      throw new CasinoError('BUSY', 'the service is overloaded; send the same bytes again later');
    },
  });
  await server.register(rateLimit, {
    max: options.requestsPerMinute,
    timeWindow: 60_000,
    keyGenerator: (request) => clientOf(request.ip),
    errorResponseBuilder: () => new CasinoError('RATE_LIMITED', 'too many requests from this address; slow down'),
  });
  server.addHook('onRequest', requestLimiter(limits));
  await registerDocument(server);
  await server.register(async (scope) => {
    scope.route<{ Querystring: { user?: string } }>({
      method: 'GET',
      url: '/ws',
      schema: { querystring: FeedQuery, hide: true },
      handler: () => {
        throw new CasinoError('NOT_FOUND', 'this route speaks WebSocket alone');
      },
      wsHandler: (socket, request) => options.feed.add(socket, { user: request.query.user, client: clientOf(request.ip) }),
    });
  });
  registerRoutes(server, options.parts);
  registerFrontDoor(server);
  return server;
}

export type ApiServer = Awaited<ReturnType<typeof createApi>>;

function makeServer(log: FastifyBaseLogger, limits: ApiLimits) {
  return Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestMs,
    connectionTimeout: limits.stalledMs,
    keepAliveTimeout: limits.keepAliveMs,
    http: { headersTimeout: limits.headersMs, connectionsCheckingInterval: limits.checkMs, maxHeaderSize: limits.headerBytes },
    routerOptions: { maxParamLength: MAX_PATH_PARAMETER_CHARS },
    forceCloseConnections: true,
    frameworkErrors: (error, _, reply) => sendError(reply, toCasinoError(error)),
    clientErrorHandler: (error, socket) => {
      refuseConnection(socket, parserRefusal(error));
    },
  })
    .withTypeProvider<TypeBoxTypeProvider>()
    .setValidatorCompiler(TypeBoxValidatorCompiler);
}
