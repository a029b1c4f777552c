import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { CasinoError } from '../errors.ts';
import { type ClientCounter, clientOf } from './addresses.ts';
import { takeBetMessages } from './bet-messages.ts';
import { type BetParts, takeBet } from './bet-request.ts';
import { ClientSocket } from './client-socket.ts';
import type { EventFeed } from './feed.ts';
import type { ApiLimits } from './limits.ts';
import type { Server } from './routes/parts.ts';
import { FeedQuery } from './schemas.ts';

interface SocketRoute {
  parts: BetParts;
  feed: EventFeed;
  inFlight: ClientCounter;
  limits: ApiLimits;
  log: FastifyBaseLogger;
  /** Web origins whose pages may connect; any with `*` among them. */
  origins: readonly string[];
}

/** `/ws`: events go out, bets come in. */
export async function registerSocket(server: Server, route: SocketRoute): Promise<void> {
  const { parts, feed, inFlight, limits, log } = route;
  const countRequest = server.createRateLimit();
  const shared = {
    ...{ inFlight, limits, log },
    take: (body: Parameters<typeof takeBet>[1]) => takeBet(parts, body),
    isUnderPressure: () => server.isUnderPressure(),
  };
  await server.register(async (scope) => {
    scope.route<{ Querystring: Static<typeof FeedQuery> }>({
      method: 'GET',
      url: '/ws',
      schema: { querystring: FeedQuery, hide: true },
      onRequest: async ({ headers }) => assertOrigin(headers.origin, route.origins),
      handler: () => {
        throw new CasinoError('NOT_FOUND', 'this route speaks WebSocket alone');
      },
      wsHandler: (raw, request) => {
        const { user, cursor, events } = request.query;
        const client = clientOf(request.ip);
        const socket = new ClientSocket(raw, request.socket, limits);
        if (!feed.admit(socket, client)) return;
        if (events !== 'off') feed.subscribe(socket, { user, cursor });
        takeBetMessages(socket, client, {
          ...shared,
          countRequest: async () => {
            const counted = await countRequest(request as FastifyRequest);
            return !counted.isAllowed && counted.isExceeded ? { waitMs: 1_000 * counted.ttlInSeconds } : undefined;
          },
        });
      },
    });
  });
}

/** A browser asks nobody before it opens a WebSocket: where the setting leaves an origin out, the service has to. */
function assertOrigin(origin: string | undefined, allowed: readonly string[]): void {
  if (origin === undefined || allowed.includes('*') || allowed.includes(origin)) return;
  throw new CasinoError('BAD_REQUEST', 'pages of this origin may not connect here');
}
