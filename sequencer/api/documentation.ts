import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { Server } from './routes/parts.ts';

const TAGS = [
  { name: 'bets', description: 'Placing and reading bets' },
  { name: 'vaults', description: 'What a bettor has, and where its chain of bets stands' },
  { name: 'batches', description: 'How bets are settled' },
  { name: 'house', description: 'What bettors play against' },
  { name: 'operation', description: 'Whether the service is well' },
];

/** Describes the routes that are registered later, and serves the description as a page under /docs. */
export async function registerDocument(server: Server): Promise<void> {
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'ZK Casino',
        version: '1',
        description:
          'Bets, receipts, batches and the house. Amounts and other 64-bit numbers are decimal strings; amounts are in base units (lamports). Events come over WebSocket at `/ws`. docs/reference/api.md and errors.md say more.',
      },
      tags: TAGS,
    },
  });
  // Its page loads nothing from elsewhere, and its scripts lie in files: the policy of all answers allows it.
  await server.register(swaggerUi, {
    routePrefix: '/docs',
    logLevel: 'warn',
    uiConfig: { docExpansion: 'list', deepLinking: true, tryItOutEnabled: true, defaultModelsExpandDepth: -1 },
    theme: { title: 'ZK Casino API' },
  });
}

/** What the bare address answers, so that who comes there finds the rest. */
const FRONT_DOOR = {
  service: 'ZK Casino',
  docs: '/docs',
  openapi: '/openapi.json',
  errors: '/v1/errors',
  house: '/v1/house',
  health: '/health',
  events: '/ws',
};

export function registerFrontDoor(server: Server): void {
  server.get('/', { schema: { hide: true } }, () => FRONT_DOOR);
  server.get('/openapi.json', { schema: { hide: true } }, () => server.swagger());
}
